// What is kept of answers: one bound in bytes over all of them, so that memory follows the roll;
// what was made of an older roll goes first.
import type { Table } from "../roll/table.ts";
import type { RollView } from "../roll/view.ts";

/** Answers may take as many bytes as the roll itself has, and this many in any case. */
const FLOOR_BYTES = 32 * 1024 * 1024;

/** What an entry costs besides its value: its key, and its place. */
const ENTRY_BYTES = 512;

/** Values of one kind, by key. */
export interface CachePartition<Value> {
  get(key: string): Value | undefined;
  /** Keeps a value, if it is no larger than all may be together. @param bytes that it holds */
  set(key: string, value: Value, bytes: number): void;
  delete(key: string): void;
}

export interface AnswerCache {
  /** Most bytes of all values together. */
  readonly maxBytes: number;
  /** Bytes of what is kept. */
  readonly bytes: number;
  /**
   * Says which view answers are made from now on: the bound follows its size, and what no other
   * view can have is let go.
   */
  follow(view: RollView): void;
  /**
   * @param lasts whether values are right for every view, as those are that are named by their
   *   bytes; others go with their view
   */
  openPartition<Value>(lasts: boolean): CachePartition<Value>;
}

interface Entry {
  readonly home: Map<string, Entry>;
  readonly key: string;
  readonly value: unknown;
  readonly bytes: number;
  readonly lasts: boolean;
  /** The last view's that it was of use for. */
  version: number;
}

/** Makes an empty cache. */
export function createAnswerCache(floorBytes = FLOOR_BYTES): AnswerCache {
  /** The one used longest ago first. */
  const entries = new Set<Entry>();
  let version = Number.NEGATIVE_INFINITY;
  let bytes = 0;
  let maxBytes = floorBytes;

  function remove(entry: Entry): void {
    if (!entries.delete(entry)) return;
    entry.home.delete(entry.key);
    bytes -= entry.bytes;
  }

  function makeRoom(): void {
    if (bytes <= maxBytes) return;
    for (const entry of entries) if (bytes > maxBytes && entry.version !== version) remove(entry);
    for (const entry of entries) if (bytes > maxBytes) remove(entry);
  }

  return {
    get maxBytes() {
      return maxBytes;
    },
    get bytes() {
      return bytes;
    },
    follow(view) {
      // A partial view has a version of its own, and comes once.
      if (view.version === version || view.partial) return;
      version = view.version;
      maxBytes = Math.max(floorBytes, measureTable(view.reports));
      for (const entry of entries) if (!entry.lasts) remove(entry);
      makeRoom();
    },
    openPartition<Value>(lasts: boolean): CachePartition<Value> {
      const home = new Map<string, Entry>();
      return {
        get(key) {
          const entry = home.get(key);
          if (!entry) return undefined;
          entry.version = version;
          entries.delete(entry);
          entries.add(entry);
          return entry.value as Value;
        },
        set(key, value, size) {
          const known = home.get(key);
          if (known) remove(known);
          const entry: Entry = {
            home,
            key,
            value,
            bytes: size + ENTRY_BYTES + key.length * 2,
            lasts,
            version,
          };
          if (entry.bytes > maxBytes) return;
          home.set(key, entry);
          entries.add(entry);
          bytes += entry.bytes;
          makeRoom();
        },
        delete(key) {
          const known = home.get(key);
          if (known) remove(known);
        },
      };
    },
  };
}

/** Bytes of the segments that a table has. */
function measureTable({ segments }: Table): number {
  return segments.reduce((sum, { bodies, names }) => sum + bodies.length + names.length, 0);
}
