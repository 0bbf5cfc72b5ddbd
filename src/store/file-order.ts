// Which of two puts of one key came first: what began earlier and is done later must not lie over
// what began later.
import { lstat as lstatCallback, type Stats } from "node:fs";
import { promisify } from "node:util";
import { isAbsence } from "./file-error.ts";

const lstat = promisify(lstatCallback);

/** What lay at a put's place when it began; undefined for nothing. */
export type ExistingFile = Stats | undefined;

/** @throws what lstat throws, but for absence */
export async function readExistingFile(path: string): Promise<ExistingFile> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/**
 * Tells whether another process placed something meanwhile that it began later than we did.
 *
 * Only what was placed while our put was under way counts: what was there before is older by the
 * order of events, whatever the clocks say. Which of two at once began later is told by when their
 * drafts were made, by the one clock that stamps both, the file system's. Where a file system does
 * not keep that time (birthtime is 0), the one that is done last stands.
 *
 * @param before what lay there when our put began
 * @param now what lies there
 * @param beganAt when our draft was made; ms since the epoch by the file system
 */
export function isOvertakenBy(before: ExistingFile, now: ExistingFile, beganAt: number): boolean {
  if (!now?.isFile() || (before && isSameFile(before, now))) return false;
  return now.birthtimeMs > beganAt;
}

function isSameFile(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino && one.ctimeMs === other.ctimeMs;
}
