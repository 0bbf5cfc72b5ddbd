// A lock per key for the file driver's conditional puts: a symbolic link, whose making is atomic and carries the time with it.
import { createHash } from "node:crypto";
import { readlink as readlinkCallback, symlink as symlinkCallback, unlink as unlinkCallback } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import type { Clock } from "../report/clock.ts";
import { codeOf } from "./file-error.ts";
import { StoreError } from "./store.ts";

const readlink = promisify(readlinkCallback);
const symlink = promisify(symlinkCallback);
const unlink = promisify(unlinkCallback);

/** A lock older than this belongs to a writer that died. */
const STALE_MS = 10_000;

/** A holder that got no further in this time gives up, long before others may think it dead. */
const HOLD_MS = 5_000;

/** With the waits below some 15 seconds: longer than a dead writer's lock lives. */
const MAX_WAITS = 760;
const MAX_WAIT_MS = 20;

/** A lock that is held. */
export interface Lock {
  /**
   * Call just before the step that the lock is for.
   *
   * @throws StoreError if the lock was held so long that it may be lost
   */
  check(): Promise<void>;
  release(): Promise<void>;
}

export interface LockOptions {
  /** The folder for locks; it exists. */
  readonly folder: string;
  readonly key: string;
  readonly clock: Clock;
  /** A new name at each call. */
  readonly random: () => string;
  /** Waits some milliseconds. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/**
 * Takes the lock of a key, waiting while another writer holds it. Node has no flock(2); the lock is a link to nowhere whose target is `TIME-RANDOM`.
 *
 * @throws StoreError if it stays taken for some 15 seconds
 */
export async function takeLock({ folder, key, clock, random, pause = wait }: LockOptions): Promise<Lock> {
  const path = join(folder, `lock-${createHash("sha256").update(key).digest("hex").slice(0, 32)}`);
  for (let waits = 0; waits < MAX_WAITS; waits++) {
    const takenAt = clock();
    const target = `${Math.floor(takenAt)}-${random()}`;
    if (await tryLink(target, path)) {
      return {
        async check() {
          const isMine = (await readTarget(path)) === target;
          if (!isMine || clock() - takenAt > HOLD_MS)
            throw new StoreError(`[store] [file] held the lock on ${key} too long; try again`);
        },
        async release() {
          // A lock that grew old is left to those who may be taking it over this very moment.
          if (clock() - takenAt <= HOLD_MS) await removeIfSame(path, target);
        },
      };
    }
    const held = await readTarget(path);
    if (held !== undefined && isStale(held, clock())) {
      if (!(await breakLock(path, held))) await pause(MAX_WAIT_MS);
    } else if (held !== undefined) await pause(Math.min(1 + waits, MAX_WAIT_MS));
  }
  throw new StoreError(`[store] [file] ${key} stays locked by another writer; if none runs, delete ${path} and ${path}.break`);
}

/**
 * Removes a dead writer's lock. Two who find it dead must not both remove it, or the second would remove the first one's new
 * lock; so only who makes PATH.break may, and looks again first. Nobody takes over a PATH.break: its holder makes two
 * system calls, and if it dies between them the sweep at opening removes it.
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

function isStale(target: string, now: number): boolean {
  return now - Number.parseInt(target, 10) > STALE_MS;
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
