// Finding a host's files by a glob: below a root, bounded, and telling what could not be looked
// into.
import { type Dirent, readdir } from "node:fs";
import { stat } from "node:fs/promises";
import { posix } from "node:path";
import { type GlobOptions, glob } from "tinyglobby";
import type { Unread } from "./collected.ts";

/** Most files that one glob may find. */
export const MAX_GLOB_FILES = 1000;
/** Most folders that one glob may look into. */
const MAX_GLOB_FOLDERS = 10_000;
/** Most folders and names that are told one by one. */
const MAX_TOLD_PLACES = 20;

/** What UTF-8 decoders put in the place of bytes that are none. */
const NO_UTF8 = "\uFFFD";

type ReaddirCallback = (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void;

/** What a glob found, and where it could not look. */
export interface GlobResult {
  /** Sorted by code unit, each once. */
  readonly paths: readonly string[];
  /** Folders that may not be read, and names that no text can hold: each costs only itself. */
  readonly unread: readonly Unread[];
  /** Those of the paths that are links, or neither files nor folders. */
  readonly links: readonly string[];
  /** Every folder that was looked into: something new in one of them may match. */
  readonly folders: readonly string[];
}

/** Why a pattern was not walked to its end. */
export interface TooManyFiles {
  readonly tooMany: string;
  /** Time ended first. */
  readonly isLate?: true;
}

/**
 * Walks along one pattern. Links to folders are not entered; a folder that is not there holds
 * nothing.
 *
 * @throws what the file system says of the root; a signal that is aborted
 */
export async function walkGlob(
  root: string,
  pattern: string,
  signal: AbortSignal,
): Promise<GlobResult | TooManyFiles> {
  const bound = new AbortController();
  const unread = new Map<string, string>();
  const folders: string[] = [];
  /** What its folder's entry does not call a file: a look at it tells more. */
  const odd = new Set<string>();
  const name = (path: string): string => `/${posix.relative(root, path)}`;
  // The walker passes over folders that it cannot read; a folder that it may not read must not look
  // like an empty one.
  const watchedReaddir = (
    path: string,
    options: { withFileTypes: true },
    callback: ReaddirCallback,
  ): void => {
    folders.push(name(path));
    if (folders.length > MAX_GLOB_FOLDERS) bound.abort();
    readdir(path, options, (error, entries) => {
      const reason = error && explainFolder(error, path);
      if (reason) unread.set(name(path), reason);
      // The walker leaves out links, unless it may enter them, and pipes, sockets and devices. As
      // files they are found; reading them says why not.
      callback(
        error,
        error
          ? entries
          : entries.map((entry) => (entry.isFile() || entry.isDirectory() ? entry : take(path, entry))),
      );
    });
  };
  const take = (folder: string, entry: Dirent): Dirent => {
    odd.add(name(posix.join(folder, entry.name)));
    return asFile(entry);
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
    if (!bound.signal.aborted) throw error;
    return { tooMany: `looks into more than ${MAX_GLOB_FOLDERS} folders; write a narrower glob` };
  }
  if (bound.signal.aborted)
    return { tooMany: `looks into more than ${MAX_GLOB_FOLDERS} folders; write a narrower glob` };
  signal.throwIfAborted();
  if (found.length > MAX_GLOB_FILES) return { tooMany: `matches more than ${MAX_GLOB_FILES} files` };
  const paths: string[] = [];
  for (const path of found.map((one) => posix.join("/", one))) {
    const kind = odd.has(path) || path.includes(NO_UTF8) ? await classify(posix.join(root, path)) : "file";
    if (kind === "file") paths.push(path);
    if (kind === "unnamed")
      unread.set(path, "its name is not UTF-8, and a report holds text only; rename it");
  }
  return { paths: paths.sort(), links: paths.filter((path) => odd.has(path)), unread: tell(unread), folders };
}

/** Lists what could not be looked into, and how many more there are. */
function tell(unread: ReadonlyMap<string, string>): readonly Unread[] {
  const all = [...unread].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, reason]) => ({ what, reason }));
  const left = all.length - MAX_TOLD_PLACES;
  if (left <= 0) return all;
  return [
    ...all.slice(0, MAX_TOLD_PLACES),
    { what: `${left} more folders and names`, reason: "could not be read either" },
  ];
}

/** Why a folder gave nothing; undefined where there is none, as nothing is there to be found. */
function explainFolder(error: NodeJS.ErrnoException, path: string): string | undefined {
  switch (error.code) {
    case "EACCES":
    case "EPERM":
      return "this folder may not be read by this user";
    case "ENOENT":
      return path.includes(NO_UTF8)
        ? "the folder's name is not UTF-8, and a report holds text only; rename it"
        : undefined;
    case "ENOTDIR":
      return undefined;
    default:
      return `this folder cannot be read: ${error.code ?? error.message}`;
  }
}

function asFile(entry: Dirent): Dirent {
  return Object.create(entry, {
    isFile: { value: () => true },
    isSymbolicLink: { value: () => false },
  }) as Dirent;
}

/**
 * A link to a folder is none of the files; one that leads nowhere is, so that reading it says so.
 */
async function classify(path: string): Promise<"file" | "folder" | "unnamed"> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    return error.code === "ENOENT" && path.includes(NO_UTF8) ? "unnamed" : "file";
  }
}
