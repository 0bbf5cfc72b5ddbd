// Reading a host's files: below a root, regular files only, never more than a limit, never waiting on a pipe.
import { constants, type Dirent, readdir } from "node:fs";
import { lstat, open, readdir as readFolder, readlink, stat } from "node:fs/promises";
import { posix } from "node:path";
import { type GlobOptions, glob } from "tinyglobby";

/** Most bytes that are read of one file. */
export const MAX_FILE_BYTES = 1024 * 1024;
/** Most files that one glob may find. */
export const MAX_GLOB_FILES = 1000;
/** Most folders that one glob may look into. */
const MAX_GLOB_FOLDERS = 10_000;
const GLOB_TIMEOUT_MS = 10_000;

/** Links followed from one path; the kernel's own limit (path_resolution(7)). */
const MAX_LINKS = 40;

type ReaddirCallback = (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void;

/** Why a file gave nothing. `absent`: there is no such file. */
export interface Unreadable {
  readonly unreadable: "absent" | "refused";
  readonly reason: string;
}

/** A host's files. Paths are absolute as on the host, whatever folder stands in for its root. */
export interface HostFiles {
  /** Where a path of the host lies in truth. */
  resolve(path: string): string;
  /** Reads a regular file of at most MAX_FILE_BYTES; links are followed. Never rejects for what the file is. */
  read(path: string, signal: AbortSignal): Promise<{ readonly bytes: Buffer } | Unreadable>;
  /**
   * The regular files and links that some pattern matches, sorted by code unit, each once. Links to folders are not entered.
   * No file, or no such folder, is an empty list; a folder that may not be read is `refused`.
   */
  glob(patterns: readonly string[], signal: AbortSignal): Promise<{ readonly paths: readonly string[] } | Unreadable>;
  /** Names in a folder, in no order. */
  list(path: string): Promise<{ readonly names: readonly string[] } | Unreadable>;
  /** Where a link leads, as it is written there. */
  readLink(path: string): Promise<{ readonly target: string } | Unreadable>;
  /** Where a path leads through all links, and when it last changed: the file itself, or a link on the way. */
  trace(path: string): Promise<Traced | Unreadable>;
}

/** A path that was followed to its end. */
export interface Traced {
  /** Without any link in it, as on the host. */
  readonly path: string;
  /**
   * ms since the epoch. Of each inode its ctime (inode(7)): what unpacks a file may set its mtime back, and turning a link leaves the
   * file's own alone.
   */
  readonly changedAt: number;
}

/** Where a path of the host lies below a root. `..` cannot climb out; links lead where the kernel takes them. */
export function resolveBelow(root: string, path: string): string {
  return posix.join(root, posix.normalize(`/${path}`));
}

/**
 * Opens a host's files.
 *
 * @param root "/" on the real machine; a folder that stands in for it elsewhere
 */
export function openHostFiles(root: string): HostFiles {
  return {
    resolve: (path) => resolveBelow(root, path),

    async read(path, signal) {
      try {
        return await readRegular(resolveBelow(root, path), signal);
      } catch (error) {
        return explain(error);
      }
    },
    async glob(patterns, signal) {
      const paths = new Set<string>();
      const bound = AbortSignal.any([signal, AbortSignal.timeout(GLOB_TIMEOUT_MS)]);
      // One by one: patterns together would make the walk start at the folder that they have in common.
      for (const pattern of patterns) {
        const outcome = await walk(root, pattern, bound);
        if ("unreadable" in outcome) return outcome;
        for (const path of outcome.paths) paths.add(path);
        if (paths.size > MAX_GLOB_FILES) return refuse(`matches more than ${MAX_GLOB_FILES} files`);
      }
      return { paths: [...paths].sort() };
    },
    async list(path) {
      try {
        return { names: await readFolder(resolveBelow(root, path)) };
      } catch (error) {
        return explain(error);
      }
    },
    async readLink(path) {
      try {
        return { target: await readlink(resolveBelow(root, path)) };
      } catch (error) {
        return explain(error);
      }
    },
    async trace(path) {
      try {
        return await trace(root, path);
      } catch (error) {
        return explain(error);
      }
    },
  };
}

async function trace(root: string, path: string, links = MAX_LINKS): Promise<Traced | Unreadable> {
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

async function readRegular(path: string, signal: AbortSignal): Promise<{ readonly bytes: Buffer } | Unreadable> {
  if (signal.aborted) return refuse("not read: the time is over");
  // O_NONBLOCK: opening a pipe that nobody writes to would otherwise wait for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const facts = await file.stat();
    if (facts.isDirectory()) return refuse("is a folder, not a file");
    if (!facts.isFile()) return refuse("is not a regular file");
    if (facts.size > MAX_FILE_BYTES) return refuse(`has ${facts.size} bytes; the limit is ${MAX_FILE_BYTES}`);
    // The size is a hint only: files in /proc say 0, and a log may grow while it is read.
    const chunks: Buffer[] = [];
    let total = 0;
    while (total <= MAX_FILE_BYTES) {
      if (signal.aborted) return refuse("not read to its end: the time is over");
      const chunk = Buffer.allocUnsafe(64 * 1024);
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) return { bytes: Buffer.concat(chunks, total) };
      chunks.push(chunk.subarray(0, bytesRead));
      total += bytesRead;
    }
    return refuse(`has more than ${MAX_FILE_BYTES} bytes`);
  } finally {
    await file.close();
  }
}

