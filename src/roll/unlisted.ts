// What a reader knows beyond its last listing: what this process put, and objects of one host that
// were read again.
import type { Entry } from "../store/store.ts";
import { overlayDepartures } from "./departures.ts";
import { judgeBody } from "./reading.ts";
import type { Refreshed } from "./refresh.ts";
import { createSegmentBuilder } from "./segment.ts";
import { createTableBuilder, findKey, keyAt, overlay, type Table } from "./table.ts";

/** A report that no listing has shown yet. */
export interface UnlistedReport {
  readonly entry: Entry;
  readonly body: Uint8Array;
  /**
   * Whether it was read, so that entry has the store's own word on when it came; else this process
   * put it, and it stands over whatever was known before.
   */
  readonly isRead: boolean;
}

/** Reports and departures, by the reports' keys. */
export interface Unlisted {
  readonly reports: Map<string, UnlistedReport>;
  readonly departures: Map<string, number>;
}

export function makeUnlisted(): Unlisted {
  return { reports: new Map(), departures: new Map() };
}

export function isEmpty({ reports, departures }: Unlisted): boolean {
  return reports.size === 0 && departures.size === 0;
}

/** Keeps a report; of two that were read the newer one. */
export function addReport({ reports }: Unlisted, report: UnlistedReport): void {
  const known = reports.get(report.entry.key);
  if (report.isRead && known && known.entry.lastModified > report.entry.lastModified) return;
  reports.set(report.entry.key, report);
}

/** Keeps a departure; of two the newer one. @param key of the report that it takes away */
export function addDeparture({ departures }: Unlisted, key: string, receivedAt: number): void {
  departures.set(key, Math.max(receivedAt, departures.get(key) ?? receivedAt));
}

/** Puts it over what the listing showed. */
export function overlayUnlisted(state: Refreshed, { reports, departures }: Unlisted): Refreshed {
  return {
    ...state,
    table: overlayReports(state.table, [...reports.values()]),
    departures: overlayDepartures(state.departures, departures),
  };
}

function overlayReports(table: Table, reports: readonly UnlistedReport[]): Table {
  const newer = reports
    .filter(({ entry, isRead }) => !isRead || entry.lastModified >= receiptOf(table, entry.key))
    .sort((a, b) => (a.entry.key < b.entry.key ? -1 : 1));
  if (newer.length === 0) return table;
  const segment = createSegmentBuilder();
  const rows = createTableBuilder(newer.length);
  for (const { entry, body } of newer) {
    const row = segment.add(entry.key, entry.etag, judgeBody(entry, body));
    rows.push(table.segments.length, row, entry.lastModified);
  }
  return overlay(table, rows.build([...table.segments, segment.build()]));
}

/** When the report that a table has under a key was received; long ago if it has none. */
function receiptOf(table: Table, key: string): number {
  const at = findKey(table, key);
  const isThere = at < table.rowOf.length && keyAt(table, at) === key;
  return isThere ? (table.receivedAt[at] as number) : Number.NEGATIVE_INFINITY;
}
