// Who has a file open for writing: out of /proc/PID/fd, of every process that this user may look
// into.
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { posix } from "node:path";
import { isMadeUp } from "./file-facts.ts";

/** A process that may still write to a file. */
export interface Writer {
  readonly pid: string;
  /** Its number of the open file. */
  readonly fd: string;
  /** The process's name, as the kernel knows it. */
  readonly name: string;
}

export interface WriterSearch {
  /** By the file's identity, `DEVICE:INODE`. */
  readonly writers: ReadonlyMap<string, Writer>;
  /**
   * Whether every process of the machine was looked into; else there may be writers that were not
   * seen.
   */
  readonly isWhole: boolean;
}

/** How long a search may take, and how long it goes on before others have their turn; ms. */
const SEARCH_MS = 500;
const TURN_MS = 5;

/**
 * The PID namespace that a machine boots with (PROC_PID_INIT_INO, include/linux/proc_ns.h): only in
 * it all processes are seen.
 */
const FIRST_NAMESPACE = "pid:[4026531836]";

/**
 * Looks for writers. Never rejects. It reads synchronously, in short turns: /proc is memory, and
 * thousands of promises cost ten times as much.
 *
 * @param proc where /proc lies
 * @param identities of the files, `DEVICE:INODE`
 * @param monotonic ms from some fixed instant
 */
export async function findWriters(
  proc: string,
  identities: ReadonlySet<string>,
  monotonic: () => number,
): Promise<WriterSearch> {
  const inodes = new Set([...identities].map((identity) => identity.slice(identity.indexOf(":") + 1)));
  const writers = new Map<string, Writer>();
  const pids = list(proc)?.filter((name) => /^[1-9]\d*$/.test(name)) ?? [];
  let isWhole = pids.includes("1") && readLink(posix.join(proc, "self/ns/pid")) === FIRST_NAMESPACE;
  const end = monotonic() + SEARCH_MS;
  let turn = monotonic();
  for (const pid of pids) {
    if (monotonic() - turn > TURN_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      turn = monotonic();
      if (turn > end) return { writers, isWhole: false };
    }
    const folder = posix.join(proc, pid);
    const fds = list(posix.join(folder, "fd"));
    // It may not be looked into; one that has ended writes nothing.
    if (!fds) isWhole &&= list(folder) === undefined;
    for (const fd of fds ?? []) {
      const identity = readWritten(folder, fd, inodes);
      if (identity !== undefined && identities.has(identity))
        writers.set(identity, { pid, fd, name: readName(folder) });
    }
  }
  return { writers, isWhole };
}

/** Whether a writer that was found still has the file open. */
export function isStillOpen(proc: string, { pid, fd }: Writer, identity: string): boolean {
  return (
    readWritten(posix.join(proc, pid), fd, new Set([identity.slice(identity.indexOf(":") + 1)])) === identity
  );
}

/** @returns the identity of what a process has open for writing, if it is one of these inodes */
function readWritten(folder: string, fd: string, inodes: ReadonlySet<string>): string | undefined {
  const path = readLink(posix.join(folder, "fd", fd));
  // Pipes, sockets and devices are no files.
  if (!path?.startsWith("/") || isMadeUp(path)) return undefined;
  const info = parseFdInfo(read(posix.join(folder, "fdinfo", fd)) ?? "");
  // Before Linux 5.14 no inode is told. To ask for it may wait for a file system that is away, so
  // only what may be meant is asked for.
  if (!info.isWritten || (info.inode !== undefined && !inodes.has(info.inode))) return undefined;
  try {
    const { dev, ino } = statSync(posix.join(folder, "fd", fd), { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    return ignore(error);
  }
}

/**
 * proc_pid_fdinfo(5): the flags of open(2), in octal; the two lowest bits say read, write, or both.
 */
export function parseFdInfo(text: string): {
  readonly isWritten: boolean;
  readonly inode: string | undefined;
} {
  const flags = /^flags:\s*([0-7]{1,15})$/m.exec(text)?.[1] ?? "0";
  const mode = Number.parseInt(flags, 8) & 3;
  return { isWritten: mode === 1 || mode === 2, inode: /^ino:\s*(\d+)$/m.exec(text)?.[1] };
}

function readName(folder: string): string {
  const name = read(posix.join(folder, "comm"))?.replace(/[\p{Cc}\p{Cs}\uFFFD]/gu, "") ?? "";
  return name === "" ? "unknown" : name;
}

function list(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder);
  } catch (error) {
    return ignore(error);
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return ignore(error);
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    return ignore(error);
  }
}

/** A process ends at any moment, and another user's may not be looked into. */
function ignore(error: unknown): undefined {
  if (!(error instanceof Error && "code" in error)) throw error;
  return undefined;
}
