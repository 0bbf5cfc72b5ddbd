// Closing days: the entries of a UTC day that is over become three objects, each put once, and the
// mark that the day is closed last. Two may do so at once, and each may be killed at any moment.
import { parseReportKey } from "../report/key.ts";
import { readBody, readKey } from "../roll/segment.ts";
import { locateDay, locateDayChanges, locateDayRolls } from "../store/layout.ts";
import { PreconditionFailed, type Store } from "../store/store.ts";
import type { DescribeHost } from "./change-list.ts";
import { createChangesFile } from "./changes-file.ts";
import { listDays } from "./closed-days.ts";
import { createDayWriter, type DayWriter, describeFile } from "./day-format.ts";
import { isBreak, readFromLog } from "./entry-source.ts";
import { openLog } from "./log.ts";
import { createRollsFile, type RollsFile } from "./rolls-file.ts";
import { ASIDE, dayOf, isWhole, type Step } from "./step.ts";

/** How often an object that another one writes too is tried. */
const MAX_PUT_TRIES = 3;

export interface CloseOptions {
  readonly store: Store;
  /** What the rows of reports say of their hosts. */
  readonly describeHost: DescribeHost;
}

/** A day that is being written. */
interface OpenDay {
  readonly day: number;
  readonly first: number;
  last: number;
  readonly rolls: RollsFile;
  readonly changes: ReturnType<typeof createChangesFile>;
  readonly steps: DayWriter;
}

/**
 * Closes the days that are over by what the log says: those before the day of its last entry.
 *
 * @returns how many it closed
 * @throws whatever the store throws; then the day is whole or not closed
 */
export async function closeDays(
  { store, describeHost }: CloseOptions,
  signal?: AbortSignal,
): Promise<number> {
  const source = readFromLog(openLog(store));
  const closed = await listDays(store, signal);
  const closedDays = new Set(closed.map(({ day }) => day));
  const isClosed = (number: number) => closed.some(({ first, last }) => number >= first && number <= last);
  const numbers = (await source.listNumbers(signal)).filter((number) => !isClosed(number));
  const today = await findToday();
  let open: OpenDay | undefined;
  let count = 0;

  /** The day of the last entry that can be read. */
  async function findToday(): Promise<number> {
    for (const number of [...numbers].reverse()) {
      const head = await source.readHead(number, signal);
      if (head) return dayOf(head.at);
    }
    return Number.NEGATIVE_INFINITY;
  }

  for await (const step of source.read(numbers, "all", signal)) {
    // What cannot be read now could not be told before either.
    if (isBreak(step)) continue;
    const day = dayOf(step.at);
    if (open && open.day !== day) {
      await putDay(store, open, signal);
      open = undefined;
      count++;
    }
    if (day >= today) break;
    if (closedDays.has(day)) continue;
    open ??= beginDay(step);
    await addStep(open, step, describeHost);
  }
  return count;
}

function beginDay({ at, number }: Step): OpenDay {
  return {
    day: dayOf(at),
    first: number,
    last: number,
    rolls: createRollsFile(),
    changes: createChangesFile(),
    steps: createDayWriter(),
  };
}

async function addStep(open: OpenDay, step: Step, describeHost: DescribeHost): Promise<void> {
  const { at, rows } = step;
  let place = 0;
  for (const segment of rows.segments) {
    for (let row = 0; row < segment.count; row++, place++) {
      const { account = "" } = parseReportKey(readKey(segment, row)) ?? {};
      open.rolls.add({
        segment,
        row,
        at,
        receivedAt: rows.receivedAt[place] as number,
        isWhole: isWhole(step),
        isAside: rows.places[place] === ASIDE,
        ...describeHost({ account, body: readBody(segment, row) }),
      });
    }
  }
  for (const change of step.changes) open.changes.add(change);
  await open.steps.add(step);
  open.last = step.number;
}

async function putDay(store: Store, open: OpenDay, signal?: AbortSignal): Promise<void> {
  const [rolls, changes] = [open.rolls.finish(), open.changes.finish()];
  const files = { rolls: describeFile(rolls), changes: describeFile(changes) };
  const mark = await open.steps.finish(files);
  await putSame(store, locateDayRolls(open.day), rolls, signal);
  await putSame(store, locateDayChanges(open.day), changes, signal);
  await putSame(store, locateDay(open), mark, signal);
}

/**
 * Puts what others put too. Where something else is there, which a closer with other rules for
 * labels left, this stands in its place: the mark names both others by their digests, and whoever
 * comes last puts all three.
 */
async function putSame(store: Store, key: string, bytes: Buffer, signal?: AbortSignal): Promise<void> {
  let condition: { readonly ifNoneMatch: "*" } | { readonly ifMatch: string } = { ifNoneMatch: "*" };
  for (let tries = 1; ; tries++) {
    try {
      await store.put(key, bytes, { ...condition, signal });
      return;
    } catch (error) {
      if (!(error instanceof PreconditionFailed) || tries === MAX_PUT_TRIES) throw error;
    }
    const etag = await findOther(store, key, bytes, signal);
    if (etag === "") return;
    condition = etag === undefined ? { ifNoneMatch: "*" } : { ifMatch: etag };
  }
}

/** @returns the etag of what lies there; "" where it is the same, undefined where nothing is */
async function findOther(
  store: Store,
  key: string,
  bytes: Buffer,
  signal?: AbortSignal,
): Promise<string | undefined> {
  for await (const page of store.list(key, { signal })) {
    const entry = page.find((one) => one.key === key);
    if (!entry) continue;
    if (entry.size !== bytes.length) return entry.etag;
    const found = await store.get(key, { maxBytes: bytes.length, signal });
    return found?.body.equals(bytes) ? "" : found?.etag;
  }
  return undefined;
}
