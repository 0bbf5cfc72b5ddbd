// Why a request failed, in words of our own: the runtimes say it each in another way, and some of
// it helps nobody. Pure.
import type { HttpProxy } from "./proxy.ts";

/**
 * The parts of the way to whoever is asked, in order. `proxy`: it cannot be reached, or opens no
 * way. `http`: all is open, and what came back is none of an answer, or nothing.
 */
export type Hop = "dns" | "tcp" | "proxy" | "tls" | "http";

/** A request failed before there was an answer. The message says why, and not of whom. */
export class NetworkFailure extends Error {
  override name = "NetworkFailure";
  /** Waiting mends nothing: a certificate that is not trusted, a variable that names no proxy. */
  readonly isFinal: boolean;
  /** The system's or the runtime's word for it, such as ECONNREFUSED; "" if there is none. */
  readonly code: string;
  /** On which part of the way; undefined where it was on none, or that is not known. */
  readonly hop: Hop | undefined;

  constructor(message: string, { isFinal = false, code = "", hop, cause }: NetworkFailureOptions = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.hop = hop;
    this.isFinal = isFinal;
    this.code = code;
  }
}

interface NetworkFailureOptions extends ErrorOptions {
  readonly isFinal?: boolean;
  readonly code?: string;
  readonly hop?: Hop | undefined;
}

export interface FailureContext {
  /** Whose name the certificate should have. */
  readonly host?: string;
  readonly proxy?: HttpProxy | undefined;
  /** What to set where a CA is not known. */
  readonly caAdvice?: string;
}

export const CA_ADVICE = "name the CA's file in SSL_CERT_FILE or NODE_EXTRA_CA_CERTS";

/** Codes of OpenSSL's and BoringSSL's verification (X509_V_ERR_…), as both runtimes give them. */
const UNKNOWN_CA: ReadonlySet<string> = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_UNTRUSTED",
  "CERT_CHAIN_TOO_LONG",
  "INVALID_CA",
]);
const OTHER_CERTIFICATE =
  /^(?:CERT_|UNABLE_TO_|ERROR_IN_CERT_|CRL_|HOSTNAME_MISMATCH|PATH_LENGTH_EXCEEDED|INVALID_PURPOSE)/;

/** The connection ended in the middle: by the other side, or by something between. */
const CLOSED: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "EPIPE",
  "ECONNABORTED",
  "UND_ERR_SOCKET",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ConnectionClosed",
]);

const WORDS: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "the connection is refused"],
  ["EHOSTUNREACH", "there is no way to it from here"],
  ["ENETUNREACH", "there is no way to it from here"],
  ["EADDRNOTAVAIL", "there is no way to it from here"],
  ["ETIMEDOUT", "there is no connection in time"],
  ["UND_ERR_CONNECT_TIMEOUT", "there is no connection in time"],
  ["UND_ERR_HEADERS_TIMEOUT", "there is no answer in time"],
  ["UND_ERR_BODY_TIMEOUT", "the answer stopped in the middle"],
  ["ENOTFOUND", "its name is not known to DNS"],
  ["EAI_AGAIN", "DNS does not answer for its name"],
  ["EAI_FAIL", "DNS does not answer for its name"],
]);

/**
 * Turns what a runtime or a library threw into a failure in words. One that is in words already
 * stays as it is.
 */
export function toFailure(error: unknown, context: FailureContext = {}): NetworkFailure {
  const chain = unfold(error);
  if (chain[0]?.name === "TimeoutError")
    return new NetworkFailure("there is no answer in time", { cause: error });
  const known = chain.find((one) => one instanceof NetworkFailure);
  if (known instanceof NetworkFailure) return known;
  const code = chain.map((one) => codeOf(one)).find((one) => one !== "") ?? "";
  const words = readWords(chain);
  const refusal =
    context.proxy && words.proxyStatus !== undefined
      ? describeProxyStatus(words.proxyStatus, context.proxy)
      : undefined;
  if (refusal !== undefined)
    return new NetworkFailure(refusal.words, { ...refusal, code, hop: "proxy", cause: error });
  const certificate = describeCertificate(code, context);
  if (certificate !== undefined)
    return new NetworkFailure(certificate, { isFinal: true, code, hop: "tls", cause: error });
  const hop = findHop(code, words, context);
  return new NetworkFailure(describeConnection(code, words, context), { code, hop, cause: error });
}

/**
 * Where a proxy stands between, its name and its connection are the only ones that are seen here.
 */
function findHop(code: string, words: Words, { proxy }: FailureContext): Hop {
  if (words.isBeforeTls || isNoTls(code)) return "tls";
  if (/^(?:ENOTFOUND|EAI_\w+)$/.test(code)) return proxy ? "proxy" : "dns";
  if (NO_CONNECTION.has(code)) return proxy ? "proxy" : "tcp";
  return "http";
}

