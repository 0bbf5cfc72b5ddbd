// The file driver's put: draft, flush, place, flush again.
import { randomBytes } from "node:crypto";
import {
  close as closeCallback,
  fstat as fstatCallback,
  fsync as fsyncCallback,
  futimes as futimesCallback,
  link as linkCallback,
  mkdir as mkdirCallback,
  open as openCallback,
  rename as renameCallback,
  unlink as unlinkCallback,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Clock } from "../report/clock.ts";
import { FOLDER_MODE, writeBody } from "./file-body.ts";
import { MtimeSequence, toEntry } from "./file-entry.ts";
import { codeOf, explainFileError } from "./file-error.ts";
import type { FolderWatch } from "./file-link.ts";
import { type Lock, LockTaken, takeLock } from "./file-lock.ts";
import { type ExistingFile, isOvertakenBy, readExistingFile } from "./file-order.ts";
import type { StoreOwner } from "./file-owner.ts";
import { PutOrder } from "./put-order.ts";
import { PreconditionFailed, type PutOptions, type PutOutcome } from "./store.ts";

const close = promisify(closeCallback);
const fstat = promisify(fstatCallback);
const fsync = promisify(fsyncCallback);
const futimes = promisify(futimesCallback);
const link = promisify(linkCallback);
const mkdir = promisify(mkdirCallback);
const open = promisify(openCallback);
const rename = promisify(renameCallback);
const unlink = promisify(unlinkCallback);

const FILE_MODE = 0o600;

/** Hidden, so no key can name it and no listing shows it. */
export const TEMPORARY = ".tmp";

export interface WriterOptions {
  /** The store's folder, absolute; it exists. */
  readonly root: string;
  readonly clock: Clock;
  /** What no one sets, from any start; ms. */
  readonly monotonic: () => number;
  /** Waits some milliseconds for a lock that is another's. */
  readonly pause: (ms: number) => Promise<unknown>;
  readonly folders: FolderWatch;
  /** Makes the names in a folder durable. */
  readonly syncFolder: (path: string) => Promise<void>;
  /** A new name for a temporary file at each call. */
  readonly random: () => string;
  readonly owner: StoreOwner;
  /** Throws if the folder is not the store's: nothing is made in it then. */
  readonly checkStore: () => Promise<void>;
}

/** A put under way. */
interface Draft {
  readonly key: string;
  /** Where it goes. */
  readonly path: string;
  readonly body: Uint8Array;
  readonly options: PutOptions;
  readonly turn: ReturnType<PutOrder["begin"]>;
  /** What lay there when it began. */
  readonly before: ExistingFile;
}

/** Puts objects into a folder; file.ts tells what it promises. */
export class FileWriter {
  readonly #root: string;
  readonly #temporary: string;
  readonly #options: WriterOptions;
  readonly #mtimes = new MtimeSequence(randomBytes(2).readUInt16LE());
  readonly #order = new PutOrder();
  /** Folders that exist and whose names are flushed. */
  readonly #made = new Map<string, Promise<void>>();

  constructor(options: WriterOptions) {
    this.#root = options.root;
    this.#temporary = join(options.root, TEMPORARY);
    this.#options = options;
  }

