// The file driver's marker: a file by which a store's folder is told from an empty folder in its
// place, such as an unmounted disk's.
import { randomBytes } from "node:crypto";
import { link, lstat, open, readdir, readFile, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "./file-body.ts";
import { codeOf, explainFileError, isAbsence } from "./file-error.ts";
import { findOwner } from "./file-owner.ts";
import { StoreError, StoreMissing } from "./store.ts";

/** Hidden, so no key can name it and no listing shows it. */
export const MARKER = ".rollcall-store";

/** It says nothing that others may not know. */
const MARKER_MODE = 0o644;
const MAX_MARKER_BYTES = 4096;

/** What ext4 and others make in each file system's own folder. */
const LOST_AND_FOUND = "lost+found";

/** Whether a name in the store's folder is that of a marker that was being made. */
export function isMarkerDraft(name: string): boolean {
  return name.startsWith(`${MARKER}.`) && /^[0-9a-f]{16}$/.test(name.slice(MARKER.length + 1));
}

export interface Marker {
  /**
   * Tells whether the folder is the store that was opened. A marker that somebody removed beside
   * the store's objects is made again.
   *
   * @throws StoreMissing if it is missing, empty, or another store
   */
  check(): Promise<void>;
}

/**
 * Reads the marker of a store's folder, which exists, and makes it where it is missing: the folder
 * is used for the first time, or was before there were markers. Where this user may not write, the
 * store goes on without.
 *
 * @param mustExist nothing is made now, and an empty folder without a marker is no store
 * @param isReadOnly nothing is ever made, and mustExist is so as well
 * @throws StoreMissing, StoreError
 */
export async function openMarker(
  root: string,
  { mustExist, isReadOnly = false }: { readonly mustExist: boolean; readonly isReadOnly?: boolean },
): Promise<Marker> {
  const path = join(root, MARKER);
  let known = await readMarker(path);
  /**
   * What lstat said of the marker that was known to be right: reading it again is not needed while
   * that stands.
   */
  let seen: string | undefined;
  if (known === undefined && mustExist && !(await hasObjects(root)))
    throw new StoreMissing(
      `[store] [file] ${root} is empty and no store; is its name right, and its disk mounted?`,
    );
  if (known === undefined && !mustExist) known = await makeMarker(path, newContent());

  return {
    async check() {
      const stats = await look(path);
      if (stats !== undefined && stats === seen) return;
      const found = stats === undefined ? undefined : await readMarker(path);
      if (found === undefined) {
        await checkRoot(root);
        if (known === undefined) return;
        if (!(await hasObjects(root)))
          throw new StoreMissing(
            `[store] [file] ${root} is empty and its ${MARKER} is gone; is its disk mounted?`,
          );
        if (!isReadOnly) await makeMarker(path, known);
        return;
      }
      known ??= found;
      if (found !== known)
        throw new StoreMissing(
          `[store] [file] another store lies in ${root} than the one that was ` +
            "opened; is the right disk mounted? If it is meant to be another, start " +
            "again",
        );
      seen = stats;
    },
  };
}

/**
 * A folder that is not there (moved, unmounted, mistyped) must not pass for an empty store. @throws
 * StoreMissing, StoreError
 */
export async function checkRoot(root: string): Promise<void> {
  try {
    if ((await stat(root)).isDirectory()) return;
  } catch (error) {
    if (!isAbsence(error)) throw explainRoot(error, root);
  }
  throw new StoreMissing(
    `[store] [file] there is no folder ${root}; is its name right, and its disk mounted?`,
  );
}

async function hasObjects(root: string): Promise<boolean> {
  try {
    return (await readdir(root)).some((name) => !name.startsWith(".") && name !== LOST_AND_FOUND);
  } catch (error) {
    if (isAbsence(error)) return false;
    throw explainRoot(error, root);
  }
}

/** What lstat says of the marker, as text; undefined if there is none. */
async function look(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeMs } = await lstat(path);
    return `${dev} ${ino} ${size} ${mtimeMs}`;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw explainRoot(error, path);
  }
}

/** undefined if there is none. */
async function readMarker(path: string): Promise<string | undefined> {
  try {
    const bytes = await readFile(path);
    return bytes.toString("utf8", 0, MAX_MARKER_BYTES);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw explainRoot(error, path);
  }
}

/**
 * Makes the marker, unless another process was quicker. @returns what it says; undefined if it
 * cannot be made
 */
async function makeMarker(path: string, content: string): Promise<string | undefined> {
  const draft = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    const file = await open(draft, "wx", MARKER_MODE);
    try {
      // Whatever the umask: a marker that root has made is there for the store's own user too.
      await file.chmod(MARKER_MODE);
      await (await findOwner(join(path, ".."))).giveFile(file.fd);
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path).catch(async (error: unknown) => {
      if (codeOf(error) === "EEXIST") return;
      // Where there are no hard links.
      await rename(draft, path);
    });
    await unlink(draft).catch(() => undefined);
    await syncFolder(join(path, ".."));
    return await readMarker(path);
  } catch {
    // Not allowed, read-only, full: each put will say so, and reading needs none of it.
    await unlink(draft).catch(() => undefined);
    return undefined;
  }
}

function newContent(): string {
  const id = randomBytes(16).toString("hex");
  return (
    `Rollcall store ${id}\nLeave this file here: by it Rollcall tells its store from ` +
    "an empty folder, such as that of an unmounted disk.\n"
  );
}

/**
 * A file system that has gone away (ENOTCONN, ESTALE, EIO, …) may come back; one that forbids will
 * not.
 */
function explainRoot(error: unknown, path: string): unknown {
  const explained = explainFileError(error, "look at", path);
  const isForbidden = codeOf(error) === "EACCES" || codeOf(error) === "EPERM";
  return explained instanceof StoreError && !isForbidden
    ? new StoreMissing(explained.message, { cause: error })
    : explained;
}
