// The id of a host that has none of its own: made once, kept in the user's data folder.
import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isHostId } from "../report/key.ts";

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
  const path = join(folder, "host-id");
  const kept = await readFile(path, "utf8").catch(() => "");
  if (isHostId(kept.trim())) return kept.trim();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString("hex")}`;
  const file = await open(temporary, "wx", 0o600);
  await file.writeFile(`${makeHostId()}\n`);
  await file.close();
  try {
    // link, not rename: of two processes that start together, both then read the id of the first.
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // What stands there may be no id: a disk that ran full, an editor.
    if (!isHostId((await readFile(path, "utf8")).trim())) await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  return (await readFile(path, "utf8")).trim();
}
