// Asking the API: a question in, its answer with what it says of itself out. What has not changed
// since is not sent again (ETag and If-None-Match), and brings the new instant all the same.
import { isOfPast } from "../address/past.ts";
import { API } from "../address/root.ts";
import { Failure } from "./failure.ts";
import { readKey } from "./key.ts";

/** A question: a path below v1/ and its parameters, names that come several times among them. */
export interface Asked {
  /** `versions`, `reports/i-1`. */
  readonly path: string;
  readonly parameters?: ReadonlyArray<readonly [name: string, value: string]>;
}

/** What an answer says of itself (docs/api.md, "Headers of an answer"). */
export interface Facts {
  /** The instant of the data; ms since the epoch, by the server's clock. */
  readonly asOf: number;
  /** How old that was when the answer came; ms. */
  readonly age: number;
  /** When the answer came; ms, by performance.now(), which no change of a clock moves. */
  readonly receivedAt: number;
  /** Whether it is of an instant that was asked for, which grows no older. */
  readonly isPast?: true;
  readonly count?: number;
  readonly silent?: number;
  readonly problems?: number;
  readonly behind?: number;
  readonly warning?: string;
  /** What a bound cut, and how many: `groups` to 300. */
  readonly cuts: ReadonlyMap<string, number>;
  readonly partial?: string;
}

export interface Answer<T> {
  readonly body: T;
  readonly facts: Facts;
  readonly etag: string | undefined;
}

/** The address of a question. */
export function formatAddress({ path, parameters = [] }: Asked): string {
  const address = new URL(path, API);
  for (const [name, value] of parameters) address.searchParams.append(name, value);
  return address.href;
}

/** The headers that sign the reader in; none where a proxy has. */
function signIn(): Record<string, string> {
  const key = readKey();
  if (key === undefined) return {};
  return isToken(key) ? { authorization: `Bearer ${key}` } : { "x-api-key": key };
}

/** Of an identity provider (JWT, RFC 7519): three parts with dots between, which no key has. */
function isToken(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

/**
 * Sends a request of the API's, and tells what is wrong with what comes.
 *
 * @returns a response of Rollcall's, 200 or 304
 * @throws Failure
 */
export async function send(
  address: string,
  { headers = {}, signal }: { readonly headers?: Record<string, string>; readonly signal?: AbortSignal },
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, {
      // Our own ETags, so that 304 is seen; a browser's cache would make 200 of it.
      cache: "no-store",
      headers: { accept: "application/json", ...signIn(), ...headers },
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure("unreachable");
  }
  if (response.status === 200 || response.status === 304) {
    if (!response.headers.has("rollcall-api")) throw new Failure("not_ours", { status: response.status });
    return response;
  }
  throw await readFailure(response);
}

async function readFailure(response: Response): Promise<Failure> {
  const { status, headers } = response;
  const seconds = Number(headers.get("retry-after") ?? "");
  const retryAfterMs = seconds > 0 ? seconds * 1000 : undefined;
  const problem = headers.get("content-type")?.includes("json")
    ? ((await response.json().catch(() => undefined)) as { detail?: unknown; type?: unknown } | undefined)
    : undefined;
  const detail = typeof problem?.detail === "string" ? problem.detail : undefined;
  if (status === 401 || status === 403) return new Failure("signed_out", { status, detail });
  if (detail === undefined) return new Failure("not_ours", { status, retryAfterMs });
  const code = typeof problem?.type === "string" ? problem.type.replace(/^.*:/, "") : undefined;
  return new Failure("refused", { status, detail, code, retryAfterMs });
}

/**
 * Asks. @param before the last answer to the same question; where nothing has changed its very body
 * comes again. @param read makes the body of the text, JSON by default. @throws Failure
 */
export async function ask<T>(
  asked: Asked,
  {
    before,
    signal,
    read = (text) => JSON.parse(text) as T,
  }: {
    readonly before?: Answer<T> | undefined;
    readonly signal?: AbortSignal;
    readonly read?: ((text: string) => T) | undefined;
  } = {},
): Promise<Answer<T>> {
  const etag = before?.etag;
  const response = await send(formatAddress(asked), {
    headers: etag === undefined ? {} : { "if-none-match": etag },
    ...(signal && { signal }),
  });
  const facts = readFacts(response.headers, performance.now(), isOfPast(asked));
  if (response.status === 304 && before) return { ...before, facts };
  try {
    return { body: read(await response.text()), facts, etag: response.headers.get("etag") ?? undefined };
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure("unreadable", { status: response.status });
  }
}

/**
 * Reads what an answer says of itself.
 *
 * @param receivedAt ms, by performance.now()
 * @param isPast whether an instant of the past was asked for
 */
export function readFacts(headers: Pick<Headers, "get">, receivedAt: number, isPast = false): Facts {
  const number = (name: string) => {
    const text = headers.get(name);
    return text === null ? undefined : Number(text);
  };
  const asOf = Date.parse(headers.get("rollcall-as-of") ?? "");
  // The server's own clock, which may be an hour from the reader's.
  const sentAt = Date.parse(headers.get("date") ?? "");
  const given = {
    count: number("rollcall-count"),
    silent: number("rollcall-silent"),
    problems: number("rollcall-problems"),
    behind: number("rollcall-behind"),
    warning: headers.get("rollcall-warning") ?? undefined,
    partial: headers.get("rollcall-partial") ?? undefined,
  };
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    asOf,
    age: Number.isNaN(sentAt) ? 0 : Math.max(0, sentAt - asOf),
    receivedAt,
    ...(isPast && { isPast }),
    cuts: readCuts(headers.get("rollcall-cut") ?? ""),
  };
}

/** A dictionary of numbers (RFC 9651, section 3.2); what has no number is of unknown size: NaN. */
function readCuts(text: string): ReadonlyMap<string, number> {
  const cuts = new Map<string, number>();
  for (const member of text.split(",")) {
    const [name = "", count] = member.trim().split("=");
    if (name !== "") cuts.set(name, count === undefined ? Number.NaN : Number(count));
  }
  return cuts;
}

/** The command that gives the same answer; the key is the reader's own. */
export function formatCommand(asked: Asked): string {
  // A single quote ends a word of the shell's, and nothing else does within one.
  const address = formatAddress(asked).replaceAll("'", "%27");
  const key = readKey();
  const header =
    key !== undefined && isToken(key) ? "Authorization: Bearer $ROLLCALL_TOKEN" : "x-api-key: $ROLLCALL_KEY";
  return `curl -sH "${header}" '${address}' | jq`;
}
