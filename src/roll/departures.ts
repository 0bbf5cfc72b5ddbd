// Departures: the marks of hosts that left, and which reports they take out of the roll.
import { judgeFreshness } from "../report/freshness.ts";
import { DEPARTURES_PREFIX, parseDepartureKey } from "../report/key.ts";
import type { Entry, ReadStore } from "../store/store.ts";
import { findKey, keyAt, type Table } from "./table.ts";

/** A host's word that it leaves. */
export interface Departure {
  /** Of the report that it takes away. */
  readonly key: string;
  /** When the store received it; ms since the epoch. */
  readonly receivedAt: number;
}

/** By key, ascending, each key once. */
export type Departures = readonly Departure[];

/**
 * Lists the departures that are not expired. Only the listing is read: whose it is and when it came
 * is all that the roll needs of them.
 *
 * @param isGone whether what was received at a time (ms since the epoch) has expired
 * @param onBadKey told of what no host may write
 */
export async function listDepartures(
  store: ReadStore,
  options: { isGone: (receivedAt: number) => boolean; onBadKey: (entry: Entry) => void; signal: AbortSignal },
): Promise<Departures> {
  const departures: Departure[] = [];
  for await (const page of store.list(DEPARTURES_PREFIX, { signal: options.signal })) {
    for (const entry of page) {
      const key = parseDepartureKey(entry.key);
      if (options.isGone(entry.lastModified)) continue;
      if (key === undefined) options.onBadKey(entry);
      else departures.push({ key, receivedAt: entry.lastModified });
    }
  }
  return departures;
}

/** Puts departures over others: where both have a key, the newer one stands. */
export function overlayDepartures(departures: Departures, newer: ReadonlyMap<string, number>): Departures {
  if (newer.size === 0) return departures;
  const merged = new Map(departures.map(({ key, receivedAt }) => [key, receivedAt]));
  for (const [key, receivedAt] of newer) merged.set(key, Math.max(receivedAt, merged.get(key) ?? receivedAt));
  return [...merged]
    .map(([key, receivedAt]) => ({ key, receivedAt }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Joins the departures of several stores: where two have a key, the newer one stands. */
export function joinDepartures(all: readonly Departures[]): Departures {
  const [first = [], ...others] = all;
  return others.reduce(
    (joined, departures) =>
      overlayDepartures(joined, new Map(departures.map(({ key, receivedAt }) => [key, receivedAt]))),
    first,
  );
}

/** Whether two lists say the same. */
export function isSameDepartures(a: Departures, b: Departures): boolean {
  return (
    a.length === b.length &&
    a.every(({ key, receivedAt }, at) => key === b[at]?.key && receivedAt === b[at]?.receivedAt)
  );
}

/**
 * Finds the reports whose host has left since. A store tells whole seconds: of two that came in the
 * same second the departure counts as the later one, and an agent that comes back waits for the
 * next second.
 *
 * @param now a departure received in the future by it takes nothing away; ms since the epoch
 * @returns each such report's position, and its departure
 */
export function findDeparted(
  table: Table,
  departures: Departures,
  now: number,
): ReadonlyMap<number, Departure> {
  const departed = new Map<number, Departure>();
  let at = 0;
  for (const departure of departures) {
    at = findKey(table, departure.key, at);
    if (at >= table.rowOf.length) break;
    const isFuture = judgeFreshness(departure.receivedAt, now, 0) === "future";
    // Several stores may have the key.
    for (let row = at; row < table.rowOf.length && keyAt(table, row) === departure.key; row++) {
      const isLater = departure.receivedAt >= (table.receivedAt[row] as number);
      if (isLater && !isFuture) departed.set(row, departure);
    }
  }
  return departed;
}
