// Trying again: one loop for all that another try may mend. Who uses it says what is worth one, and
// how long is waited before it.

export interface RetryOptions {
  /**
   * Asked after each try that failed.
   *
   * @param attempt which one it was, from 1
   * @returns how long to wait before the next, ms; undefined where there is none: then the failure
   *   is thrown
   * @throws what is thrown in its place
   */
  readonly judge: (error: unknown, attempt: number) => number | undefined;
  /** Resolves after ms, or rejects when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs something until it succeeds, or no further try is worth it.
 *
 * @param run is told which try it is, from 1
 * @throws what the last try threw; where the signal ended a wait, its reason
 */
export async function retry<T>(
  run: (attempt: number) => Promise<T>,
  { judge, wait, signal }: RetryOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run(attempt);
    } catch (error) {
      if (signal?.aborted) throw error;
      const pause = judge(error, attempt);
      if (pause === undefined) throw error;
      await wait(pause, signal).catch((reason: unknown) => {
        signal?.throwIfAborted();
        throw reason;
      });
      signal?.throwIfAborted();
    }
  }
}
