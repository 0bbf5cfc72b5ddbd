// Small files in a state folder, which may be another user's than the one who runs this: root runs
// `rollcall doctor` beside an agent that is not root. Nothing in such a folder is followed, waited
// for or given away by its name.
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";

/**
 * Without O_NOFOLLOW a link would lead root wherever the folder's owner likes; without O_NONBLOCK a
 * pipe would keep it waiting for ever.
 */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** How old a file must be that is half written before it is taken for a dead process's; ms. */
const LEFT_OVER_AFTER_MS = 10 * 60_000;

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
    if (!name.endsWith(".new")) continue;
    const path = join(folder, name);
    const facts = await lstat(path).catch(() => undefined);
    if (facts?.isFile() && now - facts.mtimeMs > LEFT_OVER_AFTER_MS)
      await unlink(path).catch(() => undefined);
  }
}

function isOneOf(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
