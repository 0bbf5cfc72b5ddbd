// Closed days as a source of entries, and one source of them and the log.
import { LRUCache } from "lru-cache";
import {
  type ClosedDay,
  HISTORY_DAYS_PREFIX,
  locateDay,
  locateDayChanges,
  locateDayRolls,
  parseDay,
} from "../store/layout.ts";
import type { Entry, ReadStore } from "../store/store.ts";
import type { Change } from "./change.ts";
import { readChangesFile } from "./changes-file.ts";
import {
  BrokenDay,
  type DayEntry,
  type DayFile,
  type DayObject,
  decodeDay,
  describeFile,
} from "./day-format.ts";
import type { Break, EntrySource } from "./entry-source.ts";
import { BrokenParquet } from "./parquet-file.ts";
import { openRollsFile } from "./rolls-file.ts";
import { DAY_MS, type Step } from "./step.ts";

/** Of a closed day's own object; a day of 1,000,000 hosts that report each hour has some 100 MB. */
const MAX_DAY_BYTES = 1024 ** 3;

/** Days kept as they were read, packed; bytes. */
const MAX_KEPT_DAY_BYTES = 64 * 1024 * 1024;

/** A closed day as the store lists it. */
export interface ListedDay extends ClosedDay {
  readonly etag: string;
  readonly bytes: number;
}

export type DayStore = Pick<ReadStore, "get" | "list">;

/** Lists closed days, ascending; each once. */
export async function listDays(store: DayStore, signal?: AbortSignal): Promise<ListedDay[]> {
  const days = new Map<number, ListedDay>();
  for await (const page of store.list(HISTORY_DAYS_PREFIX, { signal })) {
    for (const entry of page) {
      const day = toListed(entry);
      if (day && !days.has(day.day)) days.set(day.day, day);
    }
  }
  return [...days.values()].sort((a, b) => a.day - b.day);
}

function toListed({ key, etag, size }: Entry): ListedDay | undefined {
  const day = parseDay(key);
  return day && { ...day, etag, bytes: size };
}

/** Reads a closed day's own object. @throws BrokenDay where it is gone, or cannot be understood */
export async function readDay(store: DayStore, day: ClosedDay, signal?: AbortSignal): Promise<DayObject> {
  const found = await store.get(locateDay(day), { maxBytes: MAX_DAY_BYTES, signal });
  if (!found) throw new BrokenDay("it is gone");
  return await decodeDay(found.body);
}

/** Reads one of a day's Parquet files. @throws BrokenDay where it is gone, or another */
export async function readDayFile(
  store: DayStore,
  key: string,
  { digest, bytes }: DayFile,
  signal?: AbortSignal,
): Promise<Buffer> {
  const found = await store.get(key, { maxBytes: bytes, signal });
  if (!found) throw new BrokenDay(`${key} is gone`);
  if (describeFile(found.body).digest !== digest) throw new BrokenDay(`${key} is not as it was written`);
  return found.body;
}

