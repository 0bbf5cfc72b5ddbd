// The file driver's put: draft, flush, place, flush again.
import { randomBytes } from "node:crypto";
import {
  close as closeCallback,
  fstat as fstatCallback,
  fsync as fsyncCallback,
  futimes as futimesCallback,
  link as linkCallback,
  lstat as lstatCallback,
  mkdir as mkdirCallback,
  open as openCallback,
  rename as renameCallback,
  type Stats,
  unlink as unlinkCallback,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Clock } from "../report/clock.ts";
import { syncFolder, writeBody } from "./file-body.ts";
import { MtimeSequence, toEntry } from "./file-entry.ts";
import { codeOf, explain, isAbsence } from "./file-error.ts";
import { takeLock } from "./file-lock.ts";
import { type Entry, PreconditionFailed, type PutOptions } from "./store.ts";

const close = promisify(closeCallback);
const fstat = promisify(fstatCallback);
const fsync = promisify(fsyncCallback);
const futimes = promisify(futimesCallback);
const link = promisify(linkCallback);
const lstat = promisify(lstatCallback);
const mkdir = promisify(mkdirCallback);
const open = promisify(openCallback);
const rename = promisify(renameCallback);
const unlink = promisify(unlinkCallback);

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** Hidden, so no key can name it and no listing shows it. */
export const TEMPORARY = ".tmp";

export interface WriterOptions {
  /** The store's folder, absolute; it exists. */
  readonly root: string;
  readonly clock: Clock;
  /** A new name for a temporary file at each call. */
  readonly random: () => string;
  /** Throws if the folder is not the store's: nothing is made in it then. */
  readonly checkStore: () => Promise<void>;
}

/** Puts objects into a folder; file.ts tells what it promises. */
export class FileWriter {
  readonly #root: string;
  readonly #temporary: string;
  readonly #clock: Clock;
  readonly #random: () => string;
  readonly #checkStore: () => Promise<void>;
  readonly #mtimes = new MtimeSequence(randomBytes(2).readUInt16LE());
  /** Folders that exist and whose names are flushed. */
  readonly #folders = new Map<string, Promise<void>>();

  constructor({ root, clock, random, checkStore }: WriterOptions) {
    this.#root = root;
    this.#temporary = join(root, TEMPORARY);
    this.#clock = clock;
    this.#random = random;
    this.#checkStore = checkStore;
  }

  async put(key: string, body: Uint8Array, options: PutOptions): Promise<Entry> {
    const path = join(this.#root, key);
    await this.#checkStore();
    // Fails early, before anything is written; placing the file decides.
    if (options.ifMatch !== undefined || options.ifNoneMatch) await checkCondition(key, path, options);
    try {
      return await this.#write(key, path, body, options);
    } catch (error) {
      // Somebody removed a folder that this process had made: make it again, once.
      if (codeOf(error) !== "ENOENT") throw explain(error, "write", path);
    }
    this.#folders.clear();
    await this.#checkStore();
    try {
      return await this.#write(key, path, body, options);
    } catch (error) {
      throw explain(error, "write", path);
    }
  }

  /** What the file system's clock says, which stamps files that are just written: a network one's is not this machine's. ms since the epoch */
  async now(): Promise<number> {
    await this.#checkStore();
    const draft = join(this.#temporary, this.#random());
    try {
      await this.#makeFolder(this.#temporary);
      const fd = await open(draft, "wx", FILE_MODE);
      try {
        return (await fstat(fd)).mtimeMs;
      } finally {
        await close(fd);
        await unlink(draft);
      }
    } catch (error) {
      throw explain(error, "write", draft);
    }
  }

  async #write(key: string, path: string, body: Uint8Array, options: PutOptions): Promise<Entry> {
    await Promise.all([this.#makeFolder(this.#temporary), this.#makeFolder(dirname(path))]);
    const draft = join(this.#temporary, this.#random());
    const fd = await open(draft, "wx", FILE_MODE);
    try {
      await writeBody(fd, body);
      const mtime = this.#mtimes.stamp(this.#clock());
      await futimes(fd, mtime, mtime);
      await fsync(fd);
      await this.#place(key, draft, path, options);
      // Through the descriptor, not the path, which may be another's by now; and after renaming, which changes the ctime.
      const stats = await fstat(fd);
      await syncFolder(dirname(path));
      // Only what lies in the store may be acknowledged: its disk may have gone since the first look.
      await this.#checkStore();
      return toEntry(key, stats);
    } catch (error) {
      // Gone already if it was placed; if it can not be removed, the sweep at the next opening will, and `error` tells why.
      await unlink(draft).catch(() => undefined);
      throw error;
    } finally {
      await close(fd);
    }
  }

  async #place(key: string, draft: string, path: string, options: PutOptions): Promise<void> {
    if (options.ifMatch !== undefined) {
      const lock = await takeLock({ folder: this.#temporary, key, clock: this.#clock, random: this.#random });
      try {
        await checkCondition(key, path, options);
        await lock.check();
        await rename(draft, path);
      } finally {
        await lock.release();
      }
    } else if (options.ifNoneMatch) {
      try {
        await link(draft, path);
      } catch (error) {
        if (codeOf(error) === "EEXIST") throw new PreconditionFailed(`[store] [file] ${key} exists already`);
        throw error;
      }
      await unlink(draft);
    } else await rename(draft, path);
  }

  /** Makes a folder below the root and flushes its name, once in a process. */
  #makeFolder(path: string): Promise<void> {
    if (path === this.#root) return Promise.resolve();
    let making = this.#folders.get(path);
    if (!making) {
      making = this.#makeMissing(path).catch((error: unknown) => {
        this.#folders.delete(path);
        throw error;
      });
      this.#folders.set(path, making);
    }
    return making;
  }

  async #makeMissing(path: string): Promise<void> {
    const parent = dirname(path);
    await this.#makeFolder(parent);
    try {
      await mkdir(path, FOLDER_MODE);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
    await syncFolder(parent);
  }
}

async function checkCondition(key: string, path: string, { ifMatch, ifNoneMatch }: PutOptions): Promise<void> {
  let stats: Stats | undefined;
  try {
    stats = await lstat(path);
  } catch (error) {
    if (!isAbsence(error)) throw explain(error, "look at", path);
  }
  const found = stats?.isFile() ? toEntry(key, stats).etag : undefined;
  if (ifNoneMatch && found !== undefined) throw new PreconditionFailed(`[store] [file] ${key} exists already`);
  if (ifMatch !== undefined && found !== ifMatch)
    throw new PreconditionFailed(`[store] [file] ${key} is not the object expected`);
}
