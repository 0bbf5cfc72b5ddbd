// How much one key may write where nothing else is set. Apart from what keeps to it, so that
// settings and help know it alone.

export interface WriteLimits {
  /** Hosts whose reports one key wrote, or that it enrolled, within a day. */
  readonly hosts: number;
  /** Of all those reports together, as they lie in the store. */
  readonly bytes: number;
  /** Reports, departures and enrolments with one key; as many at once. */
  readonly writesAMinute: number;
}

/**
 * No honest fleet of some ten thousand hosts with one key comes near. Each start is a departure, a
 * report and perhaps an enrolment, so that all of 6,000 may restart in one and the same second;
 * heartbeats are hourly; and a usual report has 1 KB, a large one less than 100.
 */
export const USUAL_WRITE_LIMITS: WriteLimits = {
  hosts: 100_000,
  bytes: 512 * 1024 * 1024,
  writesAMinute: 20_000,
};
