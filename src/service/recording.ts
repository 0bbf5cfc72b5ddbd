// Recording, beside a server: history's recorder at its times, whether anybody asks or not.
import type { Logger } from "pino";
import type { Outcome, Recorder } from "../history/recorder.ts";

export interface RecordingOptions {
  readonly recorder: Recorder;
  /** How often; ms. */
  readonly everyMs: number;
  readonly log: Logger;
  /** Waits; ends early, without an error, when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Records until the signal aborts. Never rejects: no answer depends on it. What keeps it from
 * recording, such as a store that may only be read, is said once until it has recorded again.
 */
export async function runRecording(
  { recorder, everyMs, log, sleep }: RecordingOptions,
  signal: AbortSignal,
): Promise<void> {
  let told: string | undefined;

  function tell(reason: string, cause: object): void {
    if (reason === told) return;
    told = reason;
    log.warn(cause, `history is not recorded: ${reason}; it is tried again each time`);
  }

  function take(outcome: Outcome): void {
    if (outcome.kind === "not_recorded") {
      tell(outcome.reason, {});
      return;
    }
    if (told !== undefined) log.info("history is recorded again");
    told = undefined;
    log.debug(outcome, "history");
  }

  while (!signal.aborted) {
    await sleep(everyMs, signal);
    if (signal.aborted) return;
    try {
      take(await recorder.record(signal));
    } catch (error) {
      if (!signal.aborted) tell(error instanceof Error ? error.message : String(error), { err: error });
    }
  }
}
