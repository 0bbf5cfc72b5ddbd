// Dictionaries: each distinct value of a column once, found again by its bytes, and made into a
// text only where that is needed.
import { hashBytes } from "../../../src/report/hash.ts";

const FIRST_CAPACITY = 256;

/** Of a value, bytes that are held; what is longer ends in an ellipsis. */
const MAX_VALUE_BYTES = 4096;

/** Values by number, from 0; it only grows. */
export interface Dictionary {
  readonly count: number;
  /** Bytes that are held. */
  readonly bytes: number;
  /** Whether some value is longer than what is held of it. */
  readonly hasCut: boolean;
  /** The number of a value, given as a stretch of UTF-8; it is taken in if it is new. */
  number(bytes: Uint8Array, start: number, end: number): number;
  /** The number of a value that is known. */
  find(text: string): number | undefined;
  text(number: number): string;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Makes an empty one: a hash table with open addressing over bytes that lie side by side. */
export function createDictionary(): Dictionary {
  let slots = new Int32Array(FIRST_CAPACITY * 2).fill(-1);
  let hashes = new Uint32Array(FIRST_CAPACITY);
  let starts = new Uint32Array(FIRST_CAPACITY + 1);
  let held = new Uint8Array(FIRST_CAPACITY * 16);
  let count = 0;
  let hasCut = false;
  const texts: (string | undefined)[] = [];

  function isSame(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    const at = starts[number] as number;
    if ((starts[number + 1] as number) - at !== end - start) return false;
    for (let index = start; index < end; index++) if (held[at + index - start] !== bytes[index]) return false;
    return true;
  }

  /** The slot that has a value, or that it would get. */
  function findSlot(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = slots[slot] as number;
      if (number === -1 || (hashes[number] === hash && isSame(number, bytes, start, end))) return slot;
    }
  }

  function add(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const at = starts[count] as number;
    if (count === hashes.length) {
      hashes = grow(hashes, new Uint32Array(count * 2));
      starts = grow(starts, new Uint32Array(count * 2 + 1));
    }
    while (at + end - start > held.length) held = grow(held, new Uint8Array(held.length * 2));
    held.set(bytes.subarray(start, end), at);
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
    get hasCut() {
      return hasCut;
    },
    number(bytes, start, end) {
      if (end - start > MAX_VALUE_BYTES) hasCut = true;
      const last = Math.min(end, start + MAX_VALUE_BYTES);
      const hash = hashBytes(bytes, start, last);
      const slot = findSlot(hash, bytes, start, last);
      const known = slots[slot] as number;
      if (known !== -1) return known;
      const number = add(hash, bytes, start, last);
      slots[slot] = number;
      if (count * 2 > slots.length) rehash();
      return number;
    },
    find(text) {
      const bytes = encoder.encode(text);
      const number = slots[findSlot(hashBytes(bytes, 0, bytes.length), bytes, 0, bytes.length)] as number;
      return number === -1 ? undefined : number;
    },
    text(number) {
      const known = texts[number];
      if (known !== undefined) return known;
      const bytes = held.subarray(starts[number], starts[number + 1]);
      const whole = decoder.decode(bytes);
      // Half a letter at the cut goes.
      const text = bytes.length < MAX_VALUE_BYTES ? whole : `${whole.replace(/\ufffd$/, "")}…`;
      texts[number] = text;
      return text;
    },
  };
}

function grow<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
