// A host's files, below a root: what there is, what may be read, and reading it.
import { type FileHandle, lstat, readdir, readlink, stat } from "node:fs/promises";
import { posix } from "node:path";
import type { Unread } from "./collected.ts";
import {
  digestFile,
  type FileDigest,
  type InodeFacts,
  inspectInode,
  inspectPath,
  MAX_SYMLINKS,
  type PathFacts,
} from "./file-facts.ts";
import { type FileStart, readAtOnce, readOpen, readRegular } from "./file-reading.ts";
import { type GlobResult, MAX_GLOB_FILES, type TooManyFiles, walkGlob } from "./host-glob.ts";
import { findWriters, isStillOpen, type Writer, type WriterSearch } from "./open-writers.ts";
import { findSharedKind } from "./shared-file-systems.ts";
import { refuse, toUnreadable, type Unreadable } from "./unreadable.ts";

const GLOB_TIMEOUT_MS = 10_000;

const LATE = { tooMany: "not searched to its end: the time is over", isLate: true } as const;

/** Which files may be read. */
export interface FileAccessPolicy {
  /** @param path of an open file, after all links @returns why it may not be read */
  judgePath(path: string): string | undefined;
  judgeContent(bytes: Uint8Array): string | undefined;
  /** Files that are known under any name: what is one of these is judged as lying there. */
  readonly known: readonly string[];
  /** What a collector looks for on its own account. @param path as it was asked for */
  isExempt(path: string): boolean;
}

/** A host's files. Paths are absolute as on the host, whatever folder stands in for its root. */
export interface HostFiles {
  /** The same files, of which only some may be read. */
  permitting(permit: FileAccessPolicy): HostFiles;
  /** Where a path of the host lies in truth. */
  resolve(path: string): string;
  /**
   * Reads a regular file of at most MAX_FILE_BYTES; links are followed. Never rejects for what the
   * file is.
   */
  read(path: string, signal: AbortSignal): Promise<{ readonly bytes: Buffer } | Unreadable>;
  /**
   * What some pattern matches and is no folder, sorted by code unit, each once. Links to folders
   * are not entered. No file, or no such folder, is an empty list; a folder that may not be read is
   * told, and costs only itself.
   */
  glob(patterns: readonly string[], signal: AbortSignal): Promise<GlobResult | Unreadable>;
  /** Names in a folder, in no order. */
  list(path: string): Promise<{ readonly names: readonly string[] } | Unreadable>;
  /** Where a link leads, as it is written there. */
  readLink(path: string): Promise<{ readonly target: string } | Unreadable>;
  /** As read(), but of a file that is longer than the limit its first part. */
  readStart(path: string, limit: number, signal: AbortSignal): Promise<FileStart | Unreadable>;
  /**
   * As readStart(), of one of the kernel's small files about a process. It answers with all of it
   * at once (proc(5)), so that there is no need to look for its end: of some hundred processes each
   * minute that counts.
   */
  readOfProcess(path: string, limit: number, signal: AbortSignal): Promise<FileStart | Unreadable>;
  /**
   * Which file a path leads to, through all links: equal for all names of one file, and for no two
   * files.
   */
  identify(path: string): Promise<{ readonly identity: string } | Unreadable>;
  /** By what a file is known, and whether it changed. @returns undefined if that cannot be told */
  facts(path: string): Promise<FileFacts | undefined>;
  /** Whether others than this host may write to the file system that a path lies on. */
  isShared(path: string): Promise<boolean>;
  /** Who has files open for writing. @param identities as facts() gives them */
  findWriters(identities: ReadonlySet<string>): Promise<WriterSearch>;
  /** Whether a writer that was found still has the file open. */
  isStillOpen(writer: Writer, identity: string): boolean;
  /**
   * Where a path leads through all links, and when it last changed: the file itself, or a link on
   * the way.
   */
  trace(path: string): Promise<TracedPath | Unreadable>;
  /**
   * What a path leads to, and each link on the way, by what changes when they change. Reads no
   * content.
   */
  inspect(path: string): Promise<PathFacts | Unreadable>;
  /**
   * The inode that the kernel finds under a path, such as /proc/PID/exe, whose text may lead to
   * another file by now.
   */
  inspectInode(path: string): Promise<InodeFacts | Unreadable>;
  /** Digests a regular file: see digestFile. */
  digest(path: string, signal: AbortSignal): Promise<FileDigest | undefined | Unreadable>;
}

