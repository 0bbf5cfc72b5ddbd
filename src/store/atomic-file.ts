// Files outside a store that are replaced whole: state, keys, pages. (A folder that is a store has
// a writer of its own, file-writer.ts.)
//
// Ours, since neither write-file-atomic 7 nor atomically 2.1, which run on Node 20.17, may be used
// in a folder that is another user's: both follow a link that stands in the file's place, write
// under a name that can be foreseen without O_EXCL, and change mode and owner by name.
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** O_EXCL follows no link either, open(2). */
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** What stands of a draft's name after the name of the file that it becomes. */
const DRAFT_END = /\.[0-9a-f]{16}\.new$/;

export interface DraftOptions {
  /** Who may read it; by default only this user. The process's umask takes from it. */
  readonly mode?: number;
  /** Whether it may be lost with the machine's power: then the disk need not be woken for it. */
  readonly isVolatile?: boolean;
  /** Whether the draft is hidden, as others list the folder. */
  readonly isHidden?: boolean;
  /**
   * Whose it is: this user's, or the folder's owner's, who must be able to read and replace what
   * root writes there.
   */
  readonly owner?: "user" | "folder";
}

/**
 * Replaces a file: whoever reads it, whenever, sees the old content or the new one, and a link in
 * its place is replaced, not followed. It is written under another name that nobody can guess,
 * flushed to disk, and renamed.
 *
 * @throws Error of the file system's; then nothing is left behind
 */
export async function replaceFile(
  path: string,
  content: Uint8Array | string,
  options: DraftOptions = {},
): Promise<void> {
  const draft = await writeDraft(path, content, options);
  try {
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    throw error;
  }
}

/**
 * Writes what a file shall become, beside it. @returns the draft's path @throws as replaceFile
 */
export async function writeDraft(
  path: string,
  content: Uint8Array | string,
  { mode = 0o600, isVolatile = false, isHidden = false, owner = "folder" }: DraftOptions = {},
): Promise<string> {
  const name = `${isHidden ? "." : ""}${basename(path)}.${randomBytes(8).toString("hex")}.new`;
  const draft = join(dirname(path), name);
  try {
    const file = await open(draft, CREATE, mode);
    try {
      if (owner === "folder") await giveToOwner(file, dirname(path));
      await file.writeFile(content);
      if (!isVolatile) await file.sync();
    } finally {
      await file.close();
    }
    return draft;
  } catch (error) {
    // On a full disk half a file would take what little room there is.
    await unlink(draft).catch(() => undefined);
    throw error;
  }
}

/** The name of the file that a draft was to become; undefined if a name is no draft's. */
export function parseDraftName(name: string): string | undefined {
  return DRAFT_END.test(name) ? name.replace(DRAFT_END, "").replace(/^\./, "") : undefined;
}

/** By the open file, not by its name: that may be another's by now. */
async function giveToOwner(file: FileHandle, folder: string): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = await stat(folder);
  if (uid !== 0) await file.chown(uid, gid);
}
