// Files of pages: read and replaced without following a link, since others may write into the
// folder too.
import { constants } from "node:fs";
import { type FileHandle, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseDraftName, replaceFile } from "../store/atomic-file.ts";
import { PublishError } from "./publisher.ts";

/** A page that is longer than this was not made by Rollcall; bytes. */
const MAX_PAGE_FILE_BYTES = 64 * 1024 * 1024;

/**
 * NOFOLLOW: a link may lead to a file that is not ours to read or write. NONBLOCK: a named pipe
 * must not hold us up.
 */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const FILE_MODE = 0o666;

/** What stands at a path. */
export type Found =
  | { readonly kind: "nothing" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "other" };

/**
 * Reads a regular file; `other` is a link, a folder, a pipe, or a file that is too long. @throws
 * PublishError
 */
export async function readPageFile(path: string): Promise<Found> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, READ_FLAGS);
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > MAX_PAGE_FILE_BYTES) return { kind: "other" };
    return { kind: "text", text: await file.readFile("utf8") };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return { kind: "nothing" };
    // A link; a socket.
    if (code === "ELOOP" || code === "ENXIO") return { kind: "other" };
    throw new PublishError(`cannot read ${path}: ${message}`);
  } finally {
    await file?.close();
  }
}

/**
 * Puts a text in the place of a file: readers see the old one or the new one, and a link there is
 * replaced. @throws PublishError
 */
export async function replacePageFile(path: string, text: string): Promise<void> {
  try {
    await replaceFile(path, text, { mode: FILE_MODE, isHidden: true, owner: "user" });
  } catch (error) {
    throw new PublishError(`cannot write ${path}: ${(error as Error).message}`);
  }
}

/**
 * Removes what a run left that was killed. Only who holds the publisher's lease may, since nobody
 * else then writes these files.
 */
export async function removeDrafts(folder: string, files: readonly string[]): Promise<void> {
  const own = new Set(files);
  const names = await readdir(folder).catch(() => []);
  // What cannot be removed does no harm: each draft has a name of its own.
  const removals = names
    .filter((name) => name.startsWith(".") && own.has(parseDraftName(name) ?? ""))
    .map((name) => rm(join(folder, name), { force: true }));
  await Promise.allSettled(removals);
}
