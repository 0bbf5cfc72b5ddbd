// Cooperative yielding: long work goes in slices that are counted in bytes, and between two of them
// other requests get their time.

/**
 * Bytes looked at in one go: some milliseconds of work. Rows would not do, since who writes reports
 * chooses how large they are. One report at most comes on top, as none is divided.
 */
export const SLICE_BYTES = 1024 * 1024;

/** What a row costs besides its bytes, where only numbers are looked at; bytes. */
export const ROW_BYTES = 16;

/** What the name of a host costs; bytes. */
export const HOST_NAME_BYTES = 128;

/** Lets other work go on after each slice. */
export interface Yielder {
  /**
   * Counts work that is about to be done. @returns undefined to go on at once; else what to wait
   * for before it is done
   */
  spend(bytes: number): Promise<void> | undefined;
}

/** A yielder whose slices several parties share. */
export interface SharedYielder extends Yielder {
  /**
   * The yielder of one party. However much work one of them has under way, the others have their
   * turn in between: slices go round the parties that wait.
   */
  of(party: string): Yielder;
}

/** Work that waits for its turn. */
interface Waiter {
  readonly bytes: number;
  readonly go: () => void;
  /** Who came after it, of the same party. */
  next?: Waiter;
}

/** Those of one party, linked: taking one costs the same however many wait behind it. */
interface Line {
  readonly first: Waiter;
  last: Waiter;
}

/** The party of work that is nobody's own. */
const HOUSE = "";

/**
 * Makes a yielder.
 *
 * @param pass lets everything else that waits have its turn
 */
export function createYielder(pass: () => Promise<void> = passOnce, sliceBytes = SLICE_BYTES): SharedYielder {
  let spent = 0;
  let isPassing = false;
  /** Of each party the one that came first is first; the party whose turn is next as well. */
  const lines = new Map<string, Line>();

  const hasRoom = (bytes: number) => spent === 0 || spent + bytes <= sliceBytes;

  /** Lets those go on for whom one slice is enough; the others wait for the next. */
  function share(): void {
    spent = 0;
    for (let [next] = lines; next; [next] = lines) {
      const [party, { first, last }] = next;
      if (!hasRoom(first.bytes)) return;
      lines.delete(party);
      if (first.next) lines.set(party, { first: first.next, last });
      spent += first.bytes;
      first.go();
    }
  }

  async function passOn(): Promise<void> {
    isPassing = true;
    while (lines.size > 0) {
      await pass();
      share();
    }
    isPassing = false;
  }

  function wait(party: string, bytes: number): Promise<void> {
    return new Promise((go) => {
      const waiter: Waiter = { bytes, go };
      const line = lines.get(party);
      if (line) line.last = line.last.next = waiter;
      else lines.set(party, { first: waiter, last: waiter });
      if (!isPassing) void passOn();
    });
  }

  const of = (party: string): Yielder => ({
    spend(bytes) {
      if (isPassing || !hasRoom(bytes)) return wait(party, bytes);
      spent += bytes;
      return undefined;
    },
  });
  return { ...of(HOUSE), of };
}

function passOnce(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Shared by all of this process: together its requests block it no longer than one alone. */
export const SHARED_YIELDER: SharedYielder = createYielder();

/** What everybody waits for has turns of its own. */
export const REFRESH_YIELDER: Yielder = SHARED_YIELDER.of("refresh");

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
