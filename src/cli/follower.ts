// The agent's follower of published specs, as settings say.
import { createSpecFollower, type SpecFollower, type SpecFollowerOptions } from "../agent/spec-follower.ts";
import { CURRENT_EDITION_KEY } from "../spec/edition.ts";
import { type PublicKey, parsePublicKey } from "../spec/spec-key.ts";
import { createClient } from "./client.ts";
import { UsageError } from "./failure.ts";
import type { HostKey } from "./host-key.ts";
import type { Io } from "./io.ts";
import type { Settings } from "./settings.ts";
import { openStoreAt, type Target } from "./target.ts";

export interface FollowerOptions {
  readonly settings: Settings;
  readonly target: Target;
  /** With which a server is asked. */
  readonly key: HostKey;
  /** The agent's state folder. */
  readonly folder: string;
  readonly onNotice: (notice: string) => void;
}

/** @returns undefined where no key is trusted: then nothing is followed @throws UsageError for a key or path that is none */
export async function openFollower(
  { settings, target, key, folder, onNotice }: FollowerOptions,
  io: Io,
): Promise<SpecFollower | undefined> {
  const keys = splitList(settings.get("specKeys")).map(readKey);
  const allowedCommands = splitList(settings.get("allowCommands"));
  const relative = allowedCommands.find((path) => !path.startsWith("/"));
  if (relative !== undefined) throw new UsageError(`--allow-commands: ${relative} is no absolute path`);
  if (keys.length === 0) return undefined;
  return createSpecFollower({
    fetch: await makeFetch(target, key, io),
    keys,
    allowedCommands,
    folder,
    clock: io.clock,
    onNotice,
  });
}

async function makeFetch(target: Target, key: HostKey, io: Io): Promise<SpecFollowerOptions["fetch"]> {
  if (target.kind === "store") {
    const store = await openStoreAt(target.url, io);
    return async (_id, maxBytes) => (await store.get(CURRENT_EDITION_KEY, { maxBytes }))?.body;
  }
  return async (id, maxBytes) => {
    const headers = { ...(await key.headersFor(id, io.signal)) };
    const client = createClient({ url: target.url, key: undefined, signal: io.signal, retries: 0 });
    const response = await client.request("/v1/specs/current", { headers });
    if (response.status === 204) return undefined;
    const bytes = Buffer.from(await response.arrayBuffer());
    return bytes.subarray(0, maxBytes + 1);
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
  if (!key) throw new UsageError("--spec-keys: a key is ed25519: and 43 characters, as rollcall spec keygen prints it");
  return key;
}
