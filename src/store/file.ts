// The file driver: a store in a folder, one plain file an object. docs/stores/file.md tells
// operators about it.
import { randomBytes } from "node:crypto";
import { mkdir as mkdirCallback, unlink as unlinkCallback } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import type { Clock } from "../report/clock.ts";
import { FOLDER_MODE, readBody, syncFolder as syncFolderOnDisk } from "./file-body.ts";
import { sweepDrafts } from "./file-drafts.ts";
import { toEntry } from "./file-entry.ts";
import { codeOf, explainFileError, isAbsence } from "./file-error.ts";
import { expireTree, putBack } from "./file-expiry.ts";
import { FolderWatch } from "./file-link.ts";
import { checkRoot, openMarker } from "./file-marker.ts";
import { findOwner } from "./file-owner.ts";
import { listTree } from "./file-tree.ts";
import { FileWriter, TEMPORARY } from "./file-writer.ts";
import { checkKey, type Store } from "./store.ts";

const mkdir = promisify(mkdirCallback);
const unlink = promisify(unlinkCallback);

export interface FileStoreOptions {
  /** The folder; made if it is missing, unless mustExist. */
  readonly root: string;
  readonly mustExist?: boolean;
  /** Nothing is written: no marker, no draft, nothing tidied. Then the folder must exist, too. */
  readonly isReadOnly?: boolean;
  /** Stamps what is stored. */
  readonly clock: Clock;
  /** What no one sets, from any start; ms. */
  readonly monotonic?: () => number;
  /** Waits some milliseconds for a lock that is another's. */
  readonly pause?: (ms: number) => Promise<unknown>;
  /** What the file system's clock says, ms since the epoch; else it is asked. */
  readonly askTime?: () => Promise<number>;
  /** Makes the names in a folder survive a power cut. */
  readonly syncFolder?: (path: string) => Promise<void>;
  /** A new name for a temporary file at each call: letters and digits. */
  readonly random?: () => string;
}

/**
 * Opens a store in a folder. Many processes of one machine may use the folder at once.
 *
 * An object becomes visible by rename(2) or link(2) after its bytes were flushed, and put resolves
 * after the folder was flushed too: so nobody sees half an object, and what was acknowledged
 * survives kill -9 and a power cut.
 *
 * Puts with a condition are atomic against one another, across processes. A put or delete without
 * one does not wait for them: where a key is written with ifMatch, all should write it so.
 *
 * A put never lies over one that began later: of those of one process that is known, of those of
 * others the file system's clock tells it.
 *
 * Symbolic links below the folder are refused, however they came there; the folder itself may be
 * one.
 *
 * @throws StoreError if the folder can not be made or read, or its own folders are links
 */
export async function fileStore(options: FileStoreOptions): Promise<Store> {
  const { root, clock, random = randomName, isReadOnly = false, syncFolder = syncFolderOnDisk } = options;
  const { mustExist = isReadOnly } = options;
  const { monotonic = () => performance.now(), pause = wait } = options;
  const folder = resolve(root);
  await (mustExist ? checkRoot(folder) : makeRoot(folder, syncFolder));
  const marker = await openMarker(folder, { mustExist, isReadOnly });
  const checkStore = () => marker.check();
  const temporary = join(folder, TEMPORARY);
  const folders = new FolderWatch(folder, monotonic);
  await folders.check(`${TEMPORARY}/`);
  if (!isReadOnly) await putBack({ root: folder, temporary, clock });
  const owner = await findOwner(folder);
  const writer = new FileWriter({
    root: folder,
    clock,
    monotonic,
    pause,
    folders,
    syncFolder,
    random,
    owner,
    checkStore,
  });
  const { askTime = () => writer.now() } = options;
  const sweep = () => sweepDrafts({ root: folder, temporary, clock, askTime });
  if (!isReadOnly) await sweep();

  return {
    location: `file:${folder}`,

    async put(key, body, options = {}) {
      checkKey(key);
      return await writer.put(key, body, options);
    },

    async get(key, { maxBytes, signal }) {
      checkKey(key);
      const path = join(folder, key);
      try {
        await folders.checkRecently(key);
        const found = await readBody(path, maxBytes, signal);
        if (found) return { ...toEntry(key, found.stats), body: found.body };
        // What is away with its disk is not absent.
        await checkStore();
        return undefined;
      } catch (error) {
        throw explainFileError(error, "read", path);
      }
    },

    list: (prefix, options = {}) => listTree({ root: folder, clock, checkStore }, prefix, options),

    async expire(prefix, before, expireOptions = {}) {
      await folders.check(`${TEMPORARY}/`);
      const removed = await expireTree(
        { root: folder, temporary, clock, random, checkStore },
        prefix,
        before,
        expireOptions,
      );
      await sweep();
      return removed;
    },

    now: askTime,

    async delete(key) {
      checkKey(key);
      const path = join(folder, key);
      try {
        await folders.check(key);
        await unlink(path);
      } catch (error) {
        // EISDIR: a folder is no object, so there was nothing to remove.
        if (!isAbsence(error) && codeOf(error) !== "EISDIR") throw explainFileError(error, "delete", path);
        await checkStore();
      }
      // Also where nothing was there: whoever removed it may have died before this.
      await syncFolder(dirname(path)).catch((error: unknown) => {
        if (!isAbsence(error)) throw explainFileError(error, "delete", path);
      });
    },
  };
}

function randomName(): string {
  return randomBytes(12).toString("hex");
}

async function makeRoot(root: string, syncFolder: (path: string) => Promise<void>): Promise<void> {
  try {
    const first = await mkdir(root, { recursive: true, mode: FOLDER_MODE });
    if (first === undefined) return;
    for (let made = root; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
  } catch (error) {
    throw explainFileError(error, "make the folder", root);
  }
}
