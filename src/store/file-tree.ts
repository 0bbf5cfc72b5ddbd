// The file driver's listing: walks a folder in the order of keys and looks at the files in batches.
import { type Dirent, lstat, readdir as readdirCallback, type Stats, stat as statCallback } from "node:fs";
import { promisify } from "node:util";
import type { Clock } from "../report/clock.ts";
import { toEntry } from "./file-entry.ts";
import { explainFileError, isAbsence } from "./file-error.ts";
import { refuseLink } from "./file-link.ts";
import type { Entry, ListOptions } from "./store.ts";

const readdir = promisify(readdirCallback);
const stat = promisify(statCallback);

const PAGE = 1000;

/**
 * A linked file has no time of receipt. It is shown with the present one, in steps, so that it is
 * told as long as it is there.
 */
const LINK_STEP_MS = 10 * 60 * 1000;

/**
 * lstat calls in flight: the thread pool never idles, and a stuck network file system holds only so
 * many.
 */
const CONCURRENT_STATS = 128;

export interface Tree {
  /** The store's folder, absolute. */
  readonly root: string;
  readonly clock: Clock;
  /** Throws if the folder is not the store's. */
  readonly checkStore: () => Promise<void>;
}

/**
 * Lists the regular files below a folder as Store.list does, and links to such, which cannot be
 * read: whoever reads is told. Names that start with a dot and special files are no objects. What
 * vanishes while the listing runs is left out; any other failure ends it with an error, and so does
 * a link to a folder or to nothing, since what lies or lay behind it is not known.
 *
 * @throws StoreError if anything below the root cannot be looked at
 */
export async function* listTree(
  { root, clock, checkStore }: Tree,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<readonly Entry[]> {
  const { after = "", upTo, shallow = false, signal } = options;
  await checkStore();
  const start = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  if (!(await isFolderInside(root, start))) return await checkStore();
  const linkedAt = Math.floor(clock() / LINK_STEP_MS) * LINK_STEP_MS;
  let waiting: string[] = [];
  for await (const found of walk(root, start, { prefix, after, upTo, shallow, signal })) {
    waiting = waiting.concat(found);
    let at = 0;
    for (; waiting.length - at >= PAGE; at += PAGE) {
      const page = await look(root, waiting.slice(at, at + PAGE), linkedAt, signal);
      if (page.length > 0) yield page;
    }
    waiting = waiting.slice(at);
  }
  const page = await look(root, waiting, linkedAt, signal);
  // What went away with its disk while it was listed was not deleted.
  await checkStore();
  if (page.length > 0) yield page;
}

interface Walk {
  readonly prefix: string;
  readonly after: string;
  readonly upTo: string | undefined;
  readonly shallow: boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * Yields keys of regular files in ascending order. @param folder a key that ends with "/", or ""
 * for the root
 */
async function* walk(root: string, folder: string, wanted: Walk): AsyncGenerator<string[]> {
  const { prefix, after, upTo, shallow, signal } = wanted;
  signal?.throwIfAborted();
  let keys: string[] = [];
  const { keys: found, links } = await readFolder(root, folder);
  for (const key of found) {
    // A folder's keys all come after its own.
    if (upTo !== undefined && key > upTo) break;
    if (!key.endsWith("/")) {
      if (key > after && key.startsWith(prefix)) keys.push(key);
      continue;
    }
    const isWanted = !shallow && key.startsWith(prefix) && (key > after || after.startsWith(key));
    if (!isWanted) continue;
    if (links.has(key)) throw refuseLink(`${root}/${key.slice(0, -1)}`);
    if (keys.length > 0) yield keys;
    keys = [];
    yield* walk(root, key, wanted);
  }
  if (keys.length > 0) yield keys;
}

/** A folder's keys, ascending, and which of them are links to what is no file. */
interface FolderKeys {
  readonly keys: ReadonlySet<string>;
  readonly links: ReadonlySet<string>;
}

/**
 * The keys in one folder; a folder's key ends with "/", which puts `a-b` and `a.json` before `a/b`
 * as listings must.
 */
async function readFolder(root: string, folder: string): Promise<FolderKeys> {
  const path = `${root}/${folder}`;
  let entries: Dirent[];
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (isAbsence(error)) return { keys: new Set(), links: new Set() };
    throw explainFileError(error, "list", path);
  }
  const keys: string[] = [];
  const links = new Set<string>();
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const isLink = entry.isSymbolicLink();
    if (entry.isFile() || (isLink && (await leadsToFile(`${path}${entry.name}`))))
      keys.push(folder + entry.name);
    else if (isLink || entry.isDirectory()) keys.push(`${folder + entry.name}/`);
    if (isLink) links.add(`${folder + entry.name}/`);
  }
  // A set: readdir(3) may show a name twice when the file is replaced meanwhile.
  return { keys: new Set(keys.sort()), links };
}

/** A link that cannot be followed might lead to a folder. */
async function leadsToFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

/**
 * Tells whether a prefix names a folder below the root, on the way to which there is no `..` and no
 * hidden name.
 *
 * @throws StoreError if a symbolic link is on the way
 */
async function isFolderInside(root: string, folder: string): Promise<boolean> {
  let path = root;
  for (const segment of folder.split("/").slice(0, -1)) {
    if (
      segment === "" ||
      segment.startsWith(".") ||
      segment.includes("\0") ||
      Buffer.byteLength(segment) > 255
    )
      return false;
    path += `/${segment}`;
    const [stats] = await lookAt([path], undefined);
    if (stats?.isSymbolicLink()) throw refuseLink(path);
    if (!stats?.isDirectory()) return false;
  }
  return true;
}

async function look(
  root: string,
  keys: readonly string[],
  linkedAt: number,
  signal: AbortSignal | undefined,
): Promise<Entry[]> {
  signal?.throwIfAborted();
  const paths = keys.map((key) => `${root}/${key}`);
  const all = await lookAt(paths, signal);
  return keys.flatMap((key, at) => {
    const stats = all[at];
    if (stats?.isSymbolicLink()) return { ...toEntry(key, stats), lastModified: linkedAt };
    return stats?.isFile() ? toEntry(key, stats) : [];
  });
}

/**
 * lstat of many paths; undefined where nothing is. Callbacks, because 100,000 promises more cost as
 * much as the calls.
 */
function lookAt(paths: readonly string[], signal: AbortSignal | undefined): Promise<(Stats | undefined)[]> {
  return new Promise((resolve, reject) => {
    const results = new Array<Stats | undefined>(paths.length);
    let next = 0;
    let done = 0;
    const begin = () => {
      const at = next++;
      const path = paths[at];
      if (path === undefined) return;
      lstat(path, (error, stats) => {
        if (error && !isAbsence(error)) return reject(explainFileError(error, "look at", path));
        if (signal?.aborted) return reject(signal.reason);
        results[at] = error ? undefined : stats;
        if (++done === paths.length) resolve(results);
        else begin();
      });
    };
    if (paths.length === 0) resolve(results);
    for (let lane = 0; lane < CONCURRENT_STATS; lane++) begin();
  });
}
