// Turns for tests: they tell how many bytes were looked at in the longest slice.
import { createTurns, type Turns } from "../roll/turns.ts";

export interface CountedTurns extends Turns {
  /** Slices so far, and the bytes of the longest one. */
  readonly slices: number;
  readonly longest: number;
}

/** Makes turns that count. @param sliceBytes as in createTurns */
export function countTurns(sliceBytes?: number): CountedTurns {
  let slices = 1;
  let longest = 0;
  let own = 0;
  const turns = createTurns(async () => {
    await new Promise(setImmediate);
    slices++;
    own = 0;
  }, sliceBytes);
  const count = (bytes: number) => {
    own += bytes;
    longest = Math.max(longest, own);
  };
  return {
    get slices() {
      return slices;
    },
    get longest() {
      return longest;
    },
    take(bytes) {
      const wait = turns.take(bytes);
      if (wait !== undefined) return wait.then(() => count(bytes));
      count(bytes);
      return undefined;
    },
  };
}
