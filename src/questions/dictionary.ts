// Dictionaries: each distinct value of a field once, found again by its bytes without making a
// string of it.
import { hashBytes } from "../report/hash.ts";

const FIRST_CAPACITY = 1024;

/** Values by number, from 0; it only grows. */
export interface Dictionary {
  readonly count: number;
  /** Bytes that are held. */
  readonly bytes: number;
  /** The number of a value, given as a stretch of bytes; it is taken in if it is new. */
  number(bytes: Buffer, start: number, end: number): number;
  /** The number of a value that is known; undefined for another, which is not taken in. */
  find(bytes: Buffer, start: number, end: number): number | undefined;
  /** The bytes of a value. */
  read(number: number): Buffer;
}

/**
 * Makes an empty dictionary: a hash table with open addressing over bytes that lie one after the
 * other.
 */
export function createDictionary(): Dictionary {
  let slots = new Int32Array(FIRST_CAPACITY * 2).fill(-1);
  let hashes = new Uint32Array(FIRST_CAPACITY);
  let starts = new Uint32Array(FIRST_CAPACITY + 1);
  let held = Buffer.allocUnsafeSlow(FIRST_CAPACITY * 16);
  let count = 0;

  function isSame(number: number, bytes: Buffer, start: number, end: number): boolean {
    const at = starts[number] as number;
    if ((starts[number + 1] as number) - at !== end - start) return false;
    for (let index = start; index < end; index++) if (held[at + index - start] !== bytes[index]) return false;
    return true;
  }

  function add(hash: number, bytes: Buffer, start: number, end: number): number {
    const at = starts[count] as number;
    if (count === hashes.length) {
      hashes = grow(hashes, new Uint32Array(count * 2));
      starts = grow(starts, new Uint32Array(count * 2 + 1));
    }
    while (at + end - start > held.length) held = grow(held, Buffer.allocUnsafeSlow(held.length * 2));
    bytes.copy(held, at, start, end);
    hashes[count] = hash;
    starts[count + 1] = at + end - start;
    return count++;
  }

  function rehash(): void {
    slots = new Int32Array(slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let number = 0; number < count; number++) {
      let slot = (hashes[number] as number) & mask;
      while (slots[slot] !== -1) slot = (slot + 1) & mask;
      slots[slot] = number;
    }
  }

  return {
    get count() {
      return count;
    },
    get bytes() {
      return starts[count] as number;
    },
    find(bytes, start, end) {
      const hash = hashBytes(bytes, start, end);
      const mask = slots.length - 1;
      for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
        const number = slots[slot] as number;
        if (number === -1) return undefined;
        if (hashes[number] === hash && isSame(number, bytes, start, end)) return number;
      }
    },
    number(bytes, start, end) {
      const hash = hashBytes(bytes, start, end);
      const mask = slots.length - 1;
      let slot = hash & mask;
      for (;;) {
        const number = slots[slot] as number;
        if (number === -1) break;
        if (hashes[number] === hash && isSame(number, bytes, start, end)) return number;
        slot = (slot + 1) & mask;
      }
      const number = add(hash, bytes, start, end);
      slots[slot] = number;
      if (count * 2 > slots.length) rehash();
      return number;
    },
    read: (number) => held.subarray(starts[number], starts[number + 1]),
  };
}

function grow<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
