// Which of two puts of one key came first: what began earlier and is done later must not lie over what began later.
import { lstat as lstatCallback, type Stats } from "node:fs";
import { promisify } from "node:util";
import { isAbsence } from "./file-error.ts";

const lstat = promisify(lstatCallback);

/** A put's place among those of this process for one key. */
interface Turn {
  readonly key: string;
  readonly number: number;
}

interface Lane {
  /** Puts under way. */
  waiting: number;
  /** The latest beginner that was placed. */
  placed: number;
  /** Ends when the one before has been placed, or not. */
  last: Promise<unknown>;
}

/** The order of the puts of one process: they are placed one at a time for each key, and which one began last is known for certain. */
export class PutOrder {
  readonly #lanes = new Map<string, Lane>();
  #next = 0;

  /** Call when a put begins; `end` has to follow. */
  begin(key: string): Turn {
    const lane = this.#lanes.get(key) ?? { waiting: 0, placed: -1, last: Promise.resolve() };
    this.#lanes.set(key, lane);
    lane.waiting++;
    return { key, number: this.#next++ };
  }

  /** Places, when no other put of the key does. @param place is told whether one that began later has been placed @returns what it returns */
  async place<T>({ key, number }: Turn, place: (isOvertaken: boolean) => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(key) as Lane;
    const work = lane.last.then(async () => {
      const isOvertaken = lane.placed > number;
      const outcome = await place(isOvertaken);
      lane.placed = Math.max(lane.placed, number);
      return outcome;
    });
    lane.last = work.catch(() => undefined);
    return await work;
  }

  end({ key }: Turn): void {
    const lane = this.#lanes.get(key);
    if (lane && --lane.waiting === 0) this.#lanes.delete(key);
  }
}

/** What lay at a put's place when it began; undefined for nothing. */
export type Standing = Stats | undefined;

/** @throws what lstat throws, but for absence */
export async function lookAtStanding(path: string): Promise<Standing> {
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
 * Only what was placed while our put was under way counts: what was there before is older by the order of events, whatever the clocks say. Which
 * of two at once began later is told by when their drafts were made, by the one clock that stamps both, the file system's. Where a file system
 * does not keep that time (birthtime is 0), the one that is done last stands.
 *
 * @param before what lay there when our put began
 * @param now what lies there
 * @param beganAt when our draft was made; ms since the epoch by the file system
 */
export function isOvertakenBy(before: Standing, now: Standing, beganAt: number): boolean {
  if (!now?.isFile() || (before && isSameFile(before, now))) return false;
  return now.birthtimeMs > beganAt;
}

function isSameFile(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino && one.ctimeMs === other.ctimeMs;
}
