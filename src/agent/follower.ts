// The agent's follower of published specs, as settings say.
import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { UsageError } from "../cli/program/failure.ts";
import type { Io } from "../cli/program/io.ts";
import { findConfigPath, type Settings } from "../cli/settings/settings.ts";
import { openStoreAt } from "../cli/settings/target.ts";
import { createClient } from "../remote/client.ts";
import type { HostKey } from "../remote/host-key.ts";
import type { Target } from "../remote/target.ts";
import { CURRENT_EDITION_KEY } from "../specs/edition.ts";
import { compileFilePolicy, type FilePolicy } from "../specs/file-policy.ts";
import { type PublicKey, parsePublicKey } from "../specs/spec-key.ts";
import { type Store, Unreadable } from "../store/store.ts";
import { createSpecFollower, type SpecFollower, type SpecFollowerOptions } from "./spec-follower.ts";

export interface FollowerOptions {
  readonly settings: Settings;
  readonly target: Target;
  /** With which a server is asked. */
  readonly key: HostKey;
  /** The agent's state folder. */
  readonly folder: string;
  readonly onNotice: (notice: string) => void;
}

/**
 * @returns undefined where no key is trusted: then nothing is followed
 * @throws UsageError for a key or path that is none
 */
export async function openFollower(
  { settings, target, key, folder, onNotice }: FollowerOptions,
  io: Io,
): Promise<HostFollower | undefined> {
  const keys = splitList(settings.get("specKeys")).map(readKey);
  const allowedCommands = splitList(settings.get("allowCommands"));
  const relative = allowedCommands.find((path) => !path.startsWith("/"));
  if (relative !== undefined) throw new UsageError(`--allow-commands: ${relative} is no absolute path`);
  if (keys.length === 0) return undefined;
  for (const path of allowedCommands)
    if (!path.endsWith("/") && (await isFolder(path)))
      onNotice(
        `--allow-commands: ${path} is a folder, and allows no program; write ${path}/ for all below it`,
      );
  const files = await readFilePolicy(settings, folder, io);
  const allowedCredentials = splitList(settings.get("allowCredentials"));
  const follower = createSpecFollower({
    fetch: await makeFetch(target, key, onNotice, io),
    keys,
    allowedCommands,
    files,
    folder,
    clock: io.clock,
    onNotice,
  });
  return Object.assign(follower, { files, allowedCredentials });
}

/** A follower, and what this host lets published specs do. */
export type HostFollower = SpecFollower & {
  readonly files: FilePolicy;
  readonly allowedCredentials: readonly string[];
};

/** @throws UsageError for a path that is not absolute */
async function readFilePolicy(settings: Settings, folder: string, io: Io): Promise<FilePolicy> {
  const text = settings.get("allowFiles");
  const allowed = text === undefined ? undefined : splitFiles(text);
  const relative = allowed?.find((path) => !path.startsWith("/"));
  if (relative !== undefined) throw new UsageError(`--allow-files: ${relative} is no absolute path`);
  const store = /^file:(\/.*)$/.exec(settings.get("store") ?? "")?.[1];
  const named = [
    settings.get("keyFile"),
    settings.get("enrolKeyFile"),
    findConfigPath({ config: settings.get("config") }, io),
    store,
  ];
  const own = [folder, io.folders.data, ...named].flatMap((path) =>
    path === undefined ? [] : [resolve(io.cwd, path)],
  );
  const real = await Promise.all(own.map((path) => realpath(path).catch(() => path)));
  const variables = splitList(settings.get("allowEnvironment"));
  return compileFilePolicy({ allowed, own: [...new Set([...own, ...real])], variables });
}

/** A comma within braces splits no glob. */
function splitFiles(text: string): string[] {
  return (text.match(/(?:\{[^}]*\}|[^,{])+/g) ?? []).map((part) => part.trim()).filter((part) => part !== "");
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function makeFetch(
  target: Target,
  key: HostKey,
  onNotice: (notice: string) => void,
  io: Io,
): Promise<SpecFollowerOptions["fetch"]> {
  if (target.kind === "store") return fetchFromStore(await openStoreAt(target.url, io), onNotice);
  return async (id, maxBytes) => {
    const headers = { ...(await key.headersFor(id, io.signal)) };
    const client = createClient({ url: target.url, key: undefined, signal: io.signal, retries: 0 });
    const response = await client.request("/v1/specs/current", { headers });
    if (response.status === 204) return undefined;
    const bytes = Buffer.from(await response.arrayBuffer());
    return bytes.subarray(0, maxBytes + 1);
  };
}

/**
 * To those who may not list a bucket S3 answers 403, not 404, where no object is (AWS,
 * API_GetObject: permissions). So that is no failure, but it is told once: the right to read may be
 * missing too.
 */
export function fetchFromStore(
  store: Pick<Store, "get">,
  onNotice: (notice: string) => void,
): SpecFollowerOptions["fetch"] {
  let isTold = false;
  return async (_id, maxBytes) => {
    try {
      return (await store.get(CURRENT_EDITION_KEY, { maxBytes }))?.body;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      if (!isTold)
        onNotice(`no published spec: none is there, or this host may not read it (${error.message})`);
      isTold = true;
      return undefined;
    }
  };
}

function splitList(text = ""): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function readKey(text: string): PublicKey {
  const key = parsePublicKey(text);
  if (!key)
    throw new UsageError(
      "--spec-keys: a key is ed25519: and 43 characters, as rollcall spec keygen prints it",
    );
  return key;
}
