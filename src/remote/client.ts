// Requests to a Rollcall server: the key in a header, bounded waiting, retries with full jitter,
// and errors as the server explains them.

import { STATUS_CODES } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { API_HEADER } from "../network/api-header.ts";
import { readBounded } from "../network/bounded-read.ts";
import { NetworkFailure, toFailure } from "../network/failure.ts";
import { isLoopback } from "../network/loopback.ts";
import { retry } from "../network/retry.ts";
import { parseJson } from "../report/parse-json.ts";
import { sanitizeLine } from "../report/safe-text.ts";
import { formatSpan } from "../report/span-text.ts";
import { drawWait, readRetryAfter } from "../store/backoff.ts";
import { type FollowOptions, followRead, RedirectFailed } from "./redirect.ts";
import { RemoteError, ServerRefusal } from "./remote-error.ts";
import type { SignRequest } from "./request-signer.ts";

/** One try; a server itself gives up after 25 s. */
const TIMEOUT_MS = 30_000;
const RETRIES = 4;
const BACKOFF = { first: 1000, cap: 8000 };

/** As long as a server may ask to be left alone between two tries; ms. */
const MAX_ASKED_WAIT_MS = 60_000;

const MAX_PROBLEM_BYTES = 64 * 1024;

export interface Client {
  /**
   * Sends a request and gives the response, which is 2xx or 304.
   *
   * @param path with its query, relative to the server's URL
   * @throws RemoteError with the server's own explanation, or why it could not be reached
   */
  request(
    path: string,
    init?: { method?: string; body?: Uint8Array; headers?: Record<string, string> },
  ): Promise<Response>;
}

export interface ClientOptions {
  readonly url: URL;
  readonly key: string | undefined;
  /** A token of an identity provider, in the place of the key. */
  readonly token?: string | undefined;
  /** Signs each try, in the place of the key. */
  readonly sign?: SignRequest | undefined;
  readonly signal: AbortSignal;
  /** Told of each try that failed and will be repeated. */
  readonly onRetry?: (reason: string) => void;
  /** From 0 to 1; spreads the retries of many hosts. */
  readonly random?: () => number;
  /** How often a failed try is repeated; 4 by default. */
  readonly retries?: number | undefined;
}

/** Makes a client. Nothing is sent yet. */
export function createClient({
  url,
  key,
  token,
  sign,
  signal,
  onRetry,
  random = Math.random,
  retries = RETRIES,
}: ClientOptions): Client {
  const base = url.href.replace(/\/$/, "");
  const { means, headers: keyHeaders } = chooseSecret({ key, token, sign });

  async function tryOnce(
    path: string,
    init: { method?: string; body?: Uint8Array; headers?: Record<string, string> },
  ): Promise<Response> {
    const headers = { ...init.headers, ...keyHeaders };
    const body = init.body === undefined ? null : new Uint8Array(init.body);
    const method = init.method ?? "GET";
    const signed = await sign?.(method, new URL(`${base}${path}`), init.body);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new DOMException("no answer", "TimeoutError")), TIMEOUT_MS);
    const response = await fetch(signed?.url ?? `${base}${path}`, {
      method,
      headers: { ...headers, ...signed?.headers },
      body,
      // A redirect could lead the key to another host.
      redirect: "manual",
      signal: AbortSignal.any([signal, deadline.signal]),
      // The bound is on the wait for the answer to begin: a large roll over a slow line may take
      // its time.
    }).finally(() => clearTimeout(timer));
    if (isAnswer(response, method)) {
      // A sign-in page, a default backend and a captive portal say 200 or 204 to anything.
      if (!response.headers.has(API_HEADER)) {
        await response.body?.cancel();
        throw new ServerRefusal(describeStranger(response, url), response.status);
      }
      // A signature is good for one URL, so it goes nowhere else at all.
      return response.status === 303 ? await follow(response, { asked: url, headers, signal }) : response;
    }
    const { reason, isLasting } = await explain(response, {
      url,
      hasKey: "x-api-key" in headers,
      means,
      method,
    });
    if (!isLasting && (response.status === 429 || response.status >= 500)) {
      const [retryAfter, date] = ["retry-after", "date"].map((name) => response.headers.get(name));
      const retryAfterMs = readRetryAfter({ retryAfter, date }, Date.now());
      const asks =
        retryAfterMs === undefined ? "" : `; it asks to be left alone for ${formatSpan(retryAfterMs)}`;
      throw new RemoteError("busy", `${reason}${asks}`, { retryAfterMs });
    }
    throw new ServerRefusal(reason, response.status);
  }

  return {
    async request(path, init = {}) {
      try {
        return await retry(
          () => tryOnce(path, init).catch((error: unknown) => explainFailure(error, signal, url)),
          {
            signal,
            wait: (ms) => wait(ms, undefined, { signal }),
            judge(error, attempt) {
              if (attempt > retries || isLasting(error)) return undefined;
              // Whoever asks for more is not waited for: the error says how long.
              const askedMs = error instanceof RemoteError ? (error.retryAfterMs ?? 0) : 0;
              if (askedMs > MAX_ASKED_WAIT_MS) return undefined;
              const message = error instanceof Error ? error.message : String(error);
              onRetry?.(error instanceof RemoteError ? message : `${url.origin} does not answer: ${message}`);
              return drawWait(attempt, random(), BACKOFF, askedMs);
            },
          },
        );
      } catch (error) {
        if (error instanceof RemoteError || signal.aborted) throw error;
        const { message, isFinal } = toFailure(error, { host: url.hostname });
        throw new RemoteError(
          "unreachable",
          `${url.origin} ${isFinal ? "cannot be asked" : "does not answer"}: ${message}`,
        );
      }
    },
  };
}

