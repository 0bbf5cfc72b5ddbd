// Waiting that a signal ends.
import { setTimeout as wait } from "node:timers/promises";
import { MAX_TIMER_MS } from "../specs/duration.ts";

/** Waits; ends early, without an error, when the signal aborts. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await wait(Math.min(ms, MAX_TIMER_MS), undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
