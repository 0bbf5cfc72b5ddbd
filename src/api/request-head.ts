// What is refused of a request by its head alone, before anything is asked: paths with two
// readings, odd Hosts, bodies where none belong. Pure.
import { ApiError } from "./problem-details.ts";

/** The longest Host: a name has 253 characters (RFC 1035, section 2.3.4), and a port follows. */
const MAX_HOST_LENGTH = 260;

/**
 * A name, an IPv4 address, or an IPv6 address in brackets; and a port (RFC 9110, section 7.2),
 * which may have no digits (RFC 3986, section 3.2.3). No user, no path.
 */
const HOST = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9._])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;

/**
 * A name whose last label is a number. No name of DNS is such (RFC 1123, section 2.1), and to a URL
 * (WHATWG, "ends in a number") it is a broken IPv4 address.
 */
const NUMBERED = /^(?:[^:[]*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?(?::[0-9]*)?$/i;

/** The scheme of a whole URL: schemes have no case (RFC 3986, section 3.1). */
const SCHEME = /^https?:\/\//i;

/** A path that has one reading, whoever reads it: nearly all that there are. */
const PLAIN_PATH = /^(?:\/[\w~:@!$&'()*+,;=-][\w~:@!$&'()*+,;=.-]*)*\/?$/;

/** Methods whose requests have no body here (RFC 9110, sections 9.3.1, 9.3.2, 9.3.5, 9.3.7). */
const BODILESS: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS"]);

/** The head of a request, as node:http gives it. */
export interface RequestHead {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
}

let lastHost: string | undefined;

/** @returns why the request is refused; undefined if it is not */
export function findHeadFault(head: RequestHead): ApiError | undefined {
  const { method = "", headers, url = "" } = head;
  // Each costs next to nothing where nothing is wrong: answers that are repeated take microseconds.
  if (BODILESS.has(method) && hasBody(headers))
    return new ApiError("bad_request", `${method} takes no body here`);
  const fault = (isServerAsked(head) ? undefined : findTargetFault(url)) ?? findHostFault(head);
  return fault === undefined ? undefined : new ApiError("bad_request", fault);
}

/** Tells whether a body follows (RFC 9112, section 6.3). */
export function hasBody(headers: RequestHead["headers"]): boolean {
  if (headers["transfer-encoding"] !== undefined) return true;
  const length = headers["content-length"];
  return length !== undefined && length !== "0";
}

/**
 * Whether the server in general is asked, and no path of it: `OPTIONS *` (RFC 9110, section 9.3.7).
 */
export function isServerAsked({ method, url }: Pick<RequestHead, "method" | "url">): boolean {
  return url === "*" && method === "OPTIONS";
}

/**
 * What is legal and rare is put as everybody puts it, since what follows reads that alone: a scheme
 * in capitals, a colon without a port.
 */
export function simplifyHead(head: {
  url?: string | undefined;
  readonly headers: { host?: string | undefined };
}): void {
  const { url = "", headers } = head;
  if (!url.startsWith("/")) head.url = url.replace(SCHEME, (scheme) => scheme.toLowerCase());
  if (headers.host?.endsWith(":")) headers.host = headers.host.slice(0, -1);
}

/** A target is a path with a query, or a whole URL (RFC 9112, section 3.2). */
function findTargetFault(target: string): string | undefined {
  if (target.includes("#")) return "the URL holds a fragment (#)";
  const [whole = "", host] = target.startsWith("/") ? [] : (/^https?:\/\/([^/?]*)/i.exec(target) ?? []);
  if (host !== undefined && !isHost(host)) return `the URL's host ${describeHostFault(host)}`;
  const own = target.slice(whole.length);
  const query = own.indexOf("?");
  return findPathFault(query === -1 ? own : own.slice(0, query));
}

/**
 * Tells whether a path could be read in two ways: one route by us and another by a proxy in front
 * of us, which may let one pass and not the other. Dot segments, encoded separators and what is no
 * UTF-8 name nothing here.
 *
 * @param path as it was sent, without the query
 * @returns what is wrong, for people
 */
export function findPathFault(path: string): string | undefined {
  if (PLAIN_PATH.test(path)) return undefined;
  if (path !== "" && !path.startsWith("/")) return "the request's target is no path";
  const decoded = decode(path);
  if (decoded === undefined) return "the path holds a % that begins no UTF-8 character";
  // Further separators, once decoded, that the path as it was sent has not.
  if (/[\\\p{Cc}]/u.test(decoded) || count(decoded) !== count(path))
    return "the path holds an encoded slash, a backslash or a control character";
  if (decoded.split("/").some((segment) => segment === "." || segment === ".."))
    return "the path holds . or .. as a segment";
  return undefined;
}

function count(path: string): number {
  return path.split("/").length;
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/**
 * HTTP/1.0 knows no Host; 1.1 has one (RFC 9112, section 3.2), and a second could be the one that a
 * proxy went by.
 */
function findHostFault({ headers, httpVersion, rawHeaders }: RequestHead): string | undefined {
  if (countHosts(rawHeaders) > 1) return "the request has more than one Host";
  const { host } = headers;
  if (host === undefined || host === "")
    return httpVersion === "1.0" ? undefined : "the request has no Host, which HTTP/1.1 needs";
  if (host === lastHost) return undefined;
  if (typeof host !== "string" || !isHost(host)) return `the request's Host ${describeHostFault(host ?? "")}`;
  lastHost = host;
  return undefined;
}

/** Whether a text is a name or an address, with or without a port, that a URL can hold. */
export function isHost(text: string): boolean {
  return text.length <= MAX_HOST_LENGTH && HOST.test(text) && URL.canParse(`http://${text}/`);
}

function describeHostFault(host: string | readonly string[]): string {
  return typeof host === "string" && HOST.test(host) && NUMBERED.test(host)
    ? "ends in a number and is no IPv4 address, so no URL can hold it; give the server " +
        "a name that ends in letters"
    : "is no name or address with a port";
}

function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === "host") hosts++;
  }
  return hosts;
}
