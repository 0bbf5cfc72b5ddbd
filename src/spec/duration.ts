// Durations as people write them: "500ms", "5s", "1m".

const DURATION = /^(\d{1,9})(ms|s|m|h)$/;
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** The form of a duration, for schemas. */
export const DURATION_PATTERN = DURATION;

/**
 * Reads a duration: a whole number and one unit of ms, s, m, h.
 *
 * @returns milliseconds, or undefined if the text is no such duration
 */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (!match) return undefined;
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}

/** Writes milliseconds as parseDuration reads them, in the largest unit that leaves a whole number. */
export function formatDuration(ms: number): string {
  for (const unit of ["h", "m", "s"] as const) {
    if (ms > 0 && ms % UNIT_MS[unit] === 0) return `${ms / UNIT_MS[unit]}${unit}`;
  }
  return `${Math.round(ms)}ms`;
}
