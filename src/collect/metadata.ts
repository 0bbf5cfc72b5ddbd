// Asks the EC2 instance metadata service (IMDS). It is on the network, so it may be slow, absent,
// or lie. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html

import { readBounded } from "../network/bounded-read.ts";
import { toFailure } from "../network/failure.ts";
import { parseJson } from "../report/parse-json.ts";
import type { Origin, Unread } from "./collected.ts";
import { checkValue } from "./value.ts";

/** The address of the service on every EC2 instance. */
export const METADATA_ENDPOINT = "http://169.254.169.254";
/** The form of an instance id: 17 hex digits, or 8 on instances from before 2016. */
export const INSTANCE_ID = /^i-[0-9a-f]{8,17}$/;

const MAX_METADATA_BYTES = 16 * 1024;
const TOKEN_TTL_SECONDS = 60;
const ATTEMPTS = 2;

/** How the service is reached. */
export interface MetadataSource {
  /** Like http://169.254.169.254. */
  readonly endpoint: string;
  /** The user named the endpoint, and so says that there is one. */
  readonly isGiven: boolean;
  readonly fetch: typeof fetch;
  /**
   * For each attempt; each request has two. So the service as a whole may take four times as long.
   */
  readonly timeoutMs: number;
}

/**
 * What the service said, each value checked. What it did not say is absent; where that is a
 * failure, it is in `unread`.
 */
export interface MetadataFacts {
  readonly instanceId?: string;
  readonly instanceType?: string;
  /** `ondemand`, `spot`, or as the service says. */
  readonly lifeCycle?: string;
  /** The tag Name; absent, and no failure, unless the instance shows its tags in its metadata. */
  readonly nameTag?: string;
  readonly origin: Origin;
  readonly unread: readonly Unread[];
}

/** What the service said, or why it said nothing. */
export type Answer = { readonly status: number; readonly body: string } | { readonly failure: string };

/**
 * Reads what the service knows of this instance, by IMDSv2.
 *
 * @param allowV1 where the service knows no tokens (403, 404 or 405), ask without one
 * @returns the facts, or in one sentence why there are none
 */
export async function readMetadata(
  source: MetadataSource,
  allowV1: boolean,
  signal: AbortSignal,
): Promise<MetadataFacts | { readonly failure: string }> {
  const token = await readToken(source, allowV1, signal);
  if ("failure" in token) return token;
  const get = (path: string) => ask(source, "GET", path, token.headers, signal);
  const [id, type, lifeCycle, name, identity] = await Promise.all([
    get("meta-data/instance-id"),
    get("meta-data/instance-type"),
    get("meta-data/instance-life-cycle"),
    get("meta-data/tags/instance/Name"),
    get("dynamic/instance-identity/document"),
  ]);
  const unread: Unread[] = [];
  const read = (
    what: string,
    answer: Answer,
    parse: (body: string) => string | undefined,
  ): string | undefined => {
    const value = "status" in answer && answer.status === 200 ? parse(answer.body) : undefined;
    if (value === undefined) unread.push({ what, reason: explainAnswer(answer) });
    return value;
  };
  const hasNoTag = "status" in name && name.status === 404;
  const facts = {
    instanceId: read("instance_id", id, (body) => matchOrNothing(body, INSTANCE_ID)),
    instanceType: read("instance_type", type, (body) =>
      matchOrNothing(body, /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/),
    ),
    lifeCycle: read("instance_life_cycle", lifeCycle, parseLifeCycle),
    nameTag: hasNoTag ? undefined : read("instance_name", name, parseName),
  };
  const origin = "status" in identity && identity.status === 200 ? parseIdentity(identity.body) : undefined;
  if (origin === undefined) unread.push({ what: "account and region", reason: explainAnswer(identity) });
  return { ...dropUndefined(facts), origin: origin ?? {}, unread };
}

/**
 * The identity document and EC2's signature over it; undefined where the service does not give
 * both.
 */
export async function readIdentityDocument(
  source: MetadataSource,
  signal: AbortSignal,
): Promise<{ readonly document: string; readonly signature: string } | undefined> {
  const token = await readToken(source, true, signal);
  if ("failure" in token) return undefined;
  const [document, signature] = await Promise.all(
    ["document", "signature"].map((name) =>
      ask(source, "GET", `dynamic/instance-identity/${name}`, token.headers, signal),
    ),
  );
  const isGiven = (answer: Answer | undefined) =>
    answer !== undefined && "status" in answer && answer.status === 200;
  if (!isGiven(document) || !isGiven(signature)) return undefined;
  const bodyOf = (answer: Answer | undefined) =>
    answer !== undefined && "body" in answer ? answer.body : "";
  return { document: bodyOf(document), signature: bodyOf(signature) };
}

