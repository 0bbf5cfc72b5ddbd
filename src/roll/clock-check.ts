// Does the reader's clock show the store as empty or silent that is neither? Where no report is
// fresh, the store's own clock is asked.
import type { Clock } from "../report/clock.ts";
import { DEFAULT_WINDOW_MS, RECEIPT_TOLERANCE_MS } from "../report/limits.ts";
import type { Store } from "../store/store.ts";
import type { GoneReports } from "./refresh.ts";
import type { Table } from "./table.ts";

/** The store is asked for the time at most so often; ms. */
const ASK_EVERY_MS = 60_000;

export interface ClockCheck {
  /**
   * Looks for reasons not to believe the clock. Nothing is asked while some report is fresh.
   *
   * @param tables of each store that is read, and `gone` likewise
   * @param now by the reader's clock, ms since the epoch
   * @returns them, in words
   */
  findClockWarnings(
    tables: readonly Table[],
    gone: readonly GoneReports[],
    now: number,
  ): Promise<readonly string[]>;
}

/** Makes a check. */
export function createClockCheck({
  store,
  clock,
}: {
  readonly store: Store;
  readonly clock: Clock;
}): ClockCheck {
  let askedAt = Number.NEGATIVE_INFINITY;
  let aheadMs: number | undefined;

  /** How far our clock is ahead of the store's; undefined where that cannot be told. */
  async function measureAhead(now: number): Promise<number | undefined> {
    if (Math.abs(now - askedAt) < ASK_EVERY_MS) return aheadMs;
    askedAt = now;
    // A store that may only be read cannot always be asked; what is told then is what is known.
    const theirs = await store.now?.().catch(() => undefined);
    aheadMs = theirs === undefined ? undefined : clock() - theirs;
    return aheadMs;
  }

  return {
    async findClockWarnings(tables, goneByStore, now) {
      const isEmpty = tables.every(({ rowOf }) => rowOf.length === 0);
      const gone = {
        count: goneByStore.reduce((sum, { count }) => sum + count, 0),
        newest: Math.max(...goneByStore.map(({ newest }) => newest)),
      };
      if ((isEmpty && gone.count === 0) || tables.some((table) => hasFresh(table, now))) return [];
      const ahead = await measureAhead(now);
      const warnings: string[] = [];
      if (ahead !== undefined && Math.abs(ahead) > RECEIPT_TOLERANCE_MS)
        warnings.push(
          `the reader's clock is ${describeSpan(ahead)} ` +
            `${ahead > 0 ? "ahead of" : "behind"} the store's, and no report is fresh ` +
            "by it: set it right",
        );
      if (isEmpty)
        warnings.push(
          `the ${tables.length > 1 ? "stores hold" : "store holds"} ${gone.count} ` +
            `${gone.count === 1 ? "report" : "reports"} ` +
            "and none newer than a day: the newest came " +
            `${describeSpan(now - gone.newest)} ago by the reader's clock`,
        );
      return warnings;
    },
  };
}

function hasFresh({ receivedAt, rowOf }: Table, now: number): boolean {
  for (let at = 0; at < rowOf.length; at++) {
    const age = now - (receivedAt[at] as number);
    if (age <= DEFAULT_WINDOW_MS && age >= -RECEIPT_TOLERANCE_MS) return true;
  }
  return false;
}

function describeSpan(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
