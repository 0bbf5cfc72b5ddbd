// A token bucket: some at once, then one at a time as time goes by. Pure but for the clock that is
// passed in.

export interface TokenBucket {
  /** Takes one. @returns how long to wait until there is one, ms; 0 if it was taken */
  take(): number;
}

/**
 * Makes a full bucket.
 *
 * @param everyMs how often a token comes
 * @param monotonic ms from some fixed instant
 */
export function createTokenBucket(
  { size, everyMs }: { size: number; everyMs: number },
  monotonic: () => number,
): TokenBucket {
  let tokens = size;
  let at = monotonic();
  return {
    take() {
      const now = monotonic();
      tokens = Math.min(size, tokens + (now - at) / everyMs);
      at = now;
      if (tokens < 1) return Math.ceil((1 - tokens) * everyMs);
      tokens--;
      return 0;
    },
  };
}
