// The end of a run that does not end by itself, such as one whose folder lies on a file server that
// is gone.
import { PublishError } from "./publisher.ts";

/**
 * How long after its deadline a run may still take, for the request under way and for saving what
 * it did; ms.
 */
export const RUN_GRACE_MS = 60_000;

/** The longest run of a schedule, however seldom it comes; ms. What is left, the next one does. */
export const MAX_RUN_MS = 60 * 60_000;

/** The run did not end in time; what it waits for may still hang. */
export class RunTimedOut extends PublishError {
  override name = "RunTimedOut";
}

/** A run, and when it is over for good. */
export interface LimitedRun<T> {
  /** @throws RunGivenUp if the run did not end in time */
  readonly outcome: Promise<T>;
  /** Resolves when nothing of it goes on any more: a run that hangs may never. */
  readonly ended: Promise<void>;
}

/**
 * Runs for a time at most. What is given up is told by the signal to stop.
 *
 * @param startTimer a signal that aborts after some ms
 */
export function runWithin<T>(
  limitMs: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
  startTimer: (ms: number) => AbortSignal = (ms) => AbortSignal.timeout(ms),
): LimitedRun<T> {
  const timer = startTimer(limitMs);
  const running = run(AbortSignal.any([signal, timer]));
  const ended = running.then(
    () => undefined,
    () => undefined,
  );
  const outcome = new Promise<T>((resolve, reject) => {
    running.then(resolve, reject);
    timer.addEventListener("abort", () =>
      reject(
        new RunTimedOut(`the run did not end within ${Math.ceil(limitMs / 60_000)} minutes and was given up`),
      ),
    );
  });
  return { outcome, ended };
}
