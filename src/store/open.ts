// Opens a store by its URL: the one place that names the drivers.

import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Clock } from "../report/clock.ts";
import { type ReadStore, type Store, StoreError, Unavailable } from "./store.ts";

export interface OpenOptions {
  readonly clock: Clock;
  /** What `file:relative/path` is relative to; else the process's working directory. */
  readonly cwd?: string;
  /** For those who only read: a folder that is missing is then an error, and is not made. */
  readonly mustExist?: boolean;
  /** Whether nothing may be written, not even what a driver keeps for itself. */
  readonly isReadOnly?: boolean;
  /** Where s3: finds keys, region and endpoint; else the process's own. */
  readonly env?: NodeJS.ProcessEnv;
}

type OpenDriver = (url: string, options: OpenOptions) => Promise<Store>;

// A driver is loaded when a URL asks for it: whoever uses a folder does not wait for another
// driver's libraries.
const DRIVERS: ReadonlyMap<string, OpenDriver> = new Map<string, OpenDriver>([
  [
    "file",
    async (url, { clock, cwd = process.cwd(), mustExist = false, isReadOnly = false }) => {
      const root = resolve(cwd, parseFileUrl(url));
      const { fileStore } = await import("./file.ts");
      return await fileStore({ root, clock, mustExist: mustExist || isReadOnly, isReadOnly });
    },
  ],
  [
    "memory",
    async (url, { clock }) => {
      if (url !== "memory:") throw new StoreError('[store] [memory] takes no path: write "memory:"');
      const { memoryStore } = await import("./memory.ts");
      return memoryStore({ clock });
    },
  ],
  [
    "s3",
    async (url, { clock, env = process.env }) => {
      const [{ parseS3Url }, { s3Store }, { withRetry }] = await Promise.all([
        import("./s3-url.ts"),
        import("./s3.ts"),
        import("./retry.ts"),
      ]);
      const store = await s3Store({ location: parseS3Url(url), env, clock });
      return withRetry(store, {
        clock,
        random: Math.random,
        newMark: randomUUID,
        wait: (ms, signal) => wait(ms, undefined, { ...(signal && { signal }) }),
      });
    },
  ],
]);

/** The schemes of store URLs, in the order of the docs; each has its page docs/stores/SCHEME.md. */
export const STORE_SCHEMES: readonly string[] = [...DRIVERS.keys()];

/**
 * Opens a store.
 *
 * @param url `file:/srv/rollcall`, `file:///srv/rollcall` (percent-encoded, RFC 8089),
 *   `file:relative/path`, `memory:` or `s3://BUCKET/PREFIX?region=REGION`
 * @throws StoreError if the URL is none of these, or the driver can not open what it names. The
 *   message never repeats the URL of another scheme, which may hold a secret.
 */
export async function openStore(url: string, options: OpenOptions): Promise<Store> {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined)
    throw new StoreError(`[store] ${JSON.stringify(url)} is no store URL${suggest(url)}`);
  const open = DRIVERS.get(scheme);
  if (!open) {
    const known = STORE_SCHEMES.map((name) => `${name}:`).join(", ");
    throw new StoreError(`[store] this build has no driver for ${scheme}: — it has ${known}`);
  }
  return await open(scheme + url.slice(scheme.length), options);
}

/**
 * Opens a store that is only read. One that is away is opened when it is back: until then each
 * request fails.
 *
 * @throws StoreError for what no waiting mends, such as a URL of the wrong form
 */
export async function openToRead(url: string, options: OpenOptions): Promise<ReadStore> {
  let opening: Promise<Store> | undefined;
  const open = (): Promise<Store> => {
    opening ??= openStore(url, { ...options, isReadOnly: true }).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  const opened = await open().catch((error: unknown) => {
    if (error instanceof Unavailable) return undefined;
    throw error;
  });
  return {
    location: opened?.location ?? url,
    ...(opened?.splitsListings && { splitsListings: true }),
    get: async (key, getOptions) => (await open()).get(key, getOptions),
    async *list(prefix, listOptions) {
      yield* (await open()).list(prefix, listOptions);
    },
    close: async () => (await opening?.catch(() => undefined))?.close?.(),
  };
}

/** A store that is written, and those that are only read beside it. */
export interface OpenStores {
  readonly store: Store;
  readonly alsoRead: readonly ReadStore[];
}

/**
 * Opens the stores that are only read beside one that is open.
 *
 * @throws StoreError likewise, or if one of them is that store, or named twice
 */
export async function openBeside(
  store: Store,
  urls: readonly string[],
  options: OpenOptions,
): Promise<OpenStores> {
  const alsoRead: ReadStore[] = [];
  for (const url of urls) {
    const one = await openToRead(url, options);
    const known = [store, ...alsoRead];
    if (known.some(({ location }) => location === one.location))
      throw new StoreError(`[store] ${one.location} is named twice; name each store once`);
    alsoRead.push(one);
  }
  return { store, alsoRead };
}

function suggest(url: string): string {
  return url === ""
    ? `; write one of ${STORE_SCHEMES.map((name) => `${name}:`).join(", ")}`
    : `; for a folder write "file:${url}"`;
}

/** The path in a file URL: as it stands, or decoded where the URL has the form with `//`. */
function parseFileUrl(url: string): string {
  const path = url.slice("file:".length);
  if (path === "") throw new StoreError('[store] [file] names no folder: write "file:/srv/rollcall"');
  if (path.includes("\0")) throw new StoreError("[store] [file] a path holds no NUL");
  if (!path.startsWith("//")) return path;
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw new StoreError(
      `[store] [file] ${JSON.stringify(url)} names no folder here: write "file:///srv/rollcall"`,
      {
        cause: error,
      },
    );
  }
}
