// The id of a host that has none of its own: made once, kept in the user's data folder.
import { randomBytes } from "node:crypto";
import { link, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isHostId } from "../report/key.ts";
import { writeDraft } from "../store/atomic-file.ts";
import { readStateFile } from "./state-file.ts";

/** In the program's data folder. */
export const HOST_ID_FILE = "host-id";

/** A new id: 32 hexadecimal digits, like a machine id. */
export function makeHostId(): string {
  return randomBytes(16).toString("hex");
}

/**
 * Reads the kept id, or makes and keeps one.
 *
 * @param folder the program's data folder; made if it is missing
 */
export async function keepHostId(folder: string): Promise<string> {
  const path = join(folder, HOST_ID_FILE);
  const kept = await readId(path).catch(() => undefined);
  if (kept !== undefined) return kept;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = await writeDraft(path, `${makeHostId()}\n`, { owner: "user" });
  try {
    // link, not rename: of two processes that start together, both then read the id of the first.
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // What stands there may be no id: a disk that ran full, an editor.
    if ((await readId(path)) === undefined) await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  const id = await readId(path);
  if (id === undefined) throw new Error(`${path} is changed by another program`);
  return id;
}

/**
 * Most hosts have a machine id, and need no place for another; one that does says so when it is
 * looked at.
 *
 * @param folder as keepHostId's; undefined where there is none
 */
export async function keepHostIdIfPossible(folder: string | undefined): Promise<string | undefined> {
  try {
    return folder === undefined ? undefined : await keepHostId(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}

const MAX_ID_FILE_BYTES = 4096;

async function readId(path: string): Promise<string | undefined> {
  const text = (await readStateFile(path, MAX_ID_FILE_BYTES))?.toString("utf8").trim() ?? "";
  return isHostId(text) ? text : undefined;
}
