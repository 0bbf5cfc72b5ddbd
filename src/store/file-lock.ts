// A lock per key for the file driver's puts: a symbolic link, whose making is atomic and says who
// made it.
import { createHash } from "node:crypto";
import { readlink as readlinkCallback, symlink as symlinkCallback, unlink as unlinkCallback } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { codeOf } from "./file-error.ts";
import { StoreError } from "./store.ts";

const readlink = promisify(readlinkCallback);
const symlink = promisify(symlinkCallback);
const unlink = promisify(unlinkCallback);

/**
 * A lock that was seen to stand unchanged for so long belongs to a writer that died. No clock that
 * anyone sets has a say in it.
 */
const STALE_MS = 10_000;

/** A holder that got no further in this time gives up, long before others may think it dead. */
const HOLD_MS = 5_000;

/** With the waits below some 15 seconds: longer than a dead writer's lock lives. */
const MAX_WAITS = 760;
const MAX_WAIT_MS = 20;

/** The lock is another's. */
export class LockTaken extends StoreError {
  override name = "LockTaken";
}

/** A lock that is held. */
export interface Lock {
  /**
   * Call just before the step that the lock is for.
   *
   * @throws LockTaken if the lock was held so long that it may be lost
   */
  check(): Promise<void>;
  release(): Promise<void>;
}

export interface LockOptions {
  /** The folder for locks; it exists. */
  readonly folder: string;
  readonly key: string;
  /** What no one sets, from any start; ms. */
  readonly monotonic: () => number;
  /** A new name at each call. */
  readonly random: () => string;
  /** Waits some milliseconds. */
  readonly pause: (ms: number) => Promise<unknown>;
}

/**
 * Takes the lock of a key, waiting while another writer holds it. Node has no flock(2); the lock is
 * a link to nowhere whose target is a new name.
 *
 * @throws LockTaken if it stays taken for some 15 seconds
 */
export async function takeLock({ folder, key, monotonic, random, pause }: LockOptions): Promise<Lock> {
  const path = join(folder, `lock-${createHash("sha256").update(key).digest("hex").slice(0, 32)}`);
  let watched: { readonly target: string; readonly since: number } | undefined;
  for (let waits = 0; waits < MAX_WAITS; waits++) {
    const takenAt = monotonic();
    const target = random();
    if (await tryLink(target, path)) {
      const isOld = () => monotonic() - takenAt > HOLD_MS;
      return {
        async check() {
          const isMine = (await readTarget(path)) === target;
          if (!isMine || isOld())
            throw new LockTaken(`[store] [file] held the lock on ${key} too long; try again`);
        },
        async release() {
          // A lock that grew old is left to those who may be taking it over this very moment.
          if (!isOld()) await removeIfSame(path, target);
        },
      };
    }
    const held = await readTarget(path);
    if (held === undefined) continue;
    if (watched?.target !== held) watched = { target: held, since: monotonic() };
    if (monotonic() - watched.since > STALE_MS) {
      if (!(await breakLock(path, held))) await pause(MAX_WAIT_MS);
    } else await pause(Math.min(1 + waits, MAX_WAIT_MS));
  }
  throw new LockTaken(
    `[store] [file] ${key} stays locked by another writer; if none runs, delete ${path} and ${path}.break`,
  );
}

/**
 * Removes a dead writer's lock. Two who find it dead must not both remove it, or the second would
 * remove the first one's new lock; so only who makes PATH.break may, and looks again first. Nobody
 * takes over a PATH.break: its holder makes two system calls, and if it dies between them the sweep
 * of drafts removes it.
 *
 * @returns false if another is at it
 */
async function breakLock(path: string, held: string): Promise<boolean> {
  if (!(await tryLink(held, `${path}.break`))) return false;
  try {
    await removeIfSame(path, held);
  } finally {
    await unlink(`${path}.break`);
  }
  return true;
}

async function removeIfSame(path: string, target: string): Promise<void> {
  if ((await readTarget(path)) === target) await unlink(path);
}

async function tryLink(target: string, path: string): Promise<boolean> {
  try {
    await symlink(target, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

async function readTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
