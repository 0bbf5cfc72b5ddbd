// The sweep: a store that does not forget by itself is told to, at start and every hour.
import type { Logger } from "pino";
import type { Clock } from "../report/clock.ts";
import { EXPIRY_MS } from "../report/limits.ts";
import { CLOSED_DAYS_PREFIXES, HISTORY_STAYS_MS, SWEPT_PREFIXES } from "../store/layout.ts";
import type { Store } from "../store/store.ts";
import { createSweepClockCheck } from "./sweep-clock-check.ts";

const SWEEP_EVERY_MS = 60 * 60 * 1000;

/**
 * Reports that no answer shows any more stay this much longer, so that clocks that differ harm
 * nobody.
 */
const MARGIN_MS = 60 * 60 * 1000;

export interface SweepOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** What no one sets, and goes on while the machine sleeps; ms from any start. */
  readonly monotonic: () => number;
  readonly log: Logger;
  /** How long closed days of history stay; ms. */
  readonly historyStaysMs?: number | undefined;
  /** Waits; ends early, without an error, when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Sweeps until the signal aborts; at once over where the store forgets by itself. Nothing is
 * removed on this machine's word alone for what time it is. Never rejects: what fails is logged,
 * and tried again in an hour.
 */
export async function runSweep(
  { store, clock, monotonic, log, historyStaysMs = HISTORY_STAYS_MS, sleep }: SweepOptions,
  signal: AbortSignal,
): Promise<void> {
  if (!store.expire) return;
  const clockCheck = createSweepClockCheck({ store, clock, monotonic });
  while (!signal.aborted) {
    try {
      const fault = await clockCheck.findFault(signal);
      if (fault === undefined) await sweepOnce({ store, clock, log, historyStaysMs }, signal);
      else log.warn({ reason: fault }, `old reports are not swept: ${fault}; looking again in an hour`);
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, "could not sweep old reports; trying again in an hour");
    }
    await sleep(SWEEP_EVERY_MS, signal);
  }
}

async function sweepOnce(
  {
    store,
    clock,
    log,
    historyStaysMs,
  }: Pick<SweepOptions, "store" | "clock" | "log"> & {
    readonly historyStaysMs: number;
  },
  signal: AbortSignal,
): Promise<void> {
  const ages = [
    ...SWEPT_PREFIXES.map((prefix) => [prefix, EXPIRY_MS] as const),
    ...CLOSED_DAYS_PREFIXES.map((prefix) => [prefix, historyStaysMs] as const),
  ];
  for (const [prefix, staysMs] of ages) {
    const before = clock() - staysMs - MARGIN_MS;
    const removed = (await store.expire?.(prefix, before, { signal })) ?? 0;
    log[removed > 0 ? "info" : "debug"]({ prefix, removed }, `swept ${removed} old objects below ${prefix}`);
  }
}
