// Cooperative yielding: long work goes in slices that are counted in bytes, and between two of them
// other requests get their time.

/**
 * Bytes looked at in one go: some milliseconds of work. Rows would not do, since who writes reports
 * chooses how large they are. One report at most comes on top, as none is divided.
 */
export const SLICE_BYTES = 1024 * 1024;

/** What a row costs besides its bytes, where only numbers are looked at; bytes. */
export const ROW_BYTES = 16;

/** Lets other work go on after each slice. */
export interface Yielder {
  /**
   * Counts work that is about to be done. @returns undefined to go on at once; else what to wait
   * for before it is done
   */
  spend(bytes: number): Promise<void> | undefined;
}

/**
 * Makes a yielder.
 *
 * @param pass lets everything else that waits have its turn
 */
export function createYielder(pass: () => Promise<void> = passOnce, sliceBytes = SLICE_BYTES): Yielder {
  let spent = 0;
  let passing: Promise<void> | undefined;

  const hasRoom = (bytes: number) => spent === 0 || spent + bytes <= sliceBytes;

  /**
   * Those who wait go on one after the other, and again wait where one slice is not enough for all.
   */
  async function wait(bytes: number): Promise<void> {
    do {
      passing ??= pass().then(() => {
        spent = 0;
        passing = undefined;
      });
      await passing;
    } while (!hasRoom(bytes));
    spent += bytes;
  }

  return {
    spend(bytes) {
      if (passing || !hasRoom(bytes)) return wait(bytes);
      spent += bytes;
      return undefined;
    },
  };
}

function passOnce(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Shared by all of this process: together its requests block it no longer than one alone. */
export const SHARED_YIELDER: Yielder = createYielder();

/**
 * Does work on all places, a slice at a time. The work is a plain loop, which runs several times as
 * fast as one that may wait.
 *
 * @param work begins at a place, stops when it has done about so many bytes of work, and gives the
 *   place after its last
 */
export async function inSlices(
  length: number,
  work: (from: number, bytes: number) => number,
  yielder: Yielder,
): Promise<void> {
  for (let from = 0; from < length; ) {
    // No more is done than was counted: short questions, of which many are asked, do not take whole
    // slices.
    const bytes = Math.min(SLICE_BYTES, (length - from) * ROW_BYTES);
    await yielder.spend(bytes);
    from = work(from, bytes);
  }
}

/** Values sorted in one go. */
const SORTED_AT_ONCE = 128;

/** What one comparison of texts costs; bytes. */
const COMPARISON_BYTES = 512;

/** Sorts in slices; stable, as Array.prototype.sort is. */
export async function sortInSlices<T>(
  values: readonly T[],
  compare: (a: T, b: T) => number,
  yielder: Yielder,
): Promise<T[]> {
  let from: T[] = [];
  for (let at = 0; at < values.length; at += SORTED_AT_ONCE) {
    await yielder.spend(SORTED_AT_ONCE * 7 * COMPARISON_BYTES);
    for (const value of values.slice(at, at + SORTED_AT_ONCE).sort(compare)) from.push(value);
  }
  for (let width = SORTED_AT_ONCE; width < values.length; width *= 2) {
    const to: T[] = [];
    for (let start = 0; start < from.length; start += 2 * width) {
      const [middle, end] = [Math.min(start + width, from.length), Math.min(start + 2 * width, from.length)];
      let [left, right] = [start, middle];
      while (left < middle || right < end) {
        if (to.length % SORTED_AT_ONCE === 0) await yielder.spend(SORTED_AT_ONCE * COMPARISON_BYTES);
        const takesLeft = right >= end || (left < middle && compare(from[left] as T, from[right] as T) <= 0);
        to.push((takesLeft ? from[left++] : from[right++]) as T);
      }
    }
    from = to;
  }
  return from;
}
