// One host: what is known of it without a listing, and its objects read again where they are known
// to lie.
import { formatDepartureKey, parseReportKey, REPORTS_PREFIX } from "../report/key.ts";
import { type Entry, InvalidAnswer, type ReadStore, TooLarge, Unreadable } from "../store/store.ts";
import { type Departure, overlayDepartures } from "./departures.ts";
import { findHost } from "./host-index.ts";
import { readEntry } from "./reading.ts";
import type { Refreshed } from "./refresh.ts";
import { bodyLength, isReport, readSetAside } from "./segment.ts";
import { createTableBuilder, etagAt, keyAt, segmentAt, type Table } from "./table.ts";
import {
  addDeparture,
  addReport,
  isEmpty,
  makeUnlisted,
  overlayUnlisted,
  type Unlisted,
} from "./unlisted.ts";
import type { Yielder } from "./yielder.ts";

/**
 * Keys of one id that are read again; a host has one, or two where its role changed. Of an id with
 * more, a listing tells at less cost.
 */
const MAX_KEYS_OF_HOST = 8;

/** A departure's body says nothing that is asked here (departures.ts). */
const MAX_IGNORED_DEPARTURE_BYTES = 64 * 1024;

/** What one store has of a host. */
export interface HostCut {
  /** Its reports, with what is known of them beyond the listing. */
  readonly table: Table;
  /**
   * The same with the departures that would take away reports under some keys, which ascend: those
   * of other stores as well, since a host may leave in another one than its report lies in.
   */
  under(keys: readonly string[]): Refreshed;
}

/** Cuts a state down to one host. */
export async function cutToHost(
  state: Refreshed,
  unlisted: Unlisted,
  id: string,
  yielder: Yielder,
): Promise<HostCut> {
  const { table, departures } = state;
  const positions = await findHost(table, id, yielder);
  const rows = createTableBuilder(positions.length);
  for (const at of positions) rows.pushRange(table, at, at + 1);
  const own = makeUnlisted();
  for (const [key, report] of unlisted.reports) if (isOf(key, id)) own.reports.set(key, report);
  for (const [key, receivedAt] of unlisted.departures) if (isOf(key, id)) own.departures.set(key, receivedAt);
  const listed = { table: rows.build(table.segments), problems: [], problemCount: 0, departures: [] };
  const host = isEmpty(own) ? listed : overlayUnlisted(listed, own);
  return {
    table: host.table,
    under: (keys) => ({
      ...host,
      departures: overlayDepartures(
        keys.flatMap((key) => findDeparture(departures, key) ?? []),
        own.departures,
      ),
    }),
  };
}

/**
 * Reads each known object of a host again, and the departures that would take its reports away.
 *
 * @param host what cutToHost gave
 * @param keys of its reports in all stores
 * @returns what is new, which may be nothing; undefined where only a listing can tell: an object is
 *   gone or cannot be read, or the store answers with what is older than what it showed before
 * @throws StoreError if the store does not answer
 */
export async function readHostAgain(
  store: ReadStore,
  { table }: HostCut,
  keys: readonly string[],
  yielder: Yielder,
  signal: AbortSignal,
): Promise<Unlisted | undefined> {
  const found = makeUnlisted();
  const count = table.rowOf.length;
  if (keys.length > MAX_KEYS_OF_HOST) return undefined;
  const readOne = async (at: number): Promise<boolean> => {
    const entry = entryAt(table, at);
    const known = await readEntry(store, entry, yielder, signal);
    if (!known || !("body" in known.outcome)) return false;
    const { etag, lastModified } = known.entry;
    if (etag !== entry.etag || lastModified > entry.lastModified)
      addReport(found, { entry: known.entry, body: known.outcome.body, isRead: true });
    return true;
  };
  const readLeaving = async (key: string): Promise<void> => {
    const departedAt = await readDeparture(store, key, signal);
    if (departedAt !== undefined) addDeparture(found, key, departedAt);
  };
  try {
    const [areKnown] = await Promise.all([
      Promise.all(Array.from({ length: count }, (_, at) => readOne(at))),
      Promise.all(keys.map(readLeaving)),
    ]);
    return areKnown.every(Boolean) ? found : undefined;
  } catch (error) {
    const canOnlyBeListed =
      error instanceof InvalidAnswer || error instanceof TooLarge || error instanceof Unreadable;
    if (canOnlyBeListed) return undefined;
    throw error;
  }
}

/** An object as it was when it was last read. */
function entryAt(table: Table, at: number): Entry {
  const [segment, row] = [segmentAt(table, at), table.rowOf[at] as number];
  return {
    key: keyAt(table, at),
    etag: etagAt(table, at),
    size: isReport(segment, row) ? bodyLength(segment, row) : readSetAside(segment, row).size,
    lastModified: table.receivedAt[at] as number,
  };
}

/** When the host that writes under a key left; undefined if it has not, or nobody can leave so. */
async function readDeparture(
  store: ReadStore,
  key: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (!key.startsWith(REPORTS_PREFIX)) return undefined;
  const options = { maxBytes: MAX_IGNORED_DEPARTURE_BYTES, signal };
  return (await store.get(formatDepartureKey(key), options))?.lastModified;
}

function isOf(key: string, id: string): boolean {
  return key.endsWith(`${id}.json`) && parseReportKey(key)?.id === id;
}

function findDeparture(departures: readonly Departure[], key: string): Departure | undefined {
  let [low, high] = [0, departures.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((departures[middle] as Departure).key < key) low = middle + 1;
    else high = middle;
  }
  return departures[low]?.key === key ? departures[low] : undefined;
}
