// One refresh: lists the store, keeps the rows whose objects are unchanged, reads the others, and
// makes the next table.
import { setMaxListeners } from "node:events";
import { parseReportKey } from "../report/key.ts";
import { EXPIRY_MS } from "../report/limits.ts";
import type { Problem, Rejection } from "../report/problem.ts";
import { type Entry, type ReadStore, StoreError } from "../store/store.ts";
import { type Departures, listDepartures } from "./departures.ts";
import { listCandidates } from "./listing.ts";
import { createPacker } from "./packer.ts";
import { type KnownObject, readEntry, rejectUnread } from "./reading.ts";
import { isReport, readSetAside } from "./segment.ts";
import { createTableBuilder, etagAt, findKey, keyAt, overlay, segmentAt, type Table } from "./table.ts";
import { createTaskPool } from "./task-pool.ts";
import { REFRESH_YIELDER, type Yielder } from "./yielder.ts";

/**
 * Bodies read at a time. On S3 with 20 ms of latency 32 at a time take twice as long, more than 200
 * gain nothing (docs/benchmarks.md).
 */
const READ_CONCURRENCY = 128;

/**
 * The listing waits while so many listed objects are not read yet, so that a million new ones do
 * not fill the memory.
 */
const MAX_UNREAD_OBJECTS = 20_000;

/**
 * Problems kept of those that the listing alone shows; whoever may write to the store could make
 * any number.
 */
const MAX_LISTED_PROBLEMS = 10_000;

/** Keys shown of a listing are cut, since anyone who can write to the store chooses them. */
const MAX_SHOWN_KEY_LENGTH = 1024;

/** How far a refresh has come. */
export interface Progress {
  /** Objects listed so far. */
  readonly listed: number;
  /** Whether that is all of them. */
  readonly isListed: boolean;
  /** Listed objects that are new or changed, and how many of them were read. */
  readonly changed: number;
  readonly read: number;
}

/** What a refresh has made. */
export interface Refreshed {
  readonly table: Table;
  /** What the listing alone showed to be wrong: the first ones, by key, and how many there are. */
  readonly problems: readonly Problem[];
  readonly problemCount: number;
  readonly departures: Departures;
}

/**
 * Reports that the listing showed and that are too old for any answer: how many, and when the
 * newest of them was received; ms since the epoch.
 */
export interface GoneReports {
  readonly count: number;
  readonly newest: number;
}

export interface Refresh {
  progress(): Progress;
  gone(): GoneReports;
  /**
   * Lists and reads everything.
   *
   * @throws whatever the store throws when it cannot list or read completely
   */
  run(): Promise<Refreshed>;
  /** The table it began with, and over it what has been read so far. */
  soFar(): Refreshed;
}

export interface RefreshOptions {
  readonly store: ReadStore;
  /** What is known already. */
  readonly table: Table;
  readonly departures: Departures;
  /** ms since the epoch; what was received longer ago than EXPIRY_MS is left out. */
  readonly now: number;
  /**
   * Whether objects that could not be read before are tried again although they are the same: a
   * right may have been given since.
   */
  readonly retryUnreadable: boolean;
  readonly signal: AbortSignal;
  /** Shared by all where none are given. */
  readonly yielder?: Yielder;
}

/** A page of the listing and what became of its entries. */
interface Block {
  readonly firstKey: string;
  /** As Table's columns, one place an entry; NO_ROW in segmentOf where there is none. */
  readonly segmentOf: Uint32Array;
  readonly rowOf: Uint32Array;
  readonly receivedAt: Float64Array;
  /** What was read and is not packed yet, by place. */
  readonly found: Map<number, KnownObject>;
}

const NO_ROW = 0xffff_ffff;

const BAD_DEPARTURE: Rejection = {
  reason: "bad_key",
  detail: "the key is not departures/v1/ACCOUNT/WRITER.json",
};

type MutableProgress = { -readonly [Name in keyof Progress]: Progress[Name] };

