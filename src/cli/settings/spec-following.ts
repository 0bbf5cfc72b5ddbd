// Which published specs this host follows, and what it lets them do, as settings say.
import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Allowance } from "../../agent/followed-collection.ts";
import { createSpecFollower, type SpecFollower } from "../../agent/spec-follower.ts";
import type { HostKey } from "../../remote/host-key.ts";
import { fetchFromServer, fetchFromStore } from "../../remote/published-spec.ts";
import type { Target } from "../../remote/target.ts";
import { splitList } from "../../report/list-text.ts";
import { compileFilePolicy, type FilePolicy } from "../../specs/file-policy.ts";
import { type PublicKey, parsePublicKey } from "../../specs/spec-key.ts";
import { UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { findConfigPath, type Settings } from "./settings.ts";
import { openStoreAt } from "./target.ts";

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
): Promise<OpenFollower | undefined> {
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
    fetch:
      target.kind === "store"
        ? fetchFromStore(await openStoreAt(target.url, io), onNotice)
        : fetchFromServer({ url: target.url, key, signal: io.signal }),
    keys,
    allowedCommands,
    files,
    folder,
    clock: io.clock,
    onNotice,
  });
  return { follower, allowance: { files, allowedCredentials } };
}

export interface OpenFollower {
  readonly follower: SpecFollower;
  readonly allowance: Allowance;
}

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

/** What is no key is not shown: it may be the private half, or a key for something else. */
function readKey(text: string, index: number): PublicKey {
  const key = parsePublicKey(text);
  if (!key)
    throw new UsageError(
      `--spec-keys: number ${index + 1} is no key: a key is ed25519: and 43 characters, as rollcall spec ` +
        "keygen prints it",
    );
  return key;
}
