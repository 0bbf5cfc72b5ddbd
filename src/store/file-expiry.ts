// The file driver's expiry: removes old files, and never one that was written meanwhile.
import {
  link as linkCallback,
  lstat as lstatCallback,
  mkdir as mkdirCallback,
  readdir as readdirCallback,
  readlink as readlinkCallback,
  rename as renameCallback,
  symlink as symlinkCallback,
  unlink as unlinkCallback,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import pMap from "p-map";
import { FOLDER_MODE, syncFolder } from "./file-body.ts";
import { codeOf, explainFileError, isAbsence } from "./file-error.ts";
import { listTree, type Tree } from "./file-tree.ts";
import { checkKey, type ExpireOptions, InvalidKey } from "./store.ts";

const link = promisify(linkCallback);
const lstat = promisify(lstatCallback);
const mkdir = promisify(mkdirCallback);
const readdir = promisify(readdirCallback);
const readlink = promisify(readlinkCallback);
const rename = promisify(renameCallback);
const symlink = promisify(symlinkCallback);
const unlink = promisify(unlinkCallback);

/** Files under way at a time. */
const CONCURRENT_REMOVALS = 16;

/** Who has not finished with a file in this time has died. */
const STALE_MS = 60_000;

/** Files moved away are named so, in the temporary folder. */
const MOVED = "expired-";
const NOTE = ".key";

/**
 * Whether a file in the temporary folder is one of this module's, which others must leave alone.
 */
export function isMoved(name: string): boolean {
  return name.startsWith(MOVED);
}

export interface ExpiryOptions extends Tree {
  readonly temporary: string;
  /** A new name at each call. */
  readonly random: () => string;
}

/**
 * Removes files below a prefix whose mtime is before a time. Keys that no store takes are left
 * alone.
 *
 * Puts take no lock, so a file may be replaced after it was found old. It is therefore not unlinked
 * in its place but moved away, looked at again, and put back by link(2) if it is another one; if
 * that finds a still newer one there, the newer stands. For the moment between, which is two system
 * calls long, that key has no object.
 *
 * Before it is moved a note of its key is laid beside it, so that what a process leaves that dies
 * in that moment is put back by putBack, which each opening and each expiry begins with.
 *
 * @returns how many were removed
 * @throws StoreError if a folder or file cannot be looked at or moved
 */
export async function expireTree(
  options: ExpiryOptions,
  prefix: string,
  before: number,
  { shallow, signal }: ExpireOptions,
): Promise<number> {
  const { temporary } = options;
  await options.checkStore();
  await mkdir(temporary, { mode: FOLDER_MODE }).catch((error: unknown) => {
    if (codeOf(error) !== "EEXIST") throw explainFileError(error, "make the folder", temporary);
  });
  await putBack(options);
  let removed = 0;
  const walk = { ...(shallow !== undefined && { shallow }), signal };
  for await (const page of listTree(options, prefix, walk)) {
    const old = page.filter(({ key, lastModified }) => lastModified < before && isKey(key));
    await pMap(
      old,
      async ({ key }) => {
        signal?.throwIfAborted();
        if (await removeOld(key, before, options)) removed++;
      },
      { concurrency: CONCURRENT_REMOVALS },
    );
  }
  return removed;
}

async function removeOld(key: string, before: number, options: ExpiryOptions): Promise<boolean> {
  const path = join(options.root, key);
  try {
    // The listing is some time ago; whoever has reported since is not even moved.
    if (!isOlder(await lstat(path), before)) return false;
    return await moveAndRemove(key, path, before, options);
  } catch (error) {
    // Deleted, or expired by another process.
    if (isAbsence(error)) return false;
    throw explainFileError(error, "expire", path);
  }
}

async function moveAndRemove(
  key: string,
  path: string,
  before: number,
  { temporary, clock, random }: ExpiryOptions,
): Promise<boolean> {
  const moved = join(temporary, MOVED + random());
  await symlink(`${Math.floor(clock())}-${key}`, moved + NOTE);
  try {
    await rename(path, moved);
  } catch (error) {
    await unlink(moved + NOTE);
    throw error;
  }
  const wasOld = isOlder(await lstat(moved), before);
  if (!wasOld) await linkBack(moved, path);
  await unlink(moved);
  await unlink(moved + NOTE);
  return wasOld;
}

/**
 * What a process that died had moved away gets its place again, old or not; the next expiry sees to
 * it. Failures are left for the next time.
 */
export async function putBack({
  root,
  temporary,
  clock,
}: Pick<ExpiryOptions, "root" | "temporary" | "clock">): Promise<void> {
  const names = await readdir(temporary).catch(() => []);
  const notes = names.filter((name) => isMoved(name) && name.endsWith(NOTE));
  const work = notes.map(async (name) => {
    const note = join(temporary, name);
    const moved = note.slice(0, -NOTE.length);
    const [, time = "", key = ""] = /^(\d+)-(.*)$/.exec(await readlink(note)) ?? [];
    if (clock() - Number(time) < STALE_MS || !isKey(key)) return;
    try {
      await linkBack(moved, join(root, key));
      await unlink(moved);
    } catch (error) {
      // It died before the move, or after the removal.
      if (codeOf(error) !== "ENOENT") throw error;
    }
    await unlink(note);
  });
  await Promise.allSettled(work);
}

async function linkBack(moved: string, path: string): Promise<void> {
  try {
    await link(moved, path);
    await syncFolder(dirname(path));
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

function isOlder(stats: { readonly mtimeMs: number }, before: number): boolean {
  return Math.floor(stats.mtimeMs) < before;
}

function isKey(key: string): boolean {
  try {
    checkKey(key);
    return true;
  } catch (error) {
    if (error instanceof InvalidKey) return false;
    throw error;
  }
}
