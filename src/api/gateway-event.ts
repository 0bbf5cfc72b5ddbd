// API Gateway's proxy events (REST API, payload 1.0) as Requests, and Responses as what the gateway
// takes. Pure.
import { findPathFault } from "./request-head.ts";

/**
 * What is read of an event: AWS, "Set up Lambda proxy integrations in API Gateway", input format.
 * Parameters and paths come decoded, and what there is none of is null.
 */
export interface GatewayEvent {
  readonly httpMethod: string;
  /**
   * As the API has it: `/healthz`, or `/{proxy+}`. Unlike `path` it is the same behind every domain
   * name and base path.
   */
  readonly resource: string;
  readonly pathParameters: Readonly<Record<string, string>> | null;
  readonly multiValueQueryStringParameters: Readonly<Record<string, readonly string[]>> | null;
  readonly multiValueHeaders: Readonly<Record<string, readonly string[]>> | null;
  readonly body: string | null;
  readonly isBase64Encoded: boolean;
  readonly requestContext: {
    readonly requestId: string;
    /** As it was asked for: with the stage, or the base path of a domain name, in front. */
    readonly path?: string;
    readonly domainName?: string;
    /** What the Lambda authorizer says of the caller; without one it is not there. */
    readonly authorizer?: { readonly identity?: unknown } | null;
    readonly identity: {
      /** The key that the gateway has accepted; null where the method needs none. */
      readonly apiKeyId?: string | null;
      /** Whose signature the gateway has accepted (AWS_IAM); null where the method needs none. */
      readonly userArn?: string | null;
      /** The caller's address; of a private API the one within the VPC. */
      readonly sourceIp?: string | null;
      /** The VPC endpoint through which a private API was asked. */
      readonly vpceId?: string | null;
    };
  };
}

/** What goes before the body. */
export interface GatewayHead {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** A whole answer (same page, output format). */
export interface GatewayAnswer extends GatewayHead {
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/**
 * Paths that stand beside the version on a server, and below the stage, which is the version, on
 * API Gateway.
 */
const UNVERSIONED: readonly string[] = ["/", "/docs", "/healthz", "/openapi.json", "/readyz"];

/**
 * Below this the page lies on API Gateway, with the API as it asks for it: beside the paths of the
 * API it would take their names for its views.
 */
const PAGE_PATH = "/page";

/** What the gateway has checked, or sets itself. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "x-api-key",
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
]);

/** The id of the key that the gateway has accepted. */
function readKeyId({ requestContext }: GatewayEvent): string | undefined {
  return requestContext.identity.apiKeyId ?? undefined;
}

/** @throws TypeError if it is no event of a REST API, such as a HTTP API's or a queue's */
export function checkEvent(event: GatewayEvent): void {
  if (
    typeof event?.resource !== "string" ||
    typeof event.httpMethod !== "string" ||
    typeof event.requestContext?.identity !== "object" ||
    event.requestContext.identity === null
  ) {
    throw new TypeError(
      "this function answers events of API Gateway's REST APIs (Lambda proxy " +
        "integration, payload 1.0), and this is none",
    );
  }
}

/**
 * Makes the request. In the place of the API key, which the gateway has checked, stands the key's
 * id: whatever else an event from outside says of keys does not count.
 *
 * @param readCaller who asks, by the gateway's word, where it is not the key that says so
 * @throws TypeError if it is no such event
 */
export function readRequest(event: GatewayEvent, readCaller = readKeyId): Request {
  checkEvent(event);
  const { httpMethod: method, requestContext, body, isBase64Encoded } = event;
  const url = `https://${requestContext.domainName ?? "localhost"}${readPath(event)}${readQuery(event)}`;
  const headers = new Headers();
  for (const [name, values] of Object.entries(event.multiValueHeaders ?? {})) {
    if (!OWN_HEADERS.has(name.toLowerCase())) for (const value of values) headers.append(name, value);
  }
  const caller = readCaller(event);
  if (caller) headers.set("x-api-key", caller);
  const hasBody = body !== null && method !== "GET" && method !== "HEAD";
  return new Request(url, {
    method,
    headers,
    ...(hasBody && { body: Buffer.from(body, isBase64Encoded ? "base64" : "utf8") }),
  });
}

/**
 * Tells whether an event's path could be read in two ways. The gateway decodes paths, so an encoded
 * slash cannot be told from a slash; dot segments can, and would lead to another route than the one
 * that the gateway's rules were asked about.
 *
 * @returns what is wrong, for people
 */
export function findEventFault(event: GatewayEvent): string | undefined {
  for (const value of Object.values(event?.pathParameters ?? {})) {
    if (!isWellFormed(value)) return "the path holds what is no UTF-8";
    const fault = findPathFault(`/${value.split("/").map(encodeURIComponent).join("/")}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/**
 * Half a surrogate pair cannot be encoded. Node 20 has String's own; TypeScript's library of our
 * target does not.
 */
function isWellFormed(text: string): boolean {
  return !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text);
}

/** @returns the path below the stage */
function readOwnPath({ resource, pathParameters }: GatewayEvent): string {
  return resource.replace(/\{(\w+)\+?\}/g, (_, name: string) => {
    const value = pathParameters?.[name] ?? "";
    return value.split("/").map(encodeURIComponent).join("/");
  });
}

function readPath(event: GatewayEvent): string {
  const path = readOwnPath(event);
  if (isOfPage(path)) return path.slice(PAGE_PATH.length) || "/";
  return UNVERSIONED.includes(path) ? path : `/v1${path}`;
}

function isOfPage(path: string): boolean {
  return path === PAGE_PATH || path.startsWith(`${PAGE_PATH}/`);
}

/**
 * Where the page lies, from the top of the host: `/v1/page/`. Which prefix there is depends on the
 * name that was asked, and a slash at the end may have been lost, so that nothing relative leads
 * there.
 *
 * @returns undefined where the event does not say by which path it came
 */
export function findPageRoot(event: GatewayEvent): string | undefined {
  const asked = event.requestContext.path?.replace(/\/+$/, "");
  if (asked === undefined) return undefined;
  const own = readOwnPath(event).replace(/\/+$/, "");
  const depth = own.split("/").length - 1;
  const prefix = asked
    .split("/")
    .slice(0, asked.split("/").length - depth)
    .join("/");
  return /^(?:\/[\w.~-]+)*$/.test(prefix) ? `${prefix}${PAGE_PATH}/` : undefined;
}

/** Whether the top of the API was asked for, which leads to the page. */
export function isTop({ resource }: GatewayEvent): boolean {
  return resource === "/";
}

function readQuery({ multiValueQueryStringParameters }: GatewayEvent): string {
  const pairs = Object.entries(multiValueQueryStringParameters ?? {}).flatMap(([name, values]) =>
    values.map((value): [string, string] => [name, value]),
  );
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs)}`;
}

/** The head of an answer. How long the body is, the gateway counts itself. */
export function describeHead(response: Response): GatewayHead {
  const headers = Object.fromEntries([...response.headers].filter(([name]) => !OWN_HEADERS.has(name)));
  return { statusCode: response.status, headers };
}

/**
 * A whole answer. Always base64: as text, every quotation mark in it would take two bytes of the 6
 * MB that an answer may have.
 */
export function describeAnswer(response: Response, body: Buffer): GatewayAnswer {
  return { ...describeHead(response), body: body.toString("base64"), isBase64Encoded: true };
}
