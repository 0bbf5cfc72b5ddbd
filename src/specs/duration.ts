// Durations as people write them, the same at every door: "500ms", "5s", "1m", "14d".

const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The form of a duration, for schemas. */
export const DURATION_PATTERN = DURATION;

/** Timers hold no more, 24.8 days, and one that is set to more ends at once; ms. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * The longest duration that anything takes, 14 days; ms. Who waits for a duration and some more, so
 * as not to stay in step, stays below MAX_TIMER_MS.
 */
export const MAX_DURATION_MS = 14 * UNIT_MS.d;

/**
 * Reads a duration: a whole number and one unit of ms, s, m, h, d.
 *
 * @param maxMs the longest that is taken. Who has words of its own for what is too long reads it
 *   without a bound
 * @returns milliseconds, or undefined if the text is no such duration, or a longer one
 */
export function parseDuration(text: string, maxMs = MAX_DURATION_MS): number | undefined {
  const match = DURATION.exec(text);
  if (!match) return undefined;
  const ms = Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
  return ms <= maxMs ? ms : undefined;
}

/**
 * Writes milliseconds as parseDuration reads them, in the largest unit that leaves a whole number.
 */
export function formatDuration(ms: number): string {
  for (const unit of ["h", "m", "s"] as const) {
    if (ms > 0 && ms % UNIT_MS[unit] === 0) return `${ms / UNIT_MS[unit]}${unit}`;
  }
  return `${Math.round(ms)}ms`;
}
