// Leaving: the departure is sent until it is there, or there is no time left.
import type { LeaveReason } from "../report/departure.ts";
import { type Backoff, drawWait } from "../store/backoff.ts";
import type { ReportSink } from "./delivery.ts";

/** Little time is left, so waits are short. */
const BACKOFF: Backoff = { first: 250, cap: 2000 };

/** A try that takes longer is given up: what hangs may go through a new connection; ms. */
const TRY_MS = 5000;

/**
 * A host that comes back waits so long after its departure: a store that tells whole seconds must
 * see the report as the later one; ms.
 */
export const RETURN_AFTER_MS = 1500;

export interface LeaveOptions {
  readonly sink: ReportSink;
  readonly random: () => number;
  /** Waits; ends early, without an error, when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Sends a host's departure.
 *
 * @param signal ends the tries
 * @returns whether it got there
 */
export async function leave(
  { sink, random, sleep, onFailure }: LeaveOptions,
  { id, reason }: { id: string; reason: LeaveReason },
  signal: AbortSignal,
): Promise<boolean> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      await sink.leave(id, reason, AbortSignal.any([signal, AbortSignal.timeout(TRY_MS)]));
      return true;
    } catch (error) {
      // What the runtimes say of a request that was called off is not for people.
      onFailure(signal.aborted ? new Error("no answer came before the agent had to stop") : error);
      await sleep(drawWait(attempt, random(), BACKOFF), signal);
    }
  }
  return false;
}
