// What a roll knows of all its stores together, and what it is doing.
import { isSameDepartures } from "./departures.ts";
import type { Refreshed } from "./refresh.ts";
import type { RollView } from "./view.ts";

/** Times are ms since the epoch. */
export interface RollState {
  /** Reasons not to believe the clock, in words. */
  clockWarnings: readonly string[];
  /** The last view of all hosts. */
  current: (RollView & { readonly hasFuture: boolean }) | undefined;
  /** Goes up with each change; and down with each view of one host. */
  version: number;
  hostVersion: number;
  /** When the listing behind the views began; and the same where it is the snapshot's. */
  asOf: number;
  listedAt: number;
  /** When the last refresh ended, and how long it took; ms. */
  refreshedAt: number;
  refreshMs: number;
  /** When objects that could not be read were tried again. */
  triedUnreadableAt: number;
  /** Whether the snapshot was looked for; and the look that goes on. */
  isLoaded: boolean;
  loading: Promise<void> | undefined;
  /** The refresh that goes on. */
  refreshing: Promise<void> | undefined;
}

/** Of a roll that has read nothing yet. */
export function makeRollState(): RollState {
  return {
    clockWarnings: [],
    current: undefined,
    version: 0,
    hostVersion: 0,
    asOf: Number.NEGATIVE_INFINITY,
    listedAt: Number.NEGATIVE_INFINITY,
    refreshedAt: Number.NEGATIVE_INFINITY,
    refreshMs: 0,
    triedUnreadableAt: Number.NEGATIVE_INFINITY,
    isLoaded: false,
    loading: undefined,
    refreshing: undefined,
  };
}

/**
 * Whether two states hold the same objects: the same rows, or the same rows moved to other
 * segments.
 */
export function isSame(before: Refreshed, after: Refreshed): boolean {
  const [a, b] = [before.table, after.table];
  if (a.rowOf.length !== b.rowOf.length || before.problemCount !== after.problemCount) return false;
  if (!isSameDepartures(before.departures, after.departures)) return false;
  for (let at = 0; at < a.rowOf.length; at++) {
    if (a.rowOf[at] !== b.rowOf[at] || a.receivedAt[at] !== b.receivedAt[at]) return false;
    if (a.segments[a.segmentOf[at] as number] !== b.segments[b.segmentOf[at] as number]) return false;
  }
  return before.problems.every((problem, at) => {
    const other = after.problems[at];
    return (
      other?.key === problem.key && other.receivedAt === problem.receivedAt && other.size === problem.size
    );
  });
}
