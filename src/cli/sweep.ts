// The sweep: a store that does not forget by itself is told to, at start and every hour.
import type { Logger } from "pino";
import type { Clock } from "../report/clock.ts";
import { REPORTS_PREFIX } from "../report/key.ts";
import { EXPIRY_MS } from "../report/limits.ts";
import type { Store } from "../store/store.ts";

const SWEEP_EVERY_MS = 60 * 60 * 1000;

/** Reports that no answer shows any more stay this much longer, so that clocks that differ harm nobody. */
const MARGIN_MS = 60 * 60 * 1000;

/**
 * What is swept: what hosts write. The top of the store is not, though reports may lie there: in a folder anything else may too, and
 * `package.json` there would pass for the report of a host named "package".
 */
const SWEPT: readonly string[] = [REPORTS_PREFIX, "departures/v1/"];

export interface SweepOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** Waits; ends early, without an error, when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Sweeps until the signal aborts; at once over where the store forgets by itself. Never rejects: what fails is logged, and tried again in an hour. */
export async function runSweep({ store, clock, log, sleep }: SweepOptions, signal: AbortSignal): Promise<void> {
  if (!store.expire) return;
  while (!signal.aborted) {
    const before = clock() - EXPIRY_MS - MARGIN_MS;
    for (const prefix of SWEPT) {
      try {
        const removed = await store.expire(prefix, before, { signal });
        log[removed > 0 ? "info" : "debug"]({ prefix, removed }, `swept ${removed} old objects below ${prefix}`);
      } catch (error) {
        if (!signal.aborted) log.error({ err: error, prefix }, "could not sweep old reports; trying again in an hour");
      }
    }
    await sleep(SWEEP_EVERY_MS, signal);
  }
}
