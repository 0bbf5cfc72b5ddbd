// Where paths and globs lead: every folder on the way, through all links, and what is looked for in
// it.
import { lstatSync } from "node:fs";
import { readlink } from "node:fs/promises";
import { posix } from "node:path";
import picomatch from "picomatch";
import { isMadeUp, MAX_SYMLINKS } from "../collect/file-facts.ts";

/** What to watch: absolute paths and globs. */
export interface WatchTargets {
  readonly paths: readonly string[];
  readonly globs: readonly string[];
}

/**
 * Where a glob led: to links, and every folder that was looked into on the way, in which a new file
 * or folder may match.
 */
export interface GlobWalk {
  /** Of what it found, all that may lead elsewhere. */
  readonly links: readonly string[];
  readonly folders: readonly string[];
  /** Why it was not walked to its end: then nothing else is known. */
  readonly fault?: string;
}

/** What is watched in one folder: names, and who asked for them; and globs. */
export interface WatchedFolder {
  readonly names: Map<string, Set<string>>;
  readonly globs: { readonly matches: (name: string) => boolean; readonly given: string }[];
}

export type WatchedFolders = Map<string, WatchedFolder>;

export interface TraceOptions {
  /**
   * Where a host's path lies: the same, but for a container or a test that sees the host below a
   * folder.
   */
  readonly resolve: (path: string) => string;
  /** Walks a glob; all are paths of the host. */
  readonly glob: (pattern: string) => Promise<GlobWalk>;
}

/** Traces all that is to be watched. @returns also globs that could not be walked, and why */
export async function traceAll(
  { paths, globs }: WatchTargets,
  { resolve, glob }: TraceOptions,
): Promise<{ readonly watchedFolders: WatchedFolders; readonly faults: ReadonlyMap<string, string> }> {
  const traced: WatchedFolders = new Map();
  const faults = new Map<string, string>();
  const trace = makeTrace(traced);
  for (const path of paths.filter((one) => !isMadeUp(one))) await trace(resolve(path), path);
  for (const pattern of globs.filter((one) => !isMadeUp(one))) {
    const { base } = picomatch.scan(pattern);
    const isMatch = picomatch(pattern);
    const { links, folders, fault } = await glob(pattern);
    if (fault !== undefined) faults.set(pattern, fault);
    for (const folder of new Set([base, ...folders])) {
      const real = await trace(resolve(folder), pattern);
      const matches = (name: string) => isMatch(posix.join(folder, name));
      if (real !== undefined) watchFolder(traced, real).globs.push({ matches, given: pattern });
    }
    for (const path of links) await trace(resolve(path), pattern);
  }
  return { watchedFolders: traced, faults };
}

function watchFolder(watchedFolders: WatchedFolders, folder: string): WatchedFolder {
  const watchedFolder = watchedFolders.get(folder) ?? { names: new Map(), globs: [] };
  watchedFolders.set(folder, watchedFolder);
  return watchedFolder;
}

/**
 * Makes what notes every folder on the way to a path, through all links, and the name that is
 * looked for in it. Each step is looked at once.
 */
function makeTrace(into: WatchedFolders) {
  const links = new Map<string, Promise<LinkFacts>>();
  const look = (path: string): Promise<LinkFacts> => {
    const known = links.get(path) ?? readLink(path);
    links.set(path, known);
    return known;
  };
  /** @returns the folder that it leads to, if it is there */
  return async function trace(
    path: string,
    given: string,
    depth = MAX_SYMLINKS,
  ): Promise<string | undefined> {
    let folder = "/";
    const names = path.split("/").filter(Boolean);
    for (const [at, name] of names.entries()) {
      const { names: wanted } = watchFolder(into, folder);
      wanted.set(name, (wanted.get(name) ?? new Set()).add(given));
      const step = posix.join(folder, name);
      const target = await look(step);
      if (target === "absent") return undefined;
      if (target) {
        const rest = names.slice(at + 1).join("/");
        return depth > 0
          ? trace(posix.join(posix.resolve(folder, target.to), rest), given, depth - 1)
          : undefined;
      }
      folder = step;
    }
    return folder;
  };
}

/** Who asked for anything in a folder. */
export function listGiven(watchedFolder: WatchedFolder | undefined): ReadonlySet<string> {
  const given = new Set<string>();
  for (const names of watchedFolder?.names.values() ?? []) for (const one of names) given.add(one);
  for (const one of watchedFolder?.globs ?? []) given.add(one.given);
  return given;
}

/**
 * Whose paths and globs a change of a name in a folder may touch. @param name null if it is not
 * known
 */
export function listChanged(
  watchedFolders: WatchedFolders,
  folder: string,
  name: string | null,
): ReadonlySet<string> {
  const watchedFolder = watchedFolders.get(folder);
  if (!watchedFolder) return new Set();
  // No name, or the folder's own (it was moved or removed): anything in it may have changed.
  if (name === null || (name === posix.basename(folder) && !watchedFolder.names.has(name)))
    return listGiven(watchedFolder);
  const changed = new Set(watchedFolder.names.get(name));
  if (watchedFolder.globs.length === 0) return changed;
  const path = posix.join(folder, name);
  // A folder that is new, or gone, may hold files that match.
  const isOnTheWay = watchedFolders.has(path) || isFolder(path);
  for (const { matches, given } of watchedFolder.globs) if (isOnTheWay || matches(name)) changed.add(given);
  return changed;
}

function isFolder(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}

type LinkFacts = { readonly to: string } | "absent" | undefined;

async function readLink(path: string): Promise<LinkFacts> {
  try {
    return { to: await readlink(path) };
  } catch (error) {
    // EINVAL: there is something, and it is no link.
    if (codeOf(error) === "EINVAL") return undefined;
    return "absent";
  }
}

/** The code of a system error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
