// Symbolic links in a store's folder: refused on the way to an object, so that nothing behind one
// is lost unseen.
import { lstat as lstatCallback } from "node:fs";
import { promisify } from "node:util";
import { explainFileError, isAbsence } from "./file-error.ts";
import { StoreError, Unreadable } from "./store.ts";

const lstat = promisify(lstatCallback);

/**
 * How long a folder that was looked at counts as looked at, for those who only read; ms. A listing
 * looks at all of them anyway.
 */
const READ_AGAIN_MS = 1000;

/** Folders that are remembered. There are as many as accounts, and some. */
const MAX_KNOWN_FOLDERS = 10_000;

/** What is said of a link where a folder should be. */
export function refuseLink(path: string): StoreError {
  return new StoreError(
    `[store] [file] ${path} is a symbolic link, and a store has none inside; put ` +
      "what it leads to in its place (rm, then mv), or link the store's folder as a " +
      "whole",
  );
}

/** What is said of a link where an object should be. */
export function refuseLinkedObject(path: string): Unreadable {
  return new Unreadable(
    `[store] [file] ${path} is a symbolic link, which is not followed; put the file itself in its place (mv)`,
  );
}

/** Looks at the folders between a store's root and its objects. */
export class FolderWatch {
  readonly #root: string;
  readonly #monotonic: () => number;
  readonly #known = new Map<string, number>();

  /** @param monotonic what no one sets; ms */
  constructor(root: string, monotonic: () => number) {
    this.#root = root;
    this.#monotonic = monotonic;
  }

  /**
   * Looks at each folder on the way to a path.
   *
   * @param key below the root, its last part not looked at
   * @param maxAgeMs how long ago a folder may have been looked at before
   * @throws StoreError if one of them is a link
   */
  async check(key: string, maxAgeMs = 0): Promise<void> {
    for (let end = key.indexOf("/"); end >= 0; end = key.indexOf("/", end + 1)) {
      const folder = key.slice(0, end);
      const now = this.#monotonic();
      const seen = this.#known.get(folder);
      if (seen !== undefined && maxAgeMs > 0 && now - seen < maxAgeMs) continue;
      if (!(await this.#look(folder))) return;
      if (this.#known.size >= MAX_KNOWN_FOLDERS) this.#known.clear();
      this.#known.set(folder, now);
    }
  }

  /**
   * For those who read many objects, and may be some moments behind. @throws StoreError likewise
   */
  async checkRecently(key: string): Promise<void> {
    await this.check(key, READ_AGAIN_MS);
  }

  /** @returns whether anything is there */
  async #look(folder: string): Promise<boolean> {
    const path = `${this.#root}/${folder}`;
    try {
      if ((await lstat(path)).isSymbolicLink()) throw refuseLink(path);
      return true;
    } catch (error) {
      if (isAbsence(error)) return false;
      throw explainFileError(error, "look at", path);
    }
  }
}
