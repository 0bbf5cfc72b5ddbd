// A limit on how long something is waited for, where it takes no signal to stop.

/**
 * Waits for work, and no longer than some time. The work itself goes on; what it gives or throws
 * later goes nowhere.
 *
 * @param limitMs in ms
 * @param makeError makes what is thrown where the time is over
 * @throws what the work throws
 */
export async function endInTime<T>(work: Promise<T>, limitMs: number, makeError: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(makeError()), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
