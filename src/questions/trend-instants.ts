// The instants of a trend: some 200, at round times, so that who asks a little later asks of the
// same ones. Pure.

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

/** Round steps; ms. A recorder looks once a minute. */
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 4, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 28].map((days) => days * DAY),
];

/** Most steps between the first instant and the last. */
const MAX_TREND_STEPS = 200;

export interface TrendInstants {
  /** ms. */
  readonly stepMs: number;
  /** ms since the epoch, ascending: round ones, and the end. */
  readonly instants: readonly number[];
}

/** Divides a stretch of time; ms since the epoch. The first instant is not before its beginning. */
export function divideSpan(from: number, until: number): TrendInstants {
  const span = Math.max(0, until - from);
  const stepMs =
    STEPS.find((step) => span / step <= MAX_TREND_STEPS) ?? Math.ceil(span / MAX_TREND_STEPS / DAY) * DAY;
  const instants: number[] = [];
  for (let at = Math.ceil(from / stepMs) * stepMs; at < until; at += stepMs) instants.push(at);
  return { stepMs, instants: [...instants, until] };
}
