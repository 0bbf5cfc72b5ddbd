// Reads the changes that are asked for, as many as one answer may have, and says where the next one
// goes on.

import type { Change } from "../history/change.ts";
import type { Gap } from "../history/recorded.ts";
import { createChangeFilter, type PlacedChange } from "./change-filter.ts";
import type { ChangeQuery, Place } from "./change-query.ts";
import { type ChangeEntry, streamChanges } from "./change-stream.ts";
import type { Past } from "./past.ts";
import type { QuestionSources } from "./question.ts";

/** Changes whose hosts' reports are looked at together, and those that one answer looks through. */
const MAX_JUDGED_CHANGES = 5000;
const MAX_READ_CHANGES = 1_000_000;

/** What was read. */
export interface ReadChanges {
  /** Where the next answer goes on. */
  readonly next: Place;
  /** Whether there is more before `until`. */
  readonly isCut: boolean;
  /** Changes beyond the recorder's bounds. */
  readonly dropped: number;
  readonly gaps: readonly Gap[];
  readonly warnings: readonly string[];
}

/**
 * Reads changes in the order of time. @param take is given each that is asked for; false where it
 * takes no more, this one included
 */
export async function readChanges(
  query: ChangeQuery,
  past: Past,
  take: (change: Change) => boolean,
  sources: QuestionSources,
  signal: AbortSignal,
): Promise<ReadChanges> {
  const { since, until, kinds, reports } = query;
  const filter = createChangeFilter(query, past, sources);
  const asksSilence = kinds.has("silent") || kinds.has("returned");
  const gaps: Gap[] = [];
  let [dropped, read] = [0, 0];
  let pending: PlacedChange[] = [];
  let next: Place = since;

  /** @returns where it stopped, if it did */
  async function flush(): Promise<Place | undefined> {
    const judged = await filter.judge(pending, signal);
    pending = [];
    for (const { change, entry, place } of judged)
      if (!take(change)) return { at: entry.before, skip: place };
    return undefined;
  }

  async function finish(stopped: Place | undefined) {
    const isCut = stopped !== undefined;
    return { next: stopped ?? next, isCut, dropped, gaps, warnings: await filter.listWarnings() };
  }

  const entries = streamChanges({
    since: since.at,
    until,
    windowMs: asksSilence ? reports.windowMs : undefined,
    past,
    signal,
  });
  for await (const entry of entries) {
    signal.throwIfAborted();
    if (entry.gap) gaps.push(entry.gap);
    dropped += entry.dropped;
    const wait = sources.yielder.spend(entry.changes.length * CHANGE_BYTES);
    if (wait !== undefined) await wait;
    pending.push(...screenFrom(entry));
    next = { at: entry.at, skip: 0 };
    read += entry.changes.length;
    if (pending.length < MAX_JUDGED_CHANGES && read < MAX_READ_CHANGES) continue;
    const stopped = await flush();
    if (stopped) return await finish(stopped);
    if (read >= MAX_READ_CHANGES) return await finish(next);
  }
  return await finish(await flush());

  /** Of the first entry, some were told before. */
  function screenFrom(entry: ChangeEntry): PlacedChange[] {
    const screened = filter.screen(entry);
    return entry.before === since.at && since.skip > 0
      ? screened.filter(({ place }) => place >= since.skip)
      : screened;
  }
}

/** What a change costs to look at, in bytes of a report. */
const CHANGE_BYTES = 64;