/** Account and region from the instance identity document; undefined if it is no such document. */
export function parseIdentity(body: string): Origin | undefined {
  const document = parseJson(body);
  if (typeof document !== "object" || document === null) return undefined;
  const account = "accountId" in document && typeof document.accountId === "string" ? document.accountId : "";
  const region = "region" in document && typeof document.region === "string" ? document.region : "";
  if (!/^\d{12}$/.test(account) || !/^[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}$/.test(region)) return undefined;
  return { account, region };
}

/**
 * Gets the header that each question needs; failing that, says why in one sentence. It is good for
 * TOKEN_TTL_SECONDS.
 */
export async function readToken(
  source: MetadataSource,
  allowV1: boolean,
  signal: AbortSignal,
): Promise<{ readonly headers: Readonly<Record<string, string>> } | { readonly failure: string }> {
  const ttl = { "X-aws-ec2-metadata-token-ttl-seconds": String(TOKEN_TTL_SECONDS) };
  const answer = await ask(source, "PUT", "api/token", ttl, signal);
  if ("failure" in answer) return { failure: explainAnswer(answer) };
  // Visible ASCII only: anything else has no place in a header.
  if (answer.status === 200 && /^[\x21-\x7e]{1,1024}$/.test(answer.body)) {
    return { headers: { "X-aws-ec2-metadata-token": answer.body } };
  }
  const knowsNoToken = [403, 404, 405].includes(answer.status);
  if (knowsNoToken && allowV1) return { headers: {} };
  const hint = knowsNoToken
    ? " to a request for an IMDSv2 token (metadata_v1: true would ask without one)"
    : "";
  return { failure: `${explainAnswer(answer)}${hint}` };
}

/** Asks one question, and once more where the service did not answer or had a fault of its own. */
export async function ask(
  source: MetadataSource,
  method: "GET" | "PUT",
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer> {
  let answer: Answer = { failure: "was not asked" };
  for (let attempt = 0; attempt < ATTEMPTS && !signal.aborted; attempt++) {
    answer = await askOnce(source, method, path, headers, signal);
    if ("status" in answer && answer.status < 500) break;
  }
  return answer;
}

async function askOnce(
  source: MetadataSource,
  method: "GET" | "PUT",
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const response = await source.fetch(`${source.endpoint.replace(/\/+$/, "")}/latest/${path}`, {
      method,
      headers,
      // The service redirects nobody; whoever does is not the service.
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(source.timeoutMs)]),
    });
    const body = (await readBounded(response.body, MAX_METADATA_BYTES))?.toString("utf8");
    return body === undefined
      ? { failure: `gave more than ${MAX_METADATA_BYTES} bytes` }
      : { status: response.status, body };
  } catch (error) {
    return { failure: explainFetchError(error, source.timeoutMs) };
  }
}

function explainFetchError(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) throw error;
  if (error.name === "TimeoutError") return `did not answer within ${timeoutMs} ms`;
  if (error.name === "AbortError") return "was not waited for: the time of the whole run is over";
  const { code, message } = toFailure(error);
  return `could not be reached: ${code || message}`;
}

function explainAnswer(answer: Answer): string {
  if ("failure" in answer) return `the metadata service ${answer.failure}`;
  if (answer.status === 200) return "the metadata service gave a value that cannot be one";
  return `the metadata service answered ${answer.status}`;
}

function matchOrNothing(body: string, pattern: RegExp): string | undefined {
  const value = body.trim();
  return pattern.test(value) ? value : undefined;
}

/** The service says `on-demand`; reports in the field say `ondemand`. */
function parseLifeCycle(body: string): string | undefined {
  const value = matchOrNothing(body, /^[a-z][a-z-]{0,63}$/);
  return value === "on-demand" ? "ondemand" : value;
}

/** A tag's value has up to 256 characters, of nearly any kind. */
function parseName(body: string): string | undefined {
  const name = body.trim();
  if (name === "" || name.length > 512 || /\p{Cc}/u.test(name)) return undefined;
  return "value" in checkValue(name) ? name : undefined;
}

type Defined<T> = { readonly [Key in keyof T]?: Exclude<T[Key], undefined> };

function dropUndefined<T extends Readonly<Record<string, string | undefined>>>(facts: T): Defined<T> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as Defined<T>;
}