async function walk(
  root: string,
  pattern: string,
  signal: AbortSignal,
): Promise<{ readonly paths: readonly string[] } | Unreadable> {
  const bound = new AbortController();
  let folders = 0;
  let denied: string | undefined;
  // The walker passes over folders that it cannot read; a folder that it may not read must not look like an empty one.
  const watchedReaddir = (path: string, options: { withFileTypes: true }, callback: ReaddirCallback): void => {
    if (++folders > MAX_GLOB_FOLDERS) bound.abort();
    readdir(path, options, (error, entries) => {
      if (error?.code === "EACCES" || error?.code === "EPERM") denied ??= path;
      // The walker leaves links out unless it may enter them; as files they are found and not entered.
      callback(error, error ? entries : entries.map((entry) => (entry.isSymbolicLink() ? asFile(entry) : entry)));
    });
  };
  const options: GlobOptions = {
    cwd: root,
    signal: AbortSignal.any([signal, bound.signal]),
    // Of readdir's many overloads the walker (fdir) calls this one only.
    fs: { readdir: watchedReaddir as unknown as typeof readdir },
    onlyFiles: true,
    followSymbolicLinks: false,
    expandDirectories: false,
    dot: false,
  };
  let found: readonly string[];
  try {
    found = await glob(posix.normalize(pattern).replace(/^\/+/, ""), options);
  } catch (error) {
    return explain(error);
  }
  if (bound.signal.aborted) return refuse(`looks into more than ${MAX_GLOB_FOLDERS} folders; write a narrower glob`);
  if (signal.aborted) return refuse("not searched to its end: the time is over");
  if (denied !== undefined) {
    return refuse(`the folder /${posix.relative(root, denied)} may not be read by this user`);
  }
  if (found.length > MAX_GLOB_FILES) return refuse(`matches more than ${MAX_GLOB_FILES} files`);
  const kept = await Promise.all(found.map((path) => isNoFolder(posix.join(root, path))));
  return { paths: found.filter((_, index) => kept[index]).map((path) => posix.join("/", path)) };
}

function asFile(entry: Dirent): Dirent {
  return Object.create(entry, { isFile: { value: () => true }, isSymbolicLink: { value: () => false } }) as Dirent;
}

/** A link to a folder is none of the files; one that leads nowhere is, so that reading it says so. */
async function isNoFolder(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isDirectory();
  } catch (error) {
    if (error instanceof Error && "code" in error) return true;
    throw error;
  }
}

function refuse(reason: string): Unreadable {
  return { unreadable: "refused", reason };
}

/** A file system error in words; anything else is a bug and goes on. */
function explain(error: unknown): Unreadable {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return { unreadable: "absent", reason: "there is no such file" };
    case "EACCES":
    case "EPERM":
      return refuse("may not be read by this user");
    case "EINVAL":
      return refuse("is no link");
    case "ENXIO":
      return refuse("is not a regular file");
    case "ELOOP":
      return refuse("is a link that leads in a circle");
    case undefined:
      throw error;
    default:
      return refuse(`cannot be read: ${code}`);
  }
}
