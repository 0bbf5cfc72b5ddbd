// The file driver's listing: walks a folder in the order of keys and looks at the files in batches.
import { type Dirent, lstat, readdir as readdirCallback, type Stats } from "node:fs";
import { promisify } from "node:util";
import { toEntry } from "./file-entry.ts";
import { explain, isAbsence } from "./file-error.ts";
import type { Entry, ListOptions } from "./store.ts";

const readdir = promisify(readdirCallback);

const PAGE = 1000;

/** lstat calls in flight: the thread pool never idles, and a stuck network file system holds only so many. */
const CONCURRENT_STATS = 128;

/**
 * Lists the regular files below a folder as Store.list does. Names that start with a dot, symbolic links and special files
 * are no objects. What vanishes while the listing runs is left out; any other failure ends it with an error.
 *
 * @param checkStore throws if the folder is not the store's
 * @throws StoreError if anything below the root cannot be looked at
 */
export async function* listTree(
  { root, checkStore }: { readonly root: string; readonly checkStore: () => Promise<void> },
  prefix: string,
  options: ListOptions,
): AsyncGenerator<readonly Entry[]> {
  const { after = "", upTo, shallow = false, signal } = options;
  await checkStore();
  const start = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  if (!(await isFolderInside(root, start))) return await checkStore();
  let waiting: string[] = [];
  for await (const found of walk(root, start, { prefix, after, upTo, shallow, signal })) {
    waiting = waiting.concat(found);
    let at = 0;
    for (; waiting.length - at >= PAGE; at += PAGE) {
      const page = await look(root, waiting.slice(at, at + PAGE), signal);
      if (page.length > 0) yield page;
    }
    waiting = waiting.slice(at);
  }
  const page = await look(root, waiting, signal);
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

/** Yields keys of regular files in ascending order. @param folder a key that ends with "/", or "" for the root */
async function* walk(root: string, folder: string, wanted: Walk): AsyncGenerator<string[]> {
  const { prefix, after, upTo, shallow, signal } = wanted;
  signal?.throwIfAborted();
  let keys: string[] = [];
  for (const key of await readFolder(root, folder)) {
    // A folder's keys all come after its own.
    if (upTo !== undefined && key > upTo) break;
    if (!key.endsWith("/")) {
      if (key > after && key.startsWith(prefix)) keys.push(key);
      continue;
    }
    const isWanted = !shallow && key.startsWith(prefix) && (key > after || after.startsWith(key));
    if (!isWanted) continue;
    if (keys.length > 0) yield keys;
    keys = [];
    yield* walk(root, key, wanted);
  }
  if (keys.length > 0) yield keys;
}

/** The keys in one folder, ascending; a folder's key ends with "/", which puts `a-b` and `a.json` before `a/b` as listings must. */
async function readFolder(root: string, folder: string): Promise<Set<string>> {
  const path = `${root}/${folder}`;
  let entries: Dirent[];
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (isAbsence(error)) return new Set();
    throw explain(error, "list", path);
  }
  const keys: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    if (entry.isFile()) keys.push(folder + entry.name);
    else if (entry.isDirectory()) keys.push(`${folder + entry.name}/`);
  }
  // A set: readdir(3) may show a name twice when the file is replaced meanwhile.
  return new Set(keys.sort());
}

/** Tells whether a prefix names a folder below the root, on the way to which there is no `..`, hidden name or symbolic link. */
async function isFolderInside(root: string, folder: string): Promise<boolean> {
  let path = root;
  for (const segment of folder.split("/").slice(0, -1)) {
    if (segment === "" || segment.startsWith(".") || segment.includes("\0") || Buffer.byteLength(segment) > 255) return false;
    path += `/${segment}`;
    const [stats] = await lookAt([path], undefined);
    if (!stats?.isDirectory()) return false;
  }
  return true;
}

async function look(root: string, keys: readonly string[], signal: AbortSignal | undefined): Promise<Entry[]> {
  signal?.throwIfAborted();
  const paths = keys.map((key) => `${root}/${key}`);
  const all = await lookAt(paths, signal);
  return keys.flatMap((key, at) => {
    const stats = all[at];
    return stats?.isFile() ? toEntry(key, stats) : [];
  });
}

/** lstat of many paths; undefined where nothing is. Callbacks, because 100,000 promises more cost as much as the calls. */
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
        if (error && !isAbsence(error)) return reject(explain(error, "look at", path));
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
