// Requests to the other side: bounded in time, size and tries, with waits where it asks for them;
// no secret in an error.
import { readBounded } from "../network/bounded-read.ts";
import { toFailure } from "../network/failure.ts";
import { retry } from "../network/retry.ts";
import { drawWait, readRetryAfter } from "../store/backoff.ts";
import { LeaseTaken } from "../store/lease.ts";
import { StoreError } from "../store/store.ts";
import { type PublishContext, PublishError } from "./publisher.ts";

const TIMEOUT_MS = 30_000;
export const MAX_PUBLISHER_ANSWER_BYTES = 16 * 1024 * 1024;
const TRIES = 4;
const BACKOFF = { first: 1000, cap: 20_000 };

/**
 * After a 429, the least that is waited, which doubles with each; ms. Its reset may be past by our
 * clock.
 */
const LEAST_WAIT_MS = 5000;

/** In a longer wait the lease is renewed; ms. */
const SLICE_MS = 60_000;

/** Where the other side says no more than that it has had enough; ms. */
const USUAL_WAIT_MS = 60_000;

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PATCH" | "PUT";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /**
   * Whether a second one does no more than the first: only then is it sent again after a failure of
   * which nobody knows what it did.
   */
  readonly isIdempotent: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** It is not known whether the other side did what it was asked. */
export class OutcomeUnknown extends PublishError {
  override name = "Unknown";
}

/** The other side wants to be left alone for longer than the run lasts. */
export class RetryTooLate extends PublishError {
  override name = "TooSoon";
}

/** The answer is longer than what is read. Asked again, it would be no shorter. */
class AnswerTooLong extends PublishError {
  override name = "TooLong";
}

/** Sends requests, and counts them. */
export interface HttpClient {
  readonly requests: number;
  /** @returns any answer below 500 but 429 @throws Unknown, TooSoon, PublishError */
  send(request: HttpRequest): Promise<HttpAnswer>;
}

type HttpContext = Pick<
  PublishContext,
  "clock" | "sleep" | "random" | "signal" | "deadline" | "onStep" | "state"
>;

/** Makes a client. @param place what it is called in errors: no secret */
export function createHttpClient(place: string, surroundings: HttpContext): HttpClient {
  const { clock, sleep, random, signal, deadline, onStep, state } = surroundings;
  let requests = 0;
  /** Until when nothing may be asked; ms since the epoch. */
  let closedUntil = 0;

  async function pause(until: number): Promise<void> {
    if (until <= clock()) return;
    if (until > deadline)
      throw new RetryTooLate(
        `${place} takes no more requests until ${new Date(until).toISOString()}; the next run goes on`,
      );
    onStep(`waits for ${place}'s limit until ${new Date(until).toISOString()}`);
    for (let left = until - clock(); left > 0; left -= SLICE_MS) {
      await sleep(Math.min(left, SLICE_MS), signal);
      signal.throwIfAborted();
      await state.renew();
    }
  }

  async function sendOnce(request: HttpRequest, attempt: number): Promise<HttpAnswer> {
    await pause(closedUntil);
    if (clock() > deadline) throw new RetryTooLate("the run has had its time; the next one goes on");
    // Whoever has lost the lease meanwhile must not write over what the other run wrote.
    if (request.method !== "GET") await state.renew();
    requests++;
    const answer = await exchange(request, signal);
    if (answer.headers.get("x-ratelimit-remaining") === "0")
      closedUntil = Math.max(closedUntil, readReset(answer.headers, clock()));
    if (answer.status === 429) {
      // What was refused was not done.
      const least = clock() + LEAST_WAIT_MS * 2 ** (attempt - 1);
      closedUntil = Math.max(closedUntil, readReset(answer.headers, clock()), least);
      throw new TemporarilyRefused(`${place} answered 429`);
    }
    if (answer.status >= 500) throw new OutcomeUnknown(`${place} answered ${answer.status}`);
    return answer;
  }

  /** One try, and why it failed. */
  async function tryOnce(request: HttpRequest, attempt: number): Promise<HttpAnswer> {
    try {
      return await sendOnce(request, attempt);
    } catch (error) {
      if (signal.aborted || FINAL.some((kind) => error instanceof kind)) throw error;
      if (error instanceof TemporarilyRefused || error instanceof OutcomeUnknown) throw error;
      const { isFinal, message } = toFailure(error);
      if (isFinal) throw new PublishError(`${place} cannot be asked: ${message}`);
      throw new OutcomeUnknown(`${place} does not answer: ${hideAddresses(message)}`);
    }
  }

  return {
    get requests() {
      return requests;
    },
    send: (request) =>
      retry((attempt) => tryOnce(request, attempt), {
        signal,
        wait: (ms) => (ms > 0 ? sleep(ms, signal) : Promise.resolve()),
        judge(error, attempt) {
          if (attempt >= TRIES) return undefined;
          // Its own wait comes before the next try.
          if (error instanceof TemporarilyRefused) return 0;
          // What may have been done is not tried again where a second one would do more.
          if (!(error instanceof OutcomeUnknown) || !request.isIdempotent) return undefined;
          return drawWait(attempt, random(), BACKOFF);
        },
      }).catch((error: unknown) => {
        if (error instanceof TemporarilyRefused)
          throw new RetryTooLate(`${error.message} again and again; the next run goes on`);
        throw error;
      }),
  };
}

/** Refused for now, and not done. */
class TemporarilyRefused extends PublishError {}

/** What another try would not change, or must not come after: the last two are of our own store. */
const FINAL = [RetryTooLate, AnswerTooLong, LeaseTaken, StoreError];

async function exchange(
  { url, method, headers, body }: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body }),
    // A redirect could lead the token to another host.
    redirect: "manual",
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  const bytes = await readBounded(response.body, MAX_PUBLISHER_ANSWER_BYTES);
  if (!bytes) throw new AnswerTooLong(`the answer has more than ${MAX_PUBLISHER_ANSWER_BYTES} bytes`);
  return { status: response.status, headers: response.headers, text: bytes.toString("utf8") };
}

/**
 * When requests are taken again: Retry-After (RFC 9110, section 10.2.3), else X-RateLimit-Reset,
 * which DocBase gives as seconds since the epoch: by its clock, which is that of the Date header.
 *
 * @returns ms since the epoch, by our clock
 */
function readReset(headers: Headers, now: number): number {
  const after = readRetryAfter({ retryAfter: headers.get("retry-after"), date: headers.get("date") }, now);
  if (after !== undefined) return now + after;
  const reset = headers.get("x-ratelimit-reset") ?? "";
  if (!/^\d{9,11}$/.test(reset)) return now + USUAL_WAIT_MS;
  const theirNow = Date.parse(headers.get("date") ?? "");
  return now + Math.max(0, Number(reset) * 1000 - (Number.isNaN(theirNow) ? now : theirNow));
}

/** Without addresses, which may be secrets: those of incoming webhooks are. */
function hideAddresses(words: string): string {
  return words.replace(/[a-z][a-z0-9+.-]*:\/\/\S*/gi, "(the address)");
}

/**
 * Tells whether a URL is one that a secret may travel to, and holds none that errors could show.
 */
export function isSafe(url: URL): boolean {
  if (url.username !== "" || url.password !== "") return false;
  return (
    url.protocol === "https:" ||
    (url.protocol === "http:" && /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname))
  );
}
