// Drafts and locks that writers leave who are killed: removed when they are old, and not on this
// machine's word alone for what time it is.
import { lstat as lstatCallback, readdir as readdirCallback, unlink as unlinkCallback } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Clock } from "../report/clock.ts";
import { isMoved } from "./file-expiry.ts";
import { isMarkerDraft } from "./file-marker.ts";

const lstat = promisify(lstatCallback);
const readdir = promisify(readdirCallback);
const unlink = promisify(unlinkCallback);

/**
 * A draft this old was left by a writer that died; ms. A put takes milliseconds, and one whose
 * draft is gone all the same begins again.
 */
const LEFTOVER_MS = 60 * 60 * 1000;

export interface SweepDraftsOptions {
  readonly root: string;
  readonly temporary: string;
  /** This machine's clock. */
  readonly clock: Clock;
  /**
   * What the file system's clock says: by a wrong one of this machine a draft under way would seem
   * old.
   */
  readonly askTime: () => Promise<number>;
}

/**
 * Removes what writers left that ended in the middle. Their age goes by the time of the last change
 * to the inode (ctime), which the file system alone sets: the mtime is that of the writer's own
 * clock. A failure does no harm: what is left is never seen as an object, and is looked at again.
 */
export async function sweepDrafts({ root, temporary, clock, askTime }: SweepDraftsOptions): Promise<void> {
  // What an expiry moved there may be a live object's, and has a way back of its own.
  const drafts = (await listNames(temporary))
    .filter((name) => !isMoved(name))
    .map((name) => join(temporary, name));
  const markers = (await listNames(root)).filter(isMarkerDraft).map((name) => join(root, name));
  let time: Promise<number> | undefined;
  const removals = [...drafts, ...markers].map(async (path) => {
    const { ctimeMs } = await lstat(path);
    if (clock() - ctimeMs <= LEFTOVER_MS) return;
    time ??= askTime();
    if ((await time) - ctimeMs > LEFTOVER_MS) await unlink(path);
  });
  await Promise.allSettled(removals);
}

/** None where there is no such folder, or a link in its place: what that leads to is not ours. */
async function listNames(folder: string): Promise<string[]> {
  const stats = await lstat(folder).catch(() => undefined);
  return stats?.isDirectory() ? await readdir(folder).catch(() => []) : [];
}
