// How long to wait before trying again: full jitter. Pure.

/** ms */
export interface Backoff {
  /** The longest wait after the first failure; it doubles with each further one. */
  readonly first: number;
  readonly cap: number;
}

/**
 * Anything from nothing to a bound that doubles, so that many who failed at once do not come back at once (AWS Architecture Blog,
 * "Exponential Backoff and Jitter").
 *
 * @param attempt 1 after the first try
 * @param random from 0 to 1
 * @returns ms
 */
export function drawWait(attempt: number, random: number, { first, cap }: Backoff): number {
  return random * Math.min(cap, first * 2 ** (attempt - 1));
}
