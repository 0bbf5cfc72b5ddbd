// Removing the log's entries of days that have been closed for a while, and the pieces that they
// named.
import pMap from "p-map";
import {
  HISTORY_PIECES_PREFIX,
  locateDay,
  locateDayChanges,
  locateDayRolls,
  locateLogEntry,
} from "../store/layout.ts";
import type { Store } from "../store/store.ts";
import { type ListedDay, listDays, readDay, readDayFile } from "./closed-days.ts";
import { BrokenDay } from "./day-format.ts";
import { openLog } from "./log.ts";
import { DAY_MS } from "./step.ts";

/**
 * Entries of so many of the last closed days stay: readers that listed them before those were
 * closed read on, and what was written wrongly can be written anew.
 */
const DAYS_KEPT = 2;

/** Objects removed at a time. */
const CONCURRENCY = 16;

/**
 * Removes them, once what the closed days have is found to be whole. A day that is not has its mark
 * taken away: it is closed again from its entries, which stay.
 *
 * @returns what was found to be broken, in words
 * @throws whatever the store throws; what was removed by then is gone, and the rest goes next time
 */
export async function removeEntries(store: Store, signal?: AbortSignal): Promise<string[]> {
  const days = (await listDays(store, signal)).slice(0, -DAYS_KEPT);
  const newest = days.at(-1);
  if (!newest) return [];
  const entries = (await openLog(store).list(0, signal)).filter(({ number }) => number <= newest.last);
  if (entries.length === 0) return [];
  const broken: string[] = [];
  for (const day of days) {
    const own = entries.filter(({ number }) => number >= day.first && number <= day.last);
    // Where its entries are gone already it was found whole before that.
    if (own.length === 0) continue;
    const fault = await findFault(store, day, signal);
    if (fault !== undefined) {
      broken.push(`the history of ${new Date(day.day * DAY_MS).toISOString().slice(0, 10)}: ${fault}`);
      await store.delete(locateDay(day));
      // Nothing after it goes either: days are closed in their order.
      return broken;
    }
    await pMap(own, ({ number }) => store.delete(locateLogEntry(number)), { concurrency: CONCURRENCY });
  }
  await removePieces(store, (newest.day + 1) * DAY_MS, signal);
  return broken;
}

async function findFault(store: Store, day: ListedDay, signal?: AbortSignal): Promise<string | undefined> {
  try {
    const { rolls, changes } = await readDay(store, day, signal);
    await readDayFile(store, locateDayRolls(day.day), rolls, signal);
    await readDayFile(store, locateDayChanges(day.day), changes, signal);
    return undefined;
  } catch (error) {
    if (error instanceof BrokenDay) return error.message;
    throw error;
  }
}

/**
 * An entry's pieces are put just before it, again where they are there already: those that were
 * last put by then are of days that are closed, were the store's clock a day wrong.
 */
async function removePieces(store: Store, before: number, signal?: AbortSignal): Promise<void> {
  for await (const page of store.list(HISTORY_PIECES_PREFIX, { signal })) {
    const old = page.filter(({ lastModified }) => lastModified < before);
    await pMap(old, ({ key }) => store.delete(key), { concurrency: CONCURRENCY });
  }
}
