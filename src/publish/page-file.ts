// Files of pages: read and replaced without following a link, since others may write into the
// folder too.
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { PublishError } from "./publisher.ts";

/** A page that is longer than this was not made by Rollcall; bytes. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/**
 * NOFOLLOW: a link may lead to a file that is not ours to read or write. NONBLOCK: a named pipe
 * must not hold us up.
 */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const WRITE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
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
    if (!stats.isFile() || stats.size > MAX_FILE_BYTES) return { kind: "other" };
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

/** Drafts are hidden, and bear the name of the file that they become. */
function makeDraftName(file: string): string {
  return `.${file}.${randomBytes(8).toString("hex")}.new`;
}

function isDraftOf(name: string, files: ReadonlySet<string>): boolean {
  const match = /^\.(.+)\.[0-9a-f]{16}\.new$/.exec(name);
  return match?.[1] !== undefined && files.has(match[1]);
}

/**
 * Puts a text in the place of a file: readers see the old one or the new one, and a link there is
 * replaced. @throws PublishError
 */
export async function replacePageFile(path: string, text: string): Promise<void> {
  const draft = join(dirname(path), makeDraftName(basename(path)));
  try {
    const file = await open(draft, WRITE_FLAGS, FILE_MODE);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => undefined);
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
  // What cannot be removed is in nobody's way: each draft has a name of its own.
  const removals = names
    .filter((name) => isDraftOf(name, own))
    .map((name) => rm(join(folder, name), { force: true }));
  await Promise.allSettled(removals);
}
