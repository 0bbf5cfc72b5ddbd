// How long to wait before trying again: full jitter, or as the server asks. Pure.

/** ms */
export interface Backoff {
  /** The longest wait after the first failure; it doubles with each further one. */
  readonly first: number;
  readonly cap: number;
}

/**
 * Anything from nothing to a bound that doubles, so that many who failed at once do not come back
 * at once (AWS Architecture Blog, "Exponential Backoff and Jitter").
 *
 * @param attempt 1 after the first try
 * @param random from 0 to 1
 * @param askedMs how long the other side asks to be left alone: no less, and a quarter more for the
 *   last of many
 * @returns ms
 */
export function drawWait(attempt: number, random: number, { first, cap }: Backoff, askedMs = 0): number {
  return Math.max(random * Math.min(cap, first * 2 ** (attempt - 1)), askedMs * (1 + random / 4));
}

/** Longer is not believed of anybody; ms. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60_000;

/**
 * Reads Retry-After (RFC 9110, section 10.2.3): seconds, or a date, which counts from what the same
 * answer says that the time is.
 *
 * @param date the answer's Date
 * @param now by our own clock, for an answer without Date; ms since the epoch
 * @returns how long to leave the server alone, ms; undefined where it does not say
 */
export function readRetryAfter(
  {
    retryAfter,
    date,
  }: { readonly retryAfter?: string | null | undefined; readonly date?: string | null | undefined },
  now: number,
): number | undefined {
  const text = retryAfter?.trim() ?? "";
  const isDate = /^[A-Za-z]{3,9},? .*\d{2}:\d{2}:\d{2}/.test(text);
  const theirNow = Date.parse(date ?? "");
  const ms = /^\d+$/.test(text)
    ? Number(text) * 1000
    : isDate
      ? Date.parse(text) - (Number.isNaN(theirNow) ? now : theirNow)
      : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
