// Reads and writes the bytes of one file, whole or not at all.
import {
  close as closeCallback,
  closeSync,
  constants,
  fstatSync,
  fsync as fsyncCallback,
  open as openCallback,
  read,
  type Stats,
  write as writeCallback,
} from "node:fs";
import { promisify } from "node:util";
import { codeOf, isAbsence } from "./file-error.ts";
import { refuseLinkedObject } from "./file-link.ts";
import { TooLarge, Unreadable } from "./store.ts";

// Callbacks and not node:fs/promises: on Node 20 the latter's readFile costs four times as much for
// a small file.
const open = promisify(openCallback);
const close = promisify(closeCallback);
const fsync = promisify(fsyncCallback);
const write = promisify(writeCallback);

/** A store is its owner's alone. */
export const FOLDER_MODE = 0o700;

/**
 * NONBLOCK: to open a named pipe must not wait for its writer. NOFOLLOW: a symbolic link is
 * refused.
 */
const READ_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/** What a file held at one moment. */
export interface Body {
  readonly stats: Stats;
  readonly body: Buffer;
}

/**
 * Reads a regular file. One that was replaced by renaming meanwhile is read whole as it was.
 *
 * @param maxBytes more are not read
 * @returns undefined if there is none, or what is there is a folder, a pipe or the like
 * @throws TooLarge; Unreadable if it is a symbolic link, or somebody keeps writing into the file
 *   while it is read
 */
export async function readBody(
  path: string,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<Body | undefined> {
  for (let tries = 0; tries < 2; tries++) {
    signal?.throwIfAborted();
    const outcome = await readOnce(path, maxBytes);
    if (outcome !== "torn") return outcome;
  }
  throw new Unreadable(
    `[store] [file] ${path} changes while it is read: write it elsewhere, then move it here (mv)`,
  );
}

/** One try. `torn` means that the file's length changed meanwhile. */
function readOnce(path: string, maxBytes: number): Promise<Body | "torn" | undefined> {
  return new Promise((resolve, reject) => {
    openCallback(path, READ_FLAGS, (openError, fd) => {
      if (codeOf(openError) === "ELOOP") return reject(refuseLinkedObject(path));
      if (openError) return isNoObject(openError) ? resolve(undefined) : reject(openError);
      // To look at and to close an open file touches no disk: it is done here and now, since each
      // trip to the thread pool costs more.
      const finish = (error: Error | null, outcome?: Body | "torn") => {
        closeSync(fd);
        if (error) reject(error);
        else resolve(outcome);
      };
      const stats = fstatSync(fd);
      if (!stats.isFile()) return finish(null);
      if (stats.size > maxBytes) {
        return finish(new TooLarge(`[store] [file] ${path} has ${stats.size} bytes, more than ${maxBytes}`));
      }
      readExactly(fd, stats.size, (readError, body) => finish(readError, body ? { stats, body } : "torn"));
    });
  });
}

/** ENXIO: a socket. */
function isNoObject(error: Error): boolean {
  return isAbsence(error) || codeOf(error) === "ENXIO";
}

/**
 * Reads a file of `size` bytes; the callback gets no body if it turns out to have more or fewer.
 */
function readExactly(fd: number, size: number, done: (error: Error | null, body?: Buffer) => void): void {
  // One byte more than there should be: so one read both fills the buffer and finds the end.
  const buffer = Buffer.allocUnsafe(size + 1);
  const readOn = (filled: number) => {
    read(fd, buffer, filled, buffer.length - filled, filled, (error, count) => {
      if (error) return done(error);
      const total = filled + count;
      if (count > 0 && total < size) return readOn(total);
      done(null, total === size ? buffer.subarray(0, size) : undefined);
    });
  };
  readOn(0);
}

/** Writes all bytes at the start of an open file. */
export async function writeBody(fd: number, body: Uint8Array): Promise<void> {
  let written = 0;
  while (written < body.length) {
    const { bytesWritten } = await write(fd, body, written, body.length - written, written);
    written += bytesWritten;
  }
}

/**
 * Makes the names in a folder survive a power cut, where the file system can: some network ones
 * cannot, and say EINVAL.
 */
export async function syncFolder(path: string): Promise<void> {
  const fd = await open(path, constants.O_RDONLY);
  try {
    await fsync(fd);
  } catch (error) {
    if (codeOf(error) !== "EINVAL" && codeOf(error) !== "ENOTSUP") throw error;
  } finally {
    await close(fd);
  }
}
