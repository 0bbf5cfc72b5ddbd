// Small files in a state folder, which may be another user's than the one who runs this: root runs
// `rollcall doctor` beside an agent that is not root. Nothing in such a folder is followed, waited
// for or given away by its name.
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Without O_NOFOLLOW a link would lead root wherever the folder's owner likes; without O_NONBLOCK a
 * pipe would keep it waiting for ever.
 */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** O_EXCL follows no link either, open(2). */
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Names of what is being written: `NAME.` 16 hexadecimal digits `.new`. */
const FRESH = /\.[0-9a-f]{16}\.new$|\.new$/;

/** How old a file must be that is half written before it is taken for a dead process's; ms. */
const LEFT_OVER_AFTER_MS = 10 * 60_000;

export interface ReplaceOptions {
  /** Who may read it; by default only this user. */
  readonly mode?: number;
  /** Whether it may be lost with the machine's power: then the disk need not be woken for it. */
  readonly isVolatile?: boolean;
}

/**
 * Reads a file of a state folder.
 *
 * @returns undefined if there is none, or nothing that we wrote: a link, a pipe, a folder, a file
 *   of more than maxBytes
 * @throws Error if it may not be read
 */
export async function readStateFile(path: string, maxBytes: number): Promise<Buffer | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, READ);
  } catch (error) {
    // ELOOP: it is a link; ENXIO: a socket.
    if (isOneOf(error, "ENOENT", "ENOTDIR", "ELOOP", "EMLINK", "ENXIO")) return undefined;
    throw error;
  }
  try {
    const facts = await file.stat();
    if (!facts.isFile() || facts.size > maxBytes) return undefined;
    // One byte more, by which a file that grows meanwhile is known.
    const content = Buffer.alloc(facts.size + 1);
    let length = 0;
    while (length < content.length) {
      const { bytesRead } = await file.read(content, length, content.length - length, length);
      if (bytesRead === 0) return content.subarray(0, length);
      length += bytesRead;
    }
    return undefined;
  } finally {
    await file.close();
  }
}

/**
 * Replaces a file: whoever reads it, whenever, sees the old content or the new one. It is written
 * under another name that nobody can guess, flushed to disk, and renamed. What root writes belongs
 * to the folder's owner, who must be able to read and replace it.
 */
export async function replaceFile(
  path: string,
  content: Uint8Array | string,
  options: ReplaceOptions = {},
): Promise<void> {
  const { mode = 0o600, isVolatile = false } = options;
  const fresh = `${path}.${randomBytes(8).toString("hex")}.new`;
  try {
    const file = await open(fresh, CREATE, mode);
    try {
      await giveToOwner(file, dirname(path));
      await file.writeFile(content);
      if (!isVolatile) await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (error) {
    // On a full disk half a file would take what little room there is.
    await unlink(fresh).catch(() => undefined);
    throw error;
  }
}

/** By the open file, not by its name: that may be another's by now. */
async function giveToOwner(file: FileHandle, folder: string): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = await stat(folder);
  if (uid !== 0) await file.chown(uid, gid);
}

/**
 * Sets a file aside: it is kept under another name, in the place of what was set aside under it
 * before.
 *
 * @param as the end of its new name
 * @returns its new path; undefined if there was none
 */
export async function setAside(path: string, as: string): Promise<string | undefined> {
  try {
    await rename(path, `${path}.${as}`);
    return `${path}.${as}`;
  } catch (error) {
    if (isOneOf(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

/** Removes what a process that was killed has left half written. @param now ms since the epoch */
export async function removeLeftOvers(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!FRESH.test(name)) continue;
    const path = join(folder, name);
    const facts = await lstat(path).catch(() => undefined);
    if (facts?.isFile() && now - facts.mtimeMs > LEFT_OVER_AFTER_MS)
      await unlink(path).catch(() => undefined);
  }
}

function isOneOf(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
