// The first key that `rollcall start` makes, kept for its user as gh keeps a token, so that a
// second start prints the same line.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { Keyring } from "../../access/keyring.ts";
import { createKey } from "../../access/keys.ts";
import { replaceFile } from "../../store/atomic-file.ts";
import type { Store } from "../../store/store.ts";
import type { Io } from "../program/io.ts";
import { readGivenText } from "../settings/given-file.ts";

/** Store's URL to key. */
const fileSchema = z.record(z.string(), z.string());

/** Makes a key that may read. */
export async function makeKey(store: Store, { clock }: Io): Promise<string> {
  const { secret } = await createKey(store, { name: "rollcall start", scopes: ["read"] }, { clock });
  return secret;
}

/**
 * The kept key of this store; a new one if there is none, it was revoked, or the user has no home
 * folder to keep one in.
 */
export async function keepFirstKey(store: Store, keyring: Keyring, io: Io): Promise<string> {
  const folder = io.folders.config;
  if (folder === undefined) return await makeKey(store, io);
  const path = join(folder, "first-keys.json");
  const keys = await readKeys(path);
  const kept = keys[store.location];
  if (kept !== undefined && (await keyring.verify(kept))) return kept;
  const secret = await makeKey(store, io);
  keyring.invalidate();
  await writeKeys(path, { ...keys, [store.location]: secret }, folder);
  return secret;
}

async function readKeys(path: string): Promise<Record<string, string>> {
  try {
    return fileSchema.parse(JSON.parse(await readGivenText(path)));
  } catch {
    // Missing or broken: the keys in it cannot be told from revoked ones, and a new key costs
    // nothing.
    return {};
  }
}

/** Replaces the file at once, readable by its owner alone from the first byte. */
async function writeKeys(
  path: string,
  keys: Readonly<Record<string, string>>,
  folder: string,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await replaceFile(path, `${JSON.stringify(keys, null, 2)}\n`, { owner: "user" });
}
