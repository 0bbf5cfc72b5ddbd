// Keeping the log short: once a day, after a recorder's first entry of it, days that are over are
// closed, and entries of those closed before are removed.
import { type CloseOptions, closeDays } from "./close-days.ts";
import type { Recorder } from "./recorder.ts";
import { removeEntries } from "./remove-entries.ts";
import { dayOf } from "./step.ts";

export interface KeepDaysOptions extends CloseOptions {
  /**
   * Called where closing fails; it is tried again after the next entry that comes so much later.
   */
  readonly onNotice: (notice: string, error?: unknown) => void;
}

/** After a failure it is tried again no sooner; ms of entries' instants. */
const CLOSE_AGAIN_MS = 15 * 60_000;

/**
 * Makes a recorder that closes days as well. A look that begins a day takes longer by that; what it
 * recorded stands before, and no failure of closing is one of recording.
 */
export function keepDays(recorder: Recorder, options: KeepDaysOptions): Recorder {
  let closedBefore = Number.NEGATIVE_INFINITY;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  return {
    async record(signal) {
      const outcome = await recorder.record(signal);
      if (outcome.kind !== "recorded" || dayOf(outcome.at) <= closedBefore || outcome.at < pausedUntil)
        return outcome;
      try {
        await closeDays(options, signal);
        const broken = await removeEntries(options.store, signal);
        for (const fault of broken) options.onNotice(`${fault}; it is closed again from its entries`);
        if (broken.length > 0) await closeDays(options, signal);
        closedBefore = dayOf(outcome.at);
      } catch (error) {
        signal?.throwIfAborted();
        pausedUntil = outcome.at + CLOSE_AGAIN_MS;
        options.onNotice("days of history could not be closed; the next try is in 15 minutes", error);
      }
      return outcome;
    },
  };
}
