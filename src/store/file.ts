// The file driver: a store in a folder, one plain file an object. docs/stores/file.md tells operators about it.
import { randomBytes } from "node:crypto";
import { lstat as lstatCallback, mkdir as mkdirCallback, readdir as readdirCallback, unlink as unlinkCallback } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Clock } from "../report/clock.ts";
import { readBody, syncFolder } from "./file-body.ts";
import { toEntry } from "./file-entry.ts";
import { codeOf, explain, isAbsence } from "./file-error.ts";
import { expireTree, isMoved, putBack } from "./file-expiry.ts";
import { checkRoot, openMarker } from "./file-marker.ts";
import { listTree } from "./file-tree.ts";
import { FileWriter, TEMPORARY } from "./file-writer.ts";
import { checkKey, type Store } from "./store.ts";

const lstat = promisify(lstatCallback);
const mkdir = promisify(mkdirCallback);
const readdir = promisify(readdirCallback);
const unlink = promisify(unlinkCallback);

/** A file in .tmp this old was left by a writer that died. */
const LEFTOVER_MS = 60 * 60 * 1000;

const FOLDER_MODE = 0o700;

export interface FileStoreOptions {
  /** The folder; made if it is missing, unless mustExist. */
  readonly root: string;
  readonly mustExist?: boolean;
  /** Stamps what is stored, and tells old locks and leftovers. */
  readonly clock: Clock;
  /** A new name for a temporary file at each call: letters and digits. */
  readonly random?: () => string;
}

/**
 * Opens a store in a folder. Many processes of one machine may use the folder at once.
 *
 * An object becomes visible by rename(2) or link(2) after its bytes were flushed, and put resolves after the folder was
 * flushed too: so nobody sees half an object, and what was acknowledged survives kill -9 and a power cut.
 *
 * Puts with a condition are atomic against one another, across processes. A put or delete without one does not wait for
 * them: where a key is written with ifMatch, all should write it so.
 *
 * @throws StoreError if the folder can not be made or read
 */
export async function fileStore({ root, clock, random = randomName, mustExist = false }: FileStoreOptions): Promise<Store> {
  const folder = resolve(root);
  await (mustExist ? checkRoot(folder) : makeRoot(folder));
  const marker = await openMarker(folder, { mustExist });
  const checkStore = () => marker.check();
  const temporary = join(folder, TEMPORARY);
  await putBack({ root: folder, temporary, clock });
  const writer = new FileWriter({ root: folder, clock, random, checkStore });
  await sweep(temporary, clock(), () => writer.now());

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
        const found = await readBody(path, maxBytes, signal);
        if (found) return { ...toEntry(key, found.stats), body: found.body };
        // What is away with its disk is not absent.
        await checkStore();
        return undefined;
      } catch (error) {
        throw explain(error, "read", path);
      }
    },

    list: (prefix, options = {}) => listTree({ root: folder, checkStore }, prefix, options),

    expire: (prefix, before, options = {}) =>
      expireTree({ root: folder, temporary, clock, random, checkStore }, prefix, before, options),

    now: () => writer.now(),

    async delete(key) {
      checkKey(key);
      const path = join(folder, key);
      try {
        await unlink(path);
      } catch (error) {
        // EISDIR: a folder is no object, so there was nothing to remove.
        if (isAbsence(error) || codeOf(error) === "EISDIR") return await checkStore();
        throw explain(error, "delete", path);
      }
    },
  };
}

function randomName(): string {
  return randomBytes(12).toString("hex");
}

async function makeRoot(root: string): Promise<void> {
  try {
    const first = await mkdir(root, { recursive: true, mode: FOLDER_MODE });
    if (first === undefined) return;
    for (let made = root; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
  } catch (error) {
    throw explain(error, "make the folder", root);
  }
}

/**
 * Removes what writers that died left in .tmp. A failure is not the opener's trouble: leftovers are never seen as objects.
 *
 * @param askTime what the file system's clock says: by a wrong one of this machine a draft under way would seem old
 */
async function sweep(folder: string, now: number, askTime: () => Promise<number>): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  let time: Promise<number> | undefined;
  // What an expiry moved there may be a live object's, and has a way back of its own.
  const drafts = names.filter((name) => !isMoved(name));
  const removals = drafts.map(async (name) => {
    const path = join(folder, name);
    const stats = await lstat(path);
    if (now - stats.mtimeMs <= LEFTOVER_MS) return;
    time ??= askTime();
    if ((await time) - stats.mtimeMs > LEFTOVER_MS) await unlink(path);
  });
  await Promise.allSettled(removals);
}
