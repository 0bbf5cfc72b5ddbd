// Watching files: tells at once when something that a spec reads changes, be it written, replaced, made, removed, or a link above it turned.
import { type FSWatcher, watch as watchFolder } from "node:fs";
import { readlink, stat } from "node:fs/promises";
import { posix } from "node:path";
import picomatch from "picomatch";

/** Links that are followed from one path; the kernel's own limit (path_resolution(7)). */
const MAX_LINKS = 40;

/** Folders watched at most. inotify(7) bounds them for each user; what is not watched is polled. */
const MAX_FOLDERS = 500;

/** In a folder where so many other files change in the time below, watching takes more than polling does. */
const STORM_EVENTS = 2000;
const STORM_MS = 10_000;

/** What to watch: absolute paths and globs. */
export interface Watched {
  readonly paths: readonly string[];
  readonly globs: readonly string[];
}

export interface Watch {
  /** Looks again where the paths and globs lead now. Changes after it resolves are told. */
  update(watched: Watched): Promise<void>;
  /** Folders that are watched. */
  readonly folders: number;
  close(): void;
}

export interface WatchOptions {
  /** Where a host's path lies: the same, but for a container or a test that sees the host below a folder. */
  readonly resolve: (path: string) => string;
  /** The files that a glob finds, as paths of the host. */
  readonly glob: (pattern: string) => Promise<readonly string[]>;
  /** Told of the path or glob, as it was given. */
  readonly onChange: (changed: string) => void;
  /** Milliseconds from some fixed instant. */
  readonly monotonic: () => number;
  /** Told of folders that cannot be watched any more, and why; they are left to polling. */
  readonly onGiveUp: (folder: string, reason: string) => void;
}

/** What is of interest in one folder: names, and who asked for them; and patterns of names. */
interface Interest {
  readonly names: Map<string, Set<string>>;
  readonly patterns: { readonly matches: (name: string) => boolean; readonly given: string }[];
}

/** Makes a watch of nothing yet. */
export function createWatch({ resolve, glob, onChange, monotonic, onGiveUp }: WatchOptions): Watch {
  const watchers = new Map<string, { readonly watcher: FSWatcher; readonly identity: string }>();
  const givenUp = new Set<string>();
  let interests = new Map<string, Interest>();

  function interestIn(folder: string, into: Map<string, Interest>): Interest {
    const interest = into.get(folder) ?? { names: new Map(), patterns: [] };
    into.set(folder, interest);
    return interest;
  }

  /** Notes every folder on the way to a path, through all links, and the name that is looked for in it. */
  async function trace(path: string, given: string, into: Map<string, Interest>, links = MAX_LINKS): Promise<string | undefined> {
    let folder = "/";
    const names = path.split("/").filter(Boolean);
    for (const [at, name] of names.entries()) {
      const { names: wanted } = interestIn(folder, into);
      wanted.set(name, (wanted.get(name) ?? new Set()).add(given));
      const step = posix.join(folder, name);
      const target = await readLink(step);
      if (target === "absent") return undefined;
      if (target) {
        const rest = names.slice(at + 1).join("/");
        return links > 0 ? trace(posix.join(posix.resolve(folder, target.to), rest), given, into, links - 1) : undefined;
      }
      folder = step;
    }
    return folder;
  }

  /** A glob's folders: the fixed one that it begins with, and those in which it finds files. */
  async function traceGlob(pattern: string, into: Map<string, Interest>): Promise<void> {
    const { base } = picomatch.scan(pattern);
    const last = posix.basename(pattern);
    const isFlat = posix.dirname(pattern) === base;
    const found = await glob(pattern);
    const folders = new Set([...(isFlat ? [base] : []), ...found.map((path) => posix.dirname(path))]);
    for (const folder of folders) {
      const real = await trace(resolve(folder), pattern, into);
      if (real !== undefined) interestIn(real, into).patterns.push({ matches: picomatch(last), given: pattern });
    }
    if (isFlat) return;
    const real = await trace(resolve(base), pattern, into);
    // Any new folder may hold files that match.
    if (real !== undefined) interestIn(real, into).patterns.push({ matches: () => true, given: pattern });
  }

  function start(folder: string, identity: string): void {
    let others = 0;
    let since = monotonic();
    const giveUp = (reason: string): void => {
      stop(folder);
      givenUp.add(folder);
      onGiveUp(folder, reason);
    };
    const onEvent = (name: string | null): void => {
      const changed = listChanged(interests.get(folder), name, posix.basename(folder));
      for (const given of changed) onChange(given);
      if (changed.size > 0) return;
      if (monotonic() - since > STORM_MS) {
        others = 0;
        since = monotonic();
      }
      if (++others > STORM_EVENTS) giveUp("too many other files change in it");
    };
    try {
      const watcher = watchFolder(folder, { persistent: false }, (_event, name) => onEvent(name));
      watchers.set(folder, { watcher, identity });
      watcher.on("error", (error) => giveUp(error.message));
    } catch (error) {
      // It may have gone since it was traced: then what is above it tells, and there is nothing to say.
      if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") giveUp(codeOf(error) ?? String(error));
    }
  }

  function stop(folder: string): void {
    watchers.get(folder)?.watcher.close();
    watchers.delete(folder);
  }

  /** Watches these folders and no others. */
  async function watchAll(folders: readonly string[]): Promise<void> {
    const identities = new Map<string, string>();
    for (const folder of folders) identities.set(folder, await identify(folder));
    for (const [folder, { identity }] of watchers) {
      // A folder may have been replaced by another of the same name; the watcher would tell of the old one.
      if (identities.get(folder) !== identity) stop(folder);
    }
    for (const [folder, identity] of identities) {
      if (watchers.size >= MAX_FOLDERS) return;
      if (identity !== "" && !watchers.has(folder) && !givenUp.has(folder)) start(folder, identity);
    }
  }

  return {
    async update({ paths, globs }) {
      const traced = new Map<string, Interest>();
      for (const path of paths.filter(isWatchable)) await trace(resolve(path), path, traced);
      for (const pattern of globs.filter(isWatchable)) await traceGlob(pattern, traced);
      interests = traced;
      await watchAll([...traced.keys()]);
    },
    get folders() {
      return watchers.size;
    },
    close() {
      for (const folder of watchers.keys()) stop(folder);
    },
  };
}

/** The kernel makes these up when they are read, and tells nobody of changes. */
function isWatchable(path: string): boolean {
  return !/^\/(?:proc|sys|dev)\//.test(path);
}

function listChanged(interest: Interest | undefined, name: string | null, own: string): ReadonlySet<string> {
  const changed = new Set<string>();
  if (!interest) return changed;
  // No name, or the folder's own (it was moved or removed): anything in it may have changed.
  const isAny = name === null || (name === own && !interest.names.has(name));
  for (const [wanted, given] of interest.names) {
    if (isAny || wanted === name) for (const one of given) changed.add(one);
  }
  for (const { matches, given } of interest.patterns) if (isAny || matches(name)) changed.add(given);
  return changed;
}

async function readLink(path: string): Promise<{ readonly to: string } | "absent" | undefined> {
  try {
    return { to: await readlink(path) };
  } catch (error) {
    // EINVAL: there is something, and it is no link.
    if (codeOf(error) === "EINVAL") return undefined;
    return "absent";
  }
}

/** Tells a folder from another of the same name; "" if there is none. */
async function identify(folder: string): Promise<string> {
  try {
    const { dev, ino } = await stat(folder, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return "";
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