/** What shows who asks, and the header that has it, where a signature does not. */
function chooseSecret({ key, token, sign }: Pick<ClientOptions, "key" | "token" | "sign">): {
  readonly means: Asked["means"];
  readonly headers: { readonly "x-api-key"?: string; readonly authorization?: string };
} {
  if (sign !== undefined) return { means: "signature", headers: {} };
  if (token !== undefined) return { means: "token", headers: { authorization: `Bearer ${token}` } };
  return { means: "key", headers: key === undefined ? {} : { "x-api-key": key } };
}

/**
 * What was to be written has not arrived where a redirect leads: only S3 takes writes elsewhere,
 * and it is not asked here.
 */
function isAnswer({ ok, status }: Response, method: string): boolean {
  return ok || (isRead(method) && (status === 304 || status === 303));
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

/** Tells whether keys would travel to the server in the clear. */
export function isInTheClear(url: URL): boolean {
  return url.protocol === "http:" && !isLoopback(url.hostname.replace(/^\[|\]$/g, ""));
}

/**
 * An answer too large for its way back lies elsewhere, at a URL that opens by itself: no key goes
 * there.
 */
async function follow(response: Response, options: FollowOptions): Promise<Response> {
  try {
    const found = await followRead(response, options);
    // What the server said of the answer counts; of the body, what its place says.
    const own = [...response.headers].filter(([name]) => name.startsWith("rollcall-"));
    return new Response(found.body, {
      status: 200,
      headers: [...own, ["content-type", found.headers.get("content-type") ?? ""]],
    });
  } catch (error) {
    throw error instanceof RedirectFailed ? new ServerRefusal(error.message, error.status) : error;
  }
}

/** Tells in words why there was no answer, which neither runtime's own errors do. */
function explainFailure(error: unknown, signal: AbortSignal, url: URL): never {
  if (error instanceof RemoteError || signal.aborted) throw error;
  if (error instanceof DOMException && error.name === "TimeoutError")
    throw new NetworkFailure(`no answer within ${TIMEOUT_MS / 1000} s`);
  throw toFailure(error, { host: url.hostname });
}

/** Whether the same request would fail the same way. */
function isLasting(error: unknown): boolean {
  return error instanceof ServerRefusal || (error instanceof NetworkFailure && error.isFinal);
}

/** What answered, but not for Rollcall. */
function describeStranger({ status }: Response, url: URL): string {
  return `${url.origin} answered ${status} without Rollcall's headers; is it a Rollcall server?`;
}

interface Asked {
  readonly url: URL;
  readonly hasKey: boolean;
  /** What shows who asks. */
  readonly means: "key" | "token" | "signature";
  readonly method: string;
}

async function explain(
  response: Response,
  asked: Asked,
): Promise<{ readonly reason: string; readonly isLasting: boolean }> {
  const body = await readBounded(response.body, MAX_PROBLEM_BYTES).catch(() => undefined);
  const isProblem = response.headers.get("content-type")?.includes("problem+json") ?? false;
  const text = isProblem ? (body?.toString("utf8") ?? "") : "";
  const { type } = (parseJson(text) ?? {}) as { readonly type?: unknown };
  return {
    reason: describeRefusal(response, parseProblem(text), asked),
    // What was not recorded will not be told later either.
    isLasting: type === "urn:rollcall:error:cannot_be_told",
  };
}

/** @param problem as the server explains it, where it does */
function describeRefusal(
  response: Response,
  problem: string | undefined,
  { url, hasKey, means, method }: Asked,
): string {
  if (response.status === 401 && means === "token")
    return `${url.origin} does not accept the token${problem ? `: ${sanitizeLine(problem)}` : ""}`;
  if (response.status === 401 && means === "key") {
    return hasKey
      ? `${url.origin} does not accept the API key`
      : `${url.origin} wants an API key: set ROLLCALL_KEY, or --key-file FILE`;
  }
  const location = response.headers.get("location");
  if (response.status < 400 && location !== null) {
    const what =
      method === "GET" || method === "HEAD"
        ? "a key is not sent on"
        : `the ${method} is not sent on: it has not arrived`;
    return (
      `${url.origin} redirects to ${sanitizeLine(location)}, and ${what}; name the ` +
      "right URL with --server"
    );
  }
  return problem
    ? `${url.origin} answered ${response.status}: ${sanitizeLine(problem)}`
    : `${url.origin} answered ${describeStatus(response.status)}; is it a Rollcall server?`;
}

/**
 * By the number: what a server adds may be anything, HTTP/2 has no such words, and undici loses
 * them on its way through a proxy.
 */
function describeStatus(status: number): string {
  const words = STATUS_CODES[status];
  return words === undefined ? String(status) : `${status} ${words}`;
}

function parseProblem(text: string): string | undefined {
  const problem = parseJson(text);
  if (typeof problem !== "object" || problem === null) return undefined;
  const { detail, title } = problem as { detail?: unknown; title?: unknown };
  return [title, detail].filter((part) => typeof part === "string").join(": ");
}
