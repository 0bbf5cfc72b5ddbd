// One host, two keys: a host that moves from the top of the store to reports/v1/, or that gets
// another role, is still one host.
import { COLON, SLASH } from "../report/ascii.ts";
import { judgeFreshness } from "../report/freshness.ts";
import { parseReportKey, REPORTS_END, REPORTS_PREFIX } from "../report/key.ts";
import { isReport, type Segment } from "./segment.ts";
import { findKey, keyAt, segmentAt, type Table } from "./table.ts";

/**
 * An agent may write each report to two places. Two of one host that were made in the same second
 * by its clock, and came so soon one after the other, are one report in two forms: ms.
 */
const SAME_REPORT_MS = 10 * 60_000;

/**
 * Finds, of a host's reports, all but the one received last: of one account and id, whose writers
 * differ (ROLE_ID:INSTANCE_ID of two roles), and at the top of the store, whose keys name no
 * account. Reports of one id in two accounts are two hosts' until proven otherwise: both stay.
 *
 * @param now what was received in the future by it supersedes nothing; ms since the epoch
 * @param repeated positions of rows with the key of the row before, which is another store's: of
 *   two that came together the first store's counts
 * @returns the position of each superseded report, and of a newer one
 */
export function findSuperseded(
  table: Table,
  now: number,
  repeated: readonly number[] = [],
): ReadonlyMap<number, number> {
  const newer = new Map<number, number>();
  const [start, end] = [findKey(table, REPORTS_PREFIX), findKey(table, REPORTS_END)];
  const idAt = (at: number) => (newer.has(at) ? undefined : findId(table, at, now));
  /**
   * Sets the one received earlier aside; of one report in two forms, the second. @returns the other
   */
  const compare = (at: number, other: number, mayBeOne = false): number => {
    const isOther =
      (table.receivedAt[other] as number) > (table.receivedAt[at] as number) &&
      !(mayBeOne && isSameReport(table, at, other));
    newer.set(isOther ? at : other, isOther ? other : at);
    return isOther ? other : at;
  };
  compareRepeated(repeated, idAt, compare);
  for (const [first, last] of findMixedAccounts(table, start, end)) {
    const known = new Map<string, number>();
    for (const [id, at] of listIds(first, last, idAt)) {
      const other = known.get(id);
      known.set(id, other === undefined ? at : compare(at, other));
    }
  }
  const count = table.rowOf.length;
  // Almost always the store has one layout.
  if (start === end || (start === 0 && end === count)) return newer;
  const top = new Map([...listIds(0, start, idAt), ...listIds(end, count, idAt)]);
  if (top.size === 0) return newer;
  for (const [id, at] of listIds(start, end, idAt)) {
    const other = top.get(id);
    if (other !== undefined) compare(at, other, true);
  }
  return newer;
}

/**
 * Compares the rows of each key that several stores have: each with the newest before it that is a
 * report, since what is none stands in nobody's way.
 */
function compareRepeated(
  repeated: readonly number[],
  idAt: (at: number) => string | undefined,
  compare: (at: number, other: number, mayBeOne: boolean) => number,
): void {
  let newest: number | undefined;
  let before: number | undefined;
  for (const at of repeated) {
    if (at - 1 !== before) newest = idAt(at - 1) === undefined ? undefined : at - 1;
    before = at;
    if (idAt(at) !== undefined) newest = newest === undefined ? at : compare(newest, at, true);
  }
}

/** Whether one report lies in two places. */
function isSameReport(table: Table, at: number, other: number): boolean {
  const madeAt = (place: number) => segmentAt(table, place).updatedAt[table.rowOf[place] as number];
  const apart = Math.abs((table.receivedAt[other] as number) - (table.receivedAt[at] as number));
  return madeAt(at) === madeAt(other) && apart <= SAME_REPORT_MS;
}

/** The hosts of some reports, and the reports' positions. */
function* listIds(
  start: number,
  end: number,
  idAt: (at: number) => string | undefined,
): Generator<[id: string, at: number]> {
  for (let at = start; at < end; at++) {
    const id = idAt(at);
    if (id !== undefined) yield [id, at];
  }
}

/**
 * The accounts in which an id may stand twice: those with more than one way to write what comes
 * before it, such as two roles. In the others each key is an id of its own. Keys are compared as
 * bytes, since this looks at every one.
 *
 * @returns where each begins and ends
 */
function findMixedAccounts(
  table: Table,
  start: number,
  end: number,
): (readonly [start: number, end: number])[] {
  const writers = new Map<string, Set<string>>();
  let before: Segment | undefined;
  let beforeStart = 0;
  let beforeLength = 0;
  for (let at = start; at < end; at++) {
    const segment = segmentAt(table, at);
    const row = table.rowOf[at] as number;
    const from = segment.nameStarts[row] as number;
    const length = measurePrefix(segment, from, segment.keyLengths[row] as number);
    if (before && length === beforeLength && isSame(before, beforeStart, segment, from, length)) continue;
    [before, beforeStart, beforeLength] = [segment, from, length];
    const prefix = segment.names.toString("latin1", from, from + length);
    const account = prefix.slice(0, prefix.indexOf("/", REPORTS_PREFIX.length) + 1);
    writers.set(account, (writers.get(account) ?? new Set()).add(prefix));
  }
  return [...writers]
    .filter(([, prefixes]) => prefixes.size > 1)
    .map(
      ([account]) =>
        [findKey(table, account, start), findKey(table, `${account.slice(0, -1)}0`, start)] as const,
    );
}

/** How much of a key comes before the host's id: up to the last colon, or else slash. */
export function measurePrefix({ names }: Segment, from: number, keyLength: number): number {
  let length = keyLength;
  while (length > 0 && names[from + length - 1] !== COLON && names[from + length - 1] !== SLASH) length--;
  return length;
}

function isSame(one: Segment, oneStart: number, other: Segment, otherStart: number, length: number): boolean {
  // From the end: what differs is mostly there.
  for (let at = length - 1; at >= 0; at--)
    if (one.names[oneStart + at] !== other.names[otherStart + at]) return false;
  return true;
}

/** The host of a report; undefined if it is none, or not yet. */
function findId(table: Table, at: number, now: number): string | undefined {
  if (!isReport(segmentAt(table, at), table.rowOf[at] as number)) return undefined;
  if (judgeFreshness(table.receivedAt[at] as number, now, 0) === "future") return undefined;
  return parseReportKey(keyAt(table, at))?.id;
}