/** What changes as a file does, or is replaced. */
export interface FileFacts {
  /** `DEVICE:INODE` */
  readonly identity: string;
  readonly size: number;
  /**
   * When its content changed last, and when anything of it did, its name say (mtime and ctime of
   * inode(7)); ms since the epoch, with fractions.
   */
  readonly writtenAt: number;
  readonly changedAt: number;
}

/** A path that was followed to its end. */
export interface TracedPath {
  /** Without any link in it, as on the host. */
  readonly path: string;
  /**
   * ms since the epoch. Of each inode its ctime (inode(7)): what unpacks a file may set its mtime
   * back, and turning a link leaves the file's own alone.
   */
  readonly changedAt: number;
}

/**
 * Where a path of the host lies below a root. `..` cannot climb out; links lead where the kernel
 * takes them.
 */
export function resolveBelow(root: string, path: string): string {
  return posix.join(root, posix.normalize(`/${path}`));
}

/**
 * Opens a host's files.
 *
 * @param root "/" on the real machine; a folder that stands in for it elsewhere
 */
export function openHostFiles(root: string, permit?: FileAccessPolicy): HostFiles {
  /** By where the open file lies, so that no link is turned between the look and the reading. */
  const judge = permit && (async (asked: string, file: FileHandle) => judgeOpen(root, asked, file, permit));
  return {
    resolve: (path) => resolveBelow(root, path),
    permitting: (next) => openHostFiles(root, next),

    async read(path, signal) {
      try {
        const read = await readRegular(
          resolveBelow(root, path),
          signal,
          judge && ((file) => judge(path, file)),
        );
        const fault =
          "bytes" in read && !permit?.isExempt(path) ? permit?.judgeContent(read.bytes) : undefined;
        return fault === undefined ? read : refuse(fault);
      } catch (error) {
        return toUnreadable(error);
      }
    },
    async glob(patterns, signal) {
      const paths = new Set<string>();
      const unread = new Map<string, Unread>();
      const folders = new Set<string>();
      const links = new Set<string>();
      const bound = AbortSignal.any([signal, AbortSignal.timeout(GLOB_TIMEOUT_MS)]);
      // One by one: patterns together would make the walk start at the folder that they have in
      // common.
      for (const pattern of patterns) {
        const outcome = await walkGlob(root, pattern, bound).catch(
          (error: unknown): TooManyFiles => (bound.aborted ? LATE : { tooMany: toUnreadable(error).reason }),
        );
        if ("tooMany" in outcome) return refuse(outcome.tooMany, outcome);
        for (const path of outcome.paths) paths.add(path);
        for (const one of outcome.unread) unread.set(one.what, one);
        for (const folder of outcome.folders) folders.add(folder);
        for (const link of outcome.links) links.add(link);
        if (paths.size > MAX_GLOB_FILES) return refuse(`matches more than ${MAX_GLOB_FILES} files`);
      }
      return {
        paths: [...paths].sort(),
        links: [...links],
        unread: [...unread.values()],
        folders: [...folders],
      };
    },
    async list(path) {
      try {
        return { names: await readdir(resolveBelow(root, path)) };
      } catch (error) {
        return toUnreadable(error);
      }
    },
    async readLink(path) {
      try {
        return { target: await readlink(resolveBelow(root, path)) };
      } catch (error) {
        return toUnreadable(error);
      }
    },
    async readStart(path, limit, signal) {
      try {
        const judgeFile = judge && ((file: FileHandle) => judge(path, file));
        return await readOpen(resolveBelow(root, path), limit, signal, { judge: judgeFile });
      } catch (error) {
        return toUnreadable(error);
      }
    },
    async readOfProcess(path, limit, signal) {
      if (signal.aborted) return refuse("not read: the time is over");
      try {
        return await readAtOnce(resolveBelow(root, path), limit);
      } catch (error) {
        return toUnreadable(error);
      }
    },
    async identify(path) {
      try {
        const { dev, ino } = await stat(resolveBelow(root, path), { bigint: true });
        return { identity: `${dev}:${ino}` };
      } catch (error) {
        return toUnreadable(error);
      }
    },
    async facts(path) {
      try {
        const { dev, ino, size, mtimeNs, ctimeNs } = await stat(resolveBelow(root, path), { bigint: true });
        return {
          identity: `${dev}:${ino}`,
          size: Number(size),
          writtenAt: Number(mtimeNs) / 1e6,
          changedAt: Number(ctimeNs) / 1e6,
        };
      } catch (error) {
        toUnreadable(error);
        return undefined;
      }
    },
    isShared: async (path) => (await findSharedKind(resolveBelow(root, path))) !== undefined,
    findWriters: (identities) =>
      findWriters(resolveBelow(root, "/proc"), identities, () => performance.now()),
    isStillOpen: (writer, identity) => isStillOpen(resolveBelow(root, "/proc"), writer, identity),
    async trace(path) {
      try {
        return await trace(root, path);
      } catch (error) {
        return toUnreadable(error);
      }
    },
    async inspect(path) {
      try {
        return await inspectPath((step) => resolveBelow(root, step), path);
      } catch (error) {
        return toUnreadable(error);
      }
    },
    async inspectInode(path) {
      try {
        return await inspectInode(resolveBelow(root, path));
      } catch (error) {
        return toUnreadable(error);
      }
    },
    async digest(path, signal) {
      try {
        return await digestFile(resolveBelow(root, path), signal);
      } catch (error) {
        return toUnreadable(error);
      }
    },
  };
}

