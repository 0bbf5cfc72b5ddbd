// For tests: time that passes when it is told to, for any number of sleepers.

export function createTimeDouble(startsAt = Date.UTC(2024, 0, 1)) {
  let now = 0;
  let jumped = 0;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();

  /** Lets all that can go on without time go on. */
  async function flush(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  return {
    monotonic: () => now,
    clock: () => startsAt + now + jumped,
    sleep: (ms: number, signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        const wake = () => {
          sleepers.delete(sleeper);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        const sleeper = { at: now + ms, wake };
        if (signal.aborted) return resolve();
        sleepers.add(sleeper);
        signal.addEventListener("abort", wake, { once: true });
      }),
    /** Sets the wall clock, and no other, forward or back. */
    jump(ms: number): void {
      jumped += ms;
    },
    /** Lets time pass, waking sleepers in turn. */
    async advance(ms: number): Promise<void> {
      const end = now + ms;
      for (;;) {
        await flush();
        const [next] = [...sleepers].sort((a, b) => a.at - b.at);
        if (!next || next.at > end) break;
        now = Math.max(now, next.at);
        next.wake();
      }
      now = end;
      await flush();
    },
  };
}
