// Reading one file: regular ones only, never more than a limit, never waiting on a pipe.
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { refuse, type Unreadable } from "./unreadable.ts";

/** Most bytes that are read of one file. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** The first part of a file, or all of it. */
export interface FileStart {
  readonly bytes: Buffer;
  readonly isWhole: boolean;
}

/** Files of the kernel that say they are regular (proc(5), the kernel's trace/ftrace.rst). */
const TAKEN = /^\/proc\/kmsg$|\/trace_pipe(?:_raw)?$/;

interface ReadOptions {
  /** Whether all of it is wanted. */
  readonly whole?: boolean;
  /** Says why an open file may not be read. */
  readonly judge?: ((file: FileHandle) => Promise<string | undefined>) | undefined;
}

/** Reads all of a regular file. */
export async function readRegular(
  path: string,
  signal: AbortSignal,
  judge: ReadOptions["judge"],
): Promise<{ readonly bytes: Buffer } | Unreadable> {
  const start = await readOpen(path, MAX_FILE_BYTES, signal, { whole: true, judge });
  if ("unreadable" in start) return start;
  if (start.isWhole) return { bytes: start.bytes };
  return refuse(`has more than ${MAX_FILE_BYTES} bytes`);
}

/**
 * Reads a regular file up to a limit; one that says itself that it is longer is not begun where all
 * of it is wanted.
 */
export async function readOpen(
  path: string,
  limit: number,
  signal: AbortSignal,
  { whole = false, judge }: ReadOptions,
): Promise<FileStart | Unreadable> {
  if (signal.aborted) return refuse("not read: the time is over");
  // Opening a pipe or a device does something already: a writer that waits goes on, a tape winds, a
  // watchdog begins to count.
  const facts = await stat(path);
  const unfit = findUnfit(facts, whole ? limit : undefined);
  if (unfit) return unfit;
  if (facts.size === 0 && TAKEN.test(await realpath(path)))
    return refuse("is not read: it gives each message once, and who waits for them would miss some");
  // O_NONBLOCK: what was put there since must not hold us up for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const changed = findUnfit(await file.stat(), whole ? limit : undefined);
    if (changed) return changed;
    const forbidden = await judge?.(file);
    if (forbidden !== undefined) return refuse(forbidden);
    // The size is a hint only: files in /proc say 0, and a log may grow while it is read.
    const chunks: Buffer[] = [];
    let total = 0;
    while (total <= limit) {
      if (signal.aborted) return refuse("not read to its end: the time is over");
      const chunk = Buffer.allocUnsafe(Math.min(64 * 1024, limit + 1));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) return { bytes: Buffer.concat(chunks, total), isWhole: true };
      chunks.push(chunk.subarray(0, bytesRead));
      total += bytesRead;
    }
    return { bytes: Buffer.concat(chunks, total).subarray(0, limit), isWhole: false };
  } finally {
    await file.close();
  }
}

/** @param limit most bytes that it may have; none where its beginning is enough */
function findUnfit(facts: Stats, limit: number | undefined): Unreadable | undefined {
  if (facts.isDirectory()) return refuse("is a folder, not a file");
  if (!facts.isFile()) return refuse("is not a regular file");
  return limit !== undefined && facts.size > limit
    ? refuse(`has ${facts.size} bytes; the limit is ${limit}`)
    : undefined;
}

/** Most that is asked for first: a longer file is asked for again. */
const FIRST_BYTES = 4096;

/**
 * Reads what the kernel makes up as it is read: each piece at once, since the next may be of
 * another instant.
 */
export async function readAtOnce(path: string, limit: number): Promise<FileStart> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const chunks: Buffer[] = [];
    let total = 0;
    for (let size = Math.min(FIRST_BYTES, limit + 1); total <= limit; size = Math.min(64 * 1024, limit + 1)) {
      const chunk = Buffer.allocUnsafe(size);
      const { bytesRead } = await file.read(chunk, 0, size, null);
      chunks.push(chunk.subarray(0, bytesRead));
      total += bytesRead;
      if (bytesRead < size)
        return { bytes: Buffer.concat(chunks, total).subarray(0, limit), isWhole: total <= limit };
    }
    return { bytes: Buffer.concat(chunks, total).subarray(0, limit), isWhole: false };
  } finally {
    await file.close();
  }
}
