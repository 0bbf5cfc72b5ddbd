// Watching files: tells at once when something that a spec reads changes, be it written, replaced,
// made, removed, or a link above it turned.
import { type FSWatcher, watch as watchFolder } from "node:fs";
import { stat } from "node:fs/promises";
import { posix } from "node:path";
import { listSharedFolders, listUnwatchable, type PolledFolder } from "./polled-folders.ts";
import {
  codeOf,
  listChanged,
  listGiven,
  type TraceOptions,
  traceAll,
  type WatchedFolders,
  type WatchTargets,
} from "./watch-trace.ts";

/** Folders watched at most. inotify(7) bounds them for each user; what is not watched is polled. */
const MAX_FOLDERS = 500;

/** Rounds of looking for folders that were made while others began to be watched. */
const MAX_WATCH_ROUNDS = 5;

/**
 * In a folder where so many other files change in the time below, watching takes more than polling
 * does.
 */
const STORM_EVENTS = 2000;
const STORM_MS = 10_000;

/**
 * A folder is watched again so long after a storm, and after twice as long each time that the storm
 * is there still; ms.
 */
const FIRST_PAUSE_MS = 5000;
const MAX_PAUSE_MS = 8 * 60_000;
/** Watched for so long without another storm, it counts as calm; ms. */
const CALM_MS = 5 * 60_000;

/** How soon what failed is tried again; ms. */
const RETRY_MS = 30_000;

/**
 * How often the wall clock is looked at; ms. Each time costs, and what changed has to be seen
 * within 2 s.
 */
const CLOCK_EVERY_MS = 1500;
/** A clock that lost more than this was set back; ms. */
const CLOCK_STEP_MS = 50;

export interface Watch {
  /** Looks again where the paths and globs lead now. Changes after it resolves are told. */
  update(watched: WatchTargets): Promise<void>;
  /** Folders that are watched. */
  readonly folders: number;
  close(): void;
}

export interface WatchOptions extends TraceOptions {
  /** Told of the path or glob, as it was given, and of the file or folder whose change it was. */
  readonly onChange: (changed: string, source: string) => void;
  /** Milliseconds from some fixed instant. */
  readonly monotonic: () => number;
  /** ms since the epoch. */
  readonly clock: () => number;
  /**
   * Does something later, unless it is called off; must not keep the process alive. @returns calls
   * it off
   */
  readonly later: (ms: number, act: () => void) => () => void;
  /** Told of all folders that are polled, when they are others than before. */
  readonly onPolled: (polled: readonly PolledFolder[]) => void;
}

interface Watcher {
  readonly watcher: FSWatcher;
  readonly identity: string;
  /**
   * Whether its folder was moved or removed. inotify(7) follows the folder, not its name, and
   * numbers of inodes are given out again.
   */
  isStale: boolean;
}

/** A folder that is not watched for now. */
interface Pause {
  readonly reason: string;
  /** When it may be watched again, by the monotonic clock. */
  readonly until: number;
}

