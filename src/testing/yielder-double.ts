// A yielder for tests: it tells how many bytes were looked at in the longest slice.
import { createYielder, type Yielder } from "../roll/yielder.ts";

export interface CountedYields extends Yielder {
  /** Slices so far, and the bytes of the longest one. */
  readonly slices: number;
  readonly longest: number;
}

/** Makes a yielder that counts. @param sliceBytes as in createYielder */
export function countYields(sliceBytes?: number): CountedYields {
  let slices = 1;
  let longest = 0;
  let own = 0;
  const yielder = createYielder(async () => {
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
    spend(bytes) {
      const wait = yielder.spend(bytes);
      if (wait !== undefined) return wait.then(() => count(bytes));
      count(bytes);
      return undefined;
    },
  };
}
