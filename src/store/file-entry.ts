// What a file's inode says about the object in it: its entry, with an etag that needs no reading.
import type { Stats } from "node:fs";
import type { Entry } from "./store.ts";

const SEQUENCE_LENGTH = 998;

/**
 * Makes the entry of a regular file.
 *
 * The etag joins inode, size, mtime and ctime. Replacing a file changes the inode, but file systems
 * hand a freed inode out again at once and the kernel's ctime moves in ticks of some milliseconds,
 * so MtimeSequence tells apart what these two cannot.
 */
export function toEntry(key: string, stats: Stats): Entry {
  // Microseconds: as whole numbers they fit a double, and Stats costs half of what BigIntStats
  // does.
  const mtime = Math.floor(stats.mtimeMs * 1000);
  const ctime = Math.floor(stats.ctimeMs * 1000);
  return {
    key,
    etag: `${stats.ino}-${stats.size}-${mtime}-${ctime}`,
    size: stats.size,
    lastModified: Math.floor(stats.mtimeMs),
  };
}

/**
 * Gives mtimes whose milliseconds are the clock's and whose microseconds count puts, so that two
 * bodies stored in the same millisecond differ in their etag.
 */
export class MtimeSequence {
  #next: number;

  /** @param start any whole number; two processes on one folder should not start alike */
  constructor(start: number) {
    this.#next = start % SEQUENCE_LENGTH;
  }

  /**
   * @param now ms since the epoch
   * @returns seconds since the epoch, as futimes takes them
   */
  stamp(now: number): number {
    this.#next = (this.#next + 1) % SEQUENCE_LENGTH;
    // Half a microsecond more than asked: futimes takes a double and cuts it, and no step may fall
    // onto its neighbour.
    return (Math.floor(now) * 1000 + 1 + this.#next + 0.5) / 1_000_000;
  }
}