/** Closed days, and for what is not in them another source. */
export function readFromDays(store: DayStore, log: EntrySource): EntrySource {
  let days: readonly ListedDay[] = [];
  const kept = new LRUCache<string, { readonly day: DayObject; readonly bytes: number }>({
    maxSize: MAX_KEPT_DAY_BYTES,
    sizeCalculation: ({ bytes }) => Math.max(1, bytes),
  });

  function findDay(number: number): ListedDay | undefined {
    let [low, high] = [0, days.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((days[middle] as ListedDay).last < number) low = middle + 1;
      else high = middle;
    }
    const day = days[low];
    return day && day.first <= number ? day : undefined;
  }

  async function open(listed: ListedDay, signal?: AbortSignal): Promise<DayObject> {
    const name = `${listed.day} ${listed.etag}`;
    const known = kept.get(name);
    if (known) return known.day;
    const day = await readDay(store, listed, signal);
    kept.set(name, { day, bytes: listed.bytes });
    return day;
  }

  /** Reads the wanted entries of one day. */
  async function* readOne(
    listed: ListedDay,
    numbers: readonly number[],
    wants: "all" | "changes",
    signal?: AbortSignal,
  ): AsyncGenerator<Step | Break> {
    let place = 0;
    /** What is wanted before a number, and has not come. */
    function* skipTo(number: number, reason: string): Generator<Break> {
      for (; place < numbers.length && (numbers[place] as number) < number; place++) {
        const missing = numbers[place] as number;
        yield { number: missing, broken: `entry ${missing} of a closed day: ${reason}` };
      }
    }
    try {
      const day = await open(listed, signal);
      const end = numbers.at(-1) as number;
      const steps =
        wants === "all" ? readWhole(store, listed, day, end, signal) : readBare(store, listed, day, signal);
      for await (const step of steps) {
        yield* skipTo(step.number, "it could not be read");
        if (numbers[place] !== step.number) continue;
        yield step;
        place++;
      }
      yield* skipTo(Number.POSITIVE_INFINITY, "it could not be read");
    } catch (error) {
      if (!(error instanceof BrokenDay || error instanceof BrokenParquet)) throw error;
      yield* skipTo(Number.POSITIVE_INFINITY, error.message);
    }
  }

  return {
    async listNumbers(signal) {
      days = await listDays(store, signal);
      const closed = days.flatMap(({ first, last }) =>
        Array.from({ length: last - first + 1 }, (_, place) => first + place),
      );
      const logged = (await log.listNumbers(signal)).filter((number) => !findDay(number));
      const all = [...closed, ...logged];
      // Days are closed in their order, so that the log goes on behind them; but for one that was
      // broken and is closed again.
      const isInOrder = (logged[0] ?? Number.POSITIVE_INFINITY) > (closed.at(-1) ?? 0);
      return isInOrder ? all : all.sort((a, b) => a - b);
    },

    async readHead(number, signal) {
      const listed = findDay(number);
      if (!listed) return await log.readHead(number, signal);
      try {
        return (await open(listed, signal)).entries.find((entry) => entry.number === number);
      } catch (error) {
        if (error instanceof BrokenDay) return undefined;
        throw error;
      }
    },

    narrow(at) {
      // Entries of a day come after all of the days before.
      const after = days.find(({ day }) => (day + 1) * DAY_MS > at);
      const before = days.findLast(({ day }) => (day + 1) * DAY_MS <= at);
      return { from: before?.first ?? 0, to: after?.last ?? Number.POSITIVE_INFINITY };
    },

    async *read(numbers, wants, signal) {
      for (let from = 0; from < numbers.length; ) {
        const listed = findDay(numbers[from] as number);
        let to = from + 1;
        while (to < numbers.length && findDay(numbers[to] as number) === listed) to++;
        const some = numbers.slice(from, to);
        if (listed) yield* readOne(listed, some, wants, signal);
        else yield* log.read(some, wants, signal);
        from = to;
      }
    },

    async measure(signal) {
      let bytes = await log.measure(signal);
      for (const { day, bytes: own } of days) {
        bytes += own;
        for (const key of [locateDayChanges(day), locateDayRolls(day)])
          for await (const page of store.list(key, { signal }))
            bytes += page.reduce((sum, { size }) => sum + size, 0);
      }
      return bytes;
    },
  };
}

/** Steps with their reports, and no changes. @param end the last one that is wanted */
async function* readWhole(
  store: DayStore,
  { day }: ClosedDay,
  { rolls, readSteps }: DayObject,
  end: number,
  signal?: AbortSignal,
): AsyncGenerator<Step> {
  const reader = openRollsFile(await readDayFile(store, locateDayRolls(day), rolls, signal));
  for await (const { step, marks } of readSteps()) {
    if (step.number > end) return;
    yield { ...step, rows: { ...step.rows, segments: await reader.take(marks) } };
  }
}

const NONE = { slots: new Uint32Array(0), receivedAt: new Float64Array(0) };
const NO_STEP = {
  rows: { ...NONE, segments: [], places: new Uint8Array(0) },
  receipts: { ...NONE, updatedAt: new Float64Array(0) },
  moves: { ...NONE, places: new Uint8Array(0) },
  gone: NONE.slots,
  problemCount: 0,
  facts: {},
  noise: [],
};

/** What is known of entries and their changes, and nothing else. */
async function* readBare(
  store: DayStore,
  { day }: ClosedDay,
  { changes, entries }: DayObject,
  signal?: AbortSignal,
): AsyncGenerator<Step> {
  const bytes = await readDayFile(store, locateDayChanges(day), changes, signal);
  let place = 0;
  let gathered: Change[] = [];
  const take = (): Step => {
    const { rows: _, ...head } = entries[place++] as DayEntry;
    const step = { ...NO_STEP, ...head, changes: gathered };
    gathered = [];
    return step;
  };
  for await (const some of readChangesFile(bytes)) {
    for (const change of some) {
      while (place < entries.length && (entries[place] as DayEntry).number < change.entry) yield take();
      gathered.push(change);
    }
  }
  while (place < entries.length) yield take();
}