/** Makes a watch of nothing yet. */
export function createWatch(options: WatchOptions): Watch {
  const { onChange, monotonic, clock, later, onPolled } = options;
  const watchers = new Map<string, Watcher>();
  const pauses = new Map<string, Pause>();
  /** Storms of each folder: how many in a row, and when the last pause ended. */
  const storms = new Map<string, { readonly count: number; readonly until: number }>();
  const wakings = new Map<string, () => void>();
  let watchedFolders: WatchedFolders = new Map();
  /**
   * Watched, but on file systems that tell of some changes only; and what the kernel tells nothing
   * of.
   */
  let foreign: readonly PolledFolder[] = [];
  /** What was told of polled folders last, as JSON. */
  let told = "[]";
  let offset = clock() - monotonic();
  let stopClock = later(CLOCK_EVERY_MS, checkClock);

  function pause(folder: string, reason: string, ms: number): void {
    stop(folder);
    pauses.set(folder, { reason, until: monotonic() + ms });
  }

  /** Too much else changes in a folder; it is watched again by itself. */
  function pauseForStorm(folder: string): void {
    const last = storms.get(folder);
    const count = last && monotonic() - last.until < CALM_MS ? last.count + 1 : 1;
    const ms = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1));
    storms.set(folder, { count, until: monotonic() + ms });
    pause(folder, "too many other files change in it", ms);
    tellPolled();
    wakings.get(folder)?.();
    // What is told is looked at, and before that the folder is watched: a moment later, so that the
    // pause is over by any clock.
    const callOff = later(ms + 10, () => tellAll(folder));
    wakings.set(folder, callOff);
  }

  function tellAll(folder: string): void {
    for (const given of listGiven(watchedFolders.get(folder))) onChange(given, folder);
  }

  function start(folder: string, identity: string): void {
    const storm = createStormGauge(monotonic);
    const onEvent = (event: string, name: string | null): void => {
      const own = posix.basename(folder);
      const watcher = watchers.get(folder);
      if (watcher && event === "rename" && (name === null || name === own)) watcher.isStale = true;
      const changed = listChanged(watchedFolders, folder, name);
      for (const given of changed) onChange(given, name === null ? folder : posix.join(folder, name));
      if (changed.size === 0 && storm.count()) pauseForStorm(folder);
    };
    try {
      const watcher = watchFolder(folder, { persistent: false }, onEvent);
      watchers.set(folder, { watcher, identity, isStale: false });
      pauses.delete(folder);
      watcher.on("error", (error) => {
        pause(folder, explain(error), RETRY_MS);
        tellPolled();
      });
    } catch (error) {
      // It may have gone since it was traced: then what is above it tells, and there is nothing to
      // say.
      if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") pause(folder, explain(error), RETRY_MS);
    }
  }

  function stop(folder: string): void {
    watchers.get(folder)?.watcher.close();
    watchers.delete(folder);
  }

  /** Ends watchers of what is not to be watched any more. */
  function stopOthers(identities: ReadonlyMap<string, string>): void {
    for (const [folder, { identity, isStale }] of watchers) {
      // A folder may have been replaced by another of the same name, or hidden by a mount; the
      // watcher would tell of the old one.
      if (isStale || identities.get(folder) !== identity) stop(folder);
    }
    for (const folder of pauses.keys()) if (!identities.get(folder)) pauses.delete(folder);
  }

  /** Watches these folders and no others. @returns how many that were not watched before */
  async function watchAll(folders: readonly string[]): Promise<number> {
    const identities = new Map<string, string>();
    for (const folder of folders) identities.set(folder, await identify(folder));
    stopOthers(identities);
    let begun = 0;
    for (const [folder, identity] of identities) {
      const isPaused = (pauses.get(folder)?.until ?? 0) > monotonic();
      if (identity === "" || watchers.has(folder) || isPaused) continue;
      if (watchers.size >= MAX_FOLDERS)
        pause(folder, `more than ${MAX_FOLDERS} folders would be watched`, RETRY_MS);
      else start(folder, identity);
      if (watchers.has(folder)) begun++;
    }
    return begun;
  }

  function tellPolled(more: readonly PolledFolder[] = foreign): void {
    foreign = more;
    const all = [...[...pauses].map(([folder, { reason }]) => ({ folder, reason })), ...more];
    const text = JSON.stringify(all);
    if (text === told) return;
    told = text;
    onPolled(all);
  }
  /**
   * Bun (1.4) passes over what happens again to a file at an earlier time by the wall clock than
   * the last time: after the clock was set back, nothing would be told until it has caught up. A
   * new watcher knows of no last time.
   */
  function checkClock(): void {
    const now = clock() - monotonic();
    if (now < offset - CLOCK_STEP_MS) {
      for (const [folder, watcher] of watchers) {
        watcher.isStale = true;
        tellAll(folder);
      }
    }
    offset = now;
    stopClock = later(CLOCK_EVERY_MS, checkClock);
  }

  return {
    async update(watched) {
      let unwalked: readonly PolledFolder[] = [];
      for (let turn = 0; turn < MAX_WATCH_ROUNDS; turn++) {
        const traced = await traceAll(watched, options);
        watchedFolders = traced.watchedFolders;
        unwalked = [...traced.faults].map(([folder, reason]) => ({ folder, reason }));
        // In what has begun to be watched, something may have been made before.
        if ((await watchAll([...watchedFolders.keys()])) === 0) break;
      }
      tellPolled([...unwalked, ...listUnwatchable(watched), ...(await listSharedFolders(watchers))]);
    },
    get folders() {
      return watchers.size;
    },
    close() {
      stopClock();
      for (const callOff of wakings.values()) callOff();
      for (const folder of watchers.keys()) stop(folder);
    },
  };
}

function createStormGauge(monotonic: () => number) {
  let others = 0;
  let since = monotonic();
  return {
    /** Counts a change of no interest. @returns whether they are too many */
    count(): boolean {
      if (monotonic() - since > STORM_MS) {
        others = 0;
        since = monotonic();
      }
      return ++others > STORM_EVENTS;
    },
  };
}

function explain(error: unknown): string {
  switch (codeOf(error)) {
    case "EACCES":
    case "EPERM":
      return "it may not be read by this user";
    case "ENOSPC":
      return "the kernel's limit fs.inotify.max_user_watches is reached";
    case "EMFILE":
      return "the kernel's limit fs.inotify.max_user_instances is reached";
    default:
      return codeOf(error) ?? String(error);
  }
}

/** Tells a folder from another of the same name; "" if there is none. */
async function identify(folder: string): Promise<string> {
  try {
    // Numbers of inodes are given out again: a folder that was removed and made anew may well have
    // the old one's.
    const { dev, ino, birthtimeNs } = await stat(folder, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}`;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return "";
  }
}