/** Prepares a refresh; run() begins it. */
export function createRefresh(options: RefreshOptions): Refresh {
  const { store, table, now, retryUnreadable, signal, yielder = REFRESH_YIELDER } = options;
  const stop = new AbortController();
  const reading = AbortSignal.any([signal, stop.signal]);
  // Every read in flight listens to it.
  setMaxListeners(0, reading);
  const pool = createTaskPool(READ_CONCURRENCY);
  const packer = createPacker(table.segments.length);
  const blocks: Block[] = [];
  const problems: Problem[] = [];
  const filling: Promise<void>[] = [];
  const waiting: (() => void)[] = [];
  let departures = options.departures;
  let problemCount = 0;
  let gone: GoneReports = { count: 0, newest: Number.NEGATIVE_INFINITY };
  const progress: MutableProgress = { listed: 0, isListed: false, changed: 0, read: 0 };

  const countUnread = () => progress.changed - progress.read;

  /** Takes a page: what is known is kept, the rest begins to be read. */
  async function takePage(page: readonly Entry[]): Promise<void> {
    reading.throwIfAborted();
    progress.listed += page.length;
    const block: Block = {
      firstKey: page[0]?.key ?? "",
      segmentOf: new Uint32Array(page.length).fill(NO_ROW),
      rowOf: new Uint32Array(page.length),
      receivedAt: new Float64Array(page.length),
      found: new Map(),
    };
    const places = sortOut(page, block);
    blocks.push(block);
    if (places.length === 0) return;
    const task = fill(block, page, places);
    // Its failure is met when all is awaited; until then it must not count as unhandled.
    task.catch((error: unknown) => stop.abort(error));
    filling.push(task);
    if (countUnread() > MAX_UNREAD_OBJECTS) await new Promise<void>((resolve) => waiting.push(resolve));
    reading.throwIfAborted();
  }

  function isGone(receivedAt: number): boolean {
    return now - receivedAt > EXPIRY_MS;
  }

  /** What is gone is not read, only counted. */
  function passOver({ key, lastModified }: Entry): boolean {
    if (!isGone(lastModified)) return false;
    if (parseReportKey(key)) gone = { count: gone.count + 1, newest: Math.max(gone.newest, lastModified) };
    return true;
  }

  async function takeDepartures(): Promise<void> {
    const onBadKey = (entry: Entry) => addProblem(entry, BAD_DEPARTURE);
    departures = await listDepartures(store, { isGone, onBadKey, signal: reading });
  }

  /**
   * Walks page and table side by side, both in the order of keys. @returns the places of the
   * entries that must be read
   */
  function sortOut(page: readonly Entry[], block: Block): number[] {
    const places: number[] = [];
    let at = findKey(table, block.firstKey);
    let known = at < table.rowOf.length ? keyAt(table, at) : undefined;
    const advance = () => {
      at++;
      known = at < table.rowOf.length ? keyAt(table, at) : undefined;
    };
    for (const [place, entry] of page.entries()) {
      while (known !== undefined && known < entry.key) advance();
      if (passOver(entry)) continue;
      if (
        known === entry.key &&
        etagAt(table, at) === entry.etag &&
        !(retryUnreadable && isUnreadable(table, at))
      ) {
        block.segmentOf[place] = table.segmentOf[at] as number;
        block.rowOf[place] = table.rowOf[at] as number;
        // The same bytes put again later: the host is alive and nothing changed.
        block.receivedAt[place] = entry.lastModified;
        continue;
      }
      const rejection = rejectUnread(entry);
      if (rejection) addProblem(entry, rejection);
      else places.push(place);
    }
    return places;
  }

  function addProblem({ key, lastModified, size }: Entry, { reason, detail }: Rejection): void {
    problemCount++;
    if (problems.length >= MAX_LISTED_PROBLEMS) return;
    problems.push({
      key: key.slice(0, MAX_SHOWN_KEY_LENGTH),
      reason,
      detail,
      receivedAt: lastModified,
      size,
    });
  }

  /**
   * Reads the entries at some places of a page, then packs them in the order of their keys, so that
   * answers find them together.
   */
  async function fill(block: Block, page: readonly Entry[], places: readonly number[]): Promise<void> {
    progress.changed += places.length;
    const readOne = async (place: number): Promise<void> => {
      reading.throwIfAborted();
      const known = await readEntry(store, page[place] as Entry, yielder, reading);
      if (known) block.found.set(place, known);
      progress.read++;
      if (countUnread() <= MAX_UNREAD_OBJECTS) for (const resume of waiting.splice(0)) resume();
    };
    try {
      await pool.run(places, readOne);
    } finally {
      for (const place of sortPlaces(block)) {
        const wait = yielder.spend(block.found.get(place)?.entry.size ?? 0);
        if (wait !== undefined) await wait;
        packOne(block, place);
      }
    }
  }

  const sortPlaces = ({ found }: Block) => [...found.keys()].sort((a, b) => a - b);

  /** Does nothing where soFar was quicker. */
  function packOne({ found, segmentOf, rowOf, receivedAt }: Block, place: number): void {
    const known = found.get(place);
    if (!known) return;
    const { entry, outcome } = known;
    const packed = packer.add(entry.key, entry.etag, outcome);
    segmentOf[place] = packed.segment;
    rowOf[place] = packed.row;
    receivedAt[place] = entry.lastModified;
    found.delete(place);
  }

  /** Rows of all blocks in the order of their keys. */
  function join(): Table {
    const sorted = blocks.toSorted((a, b) => (a.firstKey < b.firstKey ? -1 : 1));
    const builder = createTableBuilder(sorted.reduce((sum, { rowOf }) => sum + rowOf.length, 0));
    for (const { segmentOf, rowOf, receivedAt } of sorted) {
      for (let place = 0; place < rowOf.length; place++) {
        const segment = segmentOf[place] as number;
        if (segment !== NO_ROW) builder.push(segment, rowOf[place] as number, receivedAt[place] as number);
      }
    }
    return builder.build([...table.segments, ...packer.segments()]);
  }

  const listProblems = () => ({
    problems: problems.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    problemCount,
  });

  return {
    progress: () => ({ ...progress }),

    gone: () => gone,

    async run() {
      try {
        await Promise.all([
          listCandidates({ store, table, signal: reading, onPage: takePage }),
          takeDepartures(),
        ]);
        progress.isListed = true;
        await Promise.all(filling);
        const joined = join();
        checkRights(joined);
        return { table: joined, departures, ...listProblems() };
      } catch (error) {
        stop.abort(error);
        for (const resume of waiting.splice(0)) resume();
        await Promise.allSettled(filling);
        throw error;
      }
    },

    soFar() {
      // Also after a failure: what has been read need not be read again.
      for (const block of blocks) for (const place of sortPlaces(block)) packOne(block, place);
      return { table: overlay(table, join()), departures, ...listProblems() };
    },
  };
}

function isUnreadable(table: Table, at: number): boolean {
  const [segment, row] = [segmentAt(table, at), table.rowOf[at] as number];
  return !isReport(segment, row) && readSetAside(segment, row).reason === "unreadable";
}

/**
 * One object may be another user's; if all are, the reader lacks a right, and an empty array would
 * be a lie. @throws StoreError
 */
function checkRights(table: Table): void {
  const count = table.rowOf.length;
  for (let at = 0; at < count; at++) if (!isUnreadable(table, at)) return;
  if (count > 0)
    throw new StoreError(
      `[store] none of ${count} reports may be read; does this user have the right ` +
        "to read (on S3: s3:GetObject)?",
    );
}