  async put(key: string, body: Uint8Array, options: PutOptions): Promise<PutOutcome> {
    const path = join(this.#root, key);
    const turn = this.#order.begin(key);
    try {
      await this.#checkPlace(key);
      const before = await readExistingFile(path);
      // Fails early, before anything is written; placing the file decides.
      checkCondition(key, before, options);
      const draft = { key, path, body, options, turn, before };
      try {
        return await this.#write(draft);
      } catch (error) {
        // Somebody removed a folder that this process had made, or the draft: make it again, once.
        if (codeOf(error) !== "ENOENT") throw error;
      }
      this.#made.clear();
      await this.#checkPlace(key);
      return await this.#write(draft);
    } catch (error) {
      throw explainFileError(error, "write", path);
    } finally {
      this.#order.end(turn);
    }
  }

  /** @throws StoreError if the folder is not the store's, or a link is on the way */
  async #checkPlace(key: string): Promise<void> {
    await this.#options.checkStore();
    await Promise.all([this.#options.folders.check(key), this.#options.folders.check(`${TEMPORARY}/`)]);
  }

  /**
   * What the file system's clock says, which stamps files that are just written: a network one's is
   * not this machine's. ms since the epoch
   */
  async now(): Promise<number> {
    await this.#checkPlace("");
    const draft = join(this.#temporary, this.#options.random());
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
      throw explainFileError(error, "write", draft);
    }
  }

  async #write({ key, path, body, options, turn, before }: Draft): Promise<PutOutcome> {
    await Promise.all([this.#makeFolder(this.#temporary), this.#makeFolder(dirname(path))]);
    const draft = join(this.#temporary, this.#options.random());
    const fd = await open(draft, "wx", FILE_MODE);
    try {
      const { birthtimeMs } = await fstat(fd);
      await this.#options.owner.giveFile(fd);
      await writeBody(fd, body);
      const mtime = this.#mtimes.stamp(this.#options.clock());
      await futimes(fd, mtime, mtime);
      await fsync(fd);
      const isPlaced = await this.#order.place(turn, (isOvertaken) =>
        this.#place({ key, draft, path, options, before, beganAt: birthtimeMs, isOvertaken }),
      );
      // Through the descriptor, not the path, which may be another's by now; and after renaming,
      // which changes the ctime.
      const stats = await fstat(fd);
      await this.#options.syncFolder(dirname(path));
      // Only what lies in the store may be acknowledged: its disk may have gone since the first
      // look.
      await this.#options.checkStore();
      return { ...toEntry(key, stats), ...(!isPlaced && { isOvertaken: true as const }) };
    } finally {
      // Gone already if it was placed; if it can not be removed, a sweep will.
      await unlink(draft).catch(() => undefined);
      await close(fd);
    }
  }

  /** @returns false where the put is left out, since one that began later lies there */
  async #place(placing: {
    readonly key: string;
    readonly draft: string;
    readonly path: string;
    readonly options: PutOptions;
    readonly before: ExistingFile;
    readonly beganAt: number;
    readonly isOvertaken: boolean;
  }): Promise<boolean> {
    const { key, draft, path, options, before, beganAt, isOvertaken } = placing;
    if (options.ifNoneMatch) {
      try {
        await link(draft, path);
        // Before its inode is looked at, whose ctime this changes.
        await unlink(draft);
        return true;
      } catch (error) {
        if (codeOf(error) === "EEXIST") throw new PreconditionFailed(`[store] [file] ${key} exists already`);
        throw error;
      }
    }
    const isConditional = options.ifMatch !== undefined;
    if (isOvertaken && !isConditional) return false;
    const lock = await this.#lock(key, isConditional);
    try {
      const now = await readExistingFile(path);
      checkCondition(key, now, options);
      if (!isConditional && isOvertakenBy(before, now, beganAt)) return false;
      await lock?.check().catch((error: unknown) => {
        if (isConditional || !(error instanceof LockTaken)) throw error;
      });
      await rename(draft, path);
      return true;
    } finally {
      await lock?.release();
    }
  }

  /**
   * A put without a condition is not held up by a lock for good: it then goes by what it sees
   * alone.
   */
  async #lock(key: string, isConditional: boolean): Promise<Lock | undefined> {
    try {
      const { monotonic, pause, random } = this.#options;
      return await takeLock({ folder: this.#temporary, key, monotonic, pause, random });
    } catch (error) {
      if (isConditional || !(error instanceof LockTaken)) throw error;
      return undefined;
    }
  }

  /** Makes a folder below the root and flushes its name, once in a process. */
  #makeFolder(path: string): Promise<void> {
    if (path === this.#root) return Promise.resolve();
    let making = this.#made.get(path);
    if (!making) {
      making = this.#makeMissing(path).catch((error: unknown) => {
        this.#made.delete(path);
        throw error;
      });
      this.#made.set(path, making);
    }
    return making;
  }

  async #makeMissing(path: string): Promise<void> {
    const parent = dirname(path);
    await this.#makeFolder(parent);
    try {
      await mkdir(path, FOLDER_MODE);
      await this.#options.owner.giveFolder(path);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
    await this.#options.syncFolder(parent);
  }
}

function checkCondition(key: string, standing: ExistingFile, { ifMatch, ifNoneMatch }: PutOptions): void {
  const found = standing?.isFile() ? toEntry(key, standing).etag : undefined;
  if (ifNoneMatch && found !== undefined)
    throw new PreconditionFailed(`[store] [file] ${key} exists already`);
  if (ifMatch !== undefined && found !== ifMatch)
    throw new PreconditionFailed(`[store] [file] ${key} is not the object expected`);
}