async function trace(root: string, path: string, links = MAX_SYMLINKS): Promise<TracedPath | Unreadable> {
  let folder = "/";
  const names = posix.normalize(`/${path}`).split("/").filter(Boolean);
  for (const [at, name] of names.entries()) {
    const step = posix.join(folder, name);
    const facts = await lstat(resolveBelow(root, step));
    if (facts.isSymbolicLink()) {
      if (links === 0) return refuse("is a link that leads in a circle");
      const target = posix.resolve(folder, await readlink(resolveBelow(root, step)));
      const end = await trace(root, posix.join(target, ...names.slice(at + 1)), links - 1);
      return "unreadable" in end ? end : { ...end, changedAt: Math.max(end.changedAt, facts.ctimeMs) };
    }
    if (at === names.length - 1) return { path: step, changedAt: facts.ctimeMs };
    folder = step;
  }
  return { path: "/", changedAt: 0 };
}

async function judgeOpen(
  root: string,
  asked: string,
  file: FileHandle,
  permit: FileAccessPolicy,
): Promise<string | undefined> {
  if (permit.isExempt(asked)) return undefined;
  // proc_pid_fd(5). Where a magic link of /proc led, it names the file as this process would.
  const real = (await readlink(`/proc/self/fd/${file.fd}`)).replace(/ \(deleted\)$/, "");
  const isBelow = root !== "/" && real.startsWith(`${root}/`);
  const path = isBelow ? real.slice(root.length) : real;
  return permit.judgePath(path) ?? (await judgeOtherNames(root, path, file, permit));
}

/** The number of the inode of /proc itself: PROC_ROOT_INO, include/linux/proc_fs.h. */
const PROC_INODE = 1n;

/** A hard link and a bind mount are names of a file that no path tells of. */
async function judgeOtherNames(
  root: string,
  path: string,
  file: FileHandle,
  permit: FileAccessPolicy,
): Promise<string | undefined> {
  const find = (name: string) => stat(resolveBelow(root, name), { bigint: true }).catch(() => undefined);
  const facts = await file.stat({ bigint: true });
  const proc = await find("/proc");
  if (proc?.ino === PROC_INODE && proc.dev === facts.dev && !path.startsWith("/proc/"))
    return "is one of /proc under another name";
  for (const name of permit.known) {
    const other = await find(name);
    if (other && other.ino === facts.ino && other.dev === facts.dev) return permit.judgePath(name);
  }
  return undefined;
}
