// Where reports are: the store or server that settings name, else the embedded store in the user's
// data folder.
import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Target } from "../../remote/target.ts";
import { type OpenStores, openBeside, openStore } from "../../store/open.ts";
import { type Store, StoreError } from "../../store/store.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import type { Settings } from "./settings.ts";

/** The store that `rollcall start` keeps. @throws CommandError where the user has no home folder */
export function embeddedStoreUrl({ folders }: Io): string {
  if (folders.data === undefined)
    throw new CommandError(
      "there is no home folder for a store; name one with --store URL or --server URL, or set HOME",
    );
  return `file:${join(folders.data, "store")}`;
}

/**
 * Finds the target.
 *
 * @throws UsageError for two at once; CommandError where there is none, or the server's URL is no
 *   http URL
 */
export async function findTarget(settings: Settings, io: Io): Promise<Target> {
  const target = settings.target();
  if (target?.kind === "store") return { kind: "store", url: target.value };
  if (target) return { kind: "server", url: parseServerUrl(target.value) };
  const url = embeddedStoreUrl(io);
  const isThere = await access(url.slice("file:".length)).then(
    () => true,
    () => false,
  );
  if (!isThere)
    throw new CommandError(
      "there is no store yet: run `rollcall start`, or name one with --store URL or --server URL",
    );
  return { kind: "store", url };
}

/** The store's URL for commands that work on a store alone. */
export function findStoreUrl(settings: Settings, io: Io): string {
  return settings.get("store") ?? embeddedStoreUrl(io);
}

/**
 * Opens a store; what it says of a failure is for the user. One that must exist is not made by a
 * mistyped name. @throws CommandError
 */
export async function openStoreAt(url: string, io: Io, { mustExist = false } = {}): Promise<Store> {
  try {
    return await openStore(url, { clock: io.clock, cwd: io.cwd, env: io.env, mustExist });
  } catch (error) {
    if (error instanceof StoreError) throw new CommandError(error.message);
    throw error;
  }
}

/**
 * Opens a store as openStoreAt does, and those that are read beside it. @throws CommandError,
 * UsageError
 */
export async function openStoresAt(
  url: string,
  settings: Pick<Settings, "alsoRead" | "sourceOf">,
  io: Io,
  options: { readonly mustExist?: boolean } = {},
): Promise<OpenStores> {
  const store = await openStoreAt(url, io, options);
  const urls = settings.alsoRead();
  try {
    return await openBeside(store, urls, { clock: io.clock, cwd: io.cwd, env: io.env });
  } catch (error) {
    await store.close?.();
    if (error instanceof StoreError)
      throw new UsageError(`${settings.sourceOf("alsoRead")}: ${error.reason}`);
    throw error;
  }
}

/** @throws CommandError */
export function parseServerUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new CommandError(
      "--server (ROLLCALL_SERVER) should be a URL such as https://rollcall.example.com, with no key in it",
    );
  }
  return url;
}