const NO_CONNECTION: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** The error and what caused it; of several addresses that were tried, the first's. */
function unfold(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let one: unknown = error; one instanceof Error && chain.length < 8; ) {
    chain.push(one);
    one = one instanceof AggregateError && one.errors.length > 0 ? one.errors[0] : one.cause;
  }
  return chain;
}

function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return code;
  return error.name === "HTTPParserError" ? "HPE_INVALID" : "";
}

/** What the runtimes tell in words alone. */
interface Words {
  /** What a proxy answered when it should have opened a tunnel. */
  readonly proxyStatus: number | undefined;
  /** The connection ended in the middle. Both give a code for that most often. */
  readonly isClosed: boolean;
  /** Node, node:tls: it ended while TLS was set up. The code is that of any end. */
  readonly isBeforeTls: boolean;
  /** WHATWG fetch, "bad port": one of another protocol, which no request goes to. */
  readonly isBadPort: boolean;
  /** The last cause; undefined where it says nothing. */
  readonly last: string | undefined;
}

/**
 * Reads the words of undici (7.30, and the 6 that Node 20 has in it) and of Bun (1.3), where they
 * give no code; failure.test.ts has undici say them.
 */
function readWords(chain: readonly Error[]): Words {
  const text = chain.map(({ message }) => message).join(" ");
  const status =
    /Proxy response \((\d{3})\)|Proxy refused to open a tunnel: (\d{3})|Proxy Authentication Required \((407)\)/.exec(
      text,
    );
  const last = chain.at(-1)?.message.replace(/\s+/g, " ").trim() ?? "no reason is known";
  return {
    proxyStatus: status ? Number(status[1] ?? status[2] ?? status[3]) : undefined,
    isClosed: /other side closed|socket hang up|\bterminated\b|closed unexpectedly/.test(text),
    isBeforeTls: /before secure TLS connection was established/.test(text),
    isBadPort: /\bbad port\b/.test(text),
    last: last === "" || /fetch failed|verbose: ?true/i.test(last) ? undefined : last,
  };
}

/** What a proxy says itself, in the place of who was asked. */
export function describeProxyStatus(status: number, proxy: HttpProxy): { words: string; isFinal: boolean } {
  const { variable, origin, authorization } = proxy;
  if (status !== 407)
    return {
      words: `the proxy ${origin} (${variable}) answered ${status} and opened no way`,
      isFinal: false,
    };
  const what =
    authorization === undefined ? "wants a user and password" : "does not accept the user and password";
  return {
    words: `the proxy ${origin} (${variable}) ${what}; write them as http://USER:PASSWORD@HOST:PORT`,
    isFinal: true,
  };
}

function describeCertificate(
  code: string,
  { host = "this host", caAdvice = CA_ADVICE }: FailureContext,
): string | undefined {
  if (UNKNOWN_CA.has(code)) return `its certificate is from a CA not known here; ${caAdvice} (${code})`;
  if (code === "DEPTH_ZERO_SELF_SIGNED_CERT")
    return (
      "its certificate is signed by itself and not known here; " +
      `${caAdvice.replace("the CA's", "its")} (${code})`
    );
  if (code === "CERT_HAS_EXPIRED")
    return `its certificate has expired, or this machine's clock is ahead (${code})`;
  if (code === "CERT_NOT_YET_VALID")
    return `its certificate is not valid yet, or this machine's clock is behind (${code})`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "HOSTNAME_MISMATCH")
    return `its certificate is for another name than ${host}; write the name that it is for (${code})`;
  return OTHER_CERTIFICATE.test(code) ? `its certificate is not accepted (${code})` : undefined;
}

function describeConnection(code: string, words: Words, { proxy }: FailureContext): string {
  // undici says of every body that it did not get whole that it was terminated.
  const isClosed = CLOSED.has(code) || (words.isClosed && code !== "UND_ERR_BODY_TIMEOUT");
  const known = isClosed
    ? "the connection was closed in the middle"
    : (WORDS.get(code) ?? (isNoTls(code) ? "it does not speak TLS there; is it http:// ?" : undefined));
  const who = proxy === undefined ? "" : `through the proxy ${proxy.origin} (${proxy.variable}): `;
  const coded = code === "" || code.startsWith("UND_") ? "" : ` (${code})`;
  if (known !== undefined) return `${who}${known}${coded}`;
  if (words.isBadPort)
    return `${who}its port is one of another protocol, which fetch asks nothing of; choose another`;
  if (code.startsWith("HPE_")) return `${who}it does not speak HTTP there`;
  const { last = "" } = words;
  const said = last === "" ? "the request failed" : last.slice(0, 300);
  return `${who}${said}${last.includes(code) ? "" : coded}`;
}

function isNoTls(code: string): boolean {
  return (
    code === "EPROTO" || code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG"
  );
}
