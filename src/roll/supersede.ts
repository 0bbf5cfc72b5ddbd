// One host, two keys: a host that moves from INSTANCE_ID.json at the top of the store to reports/v1/ is still one host.
import { judgeFreshness } from "../report/freshness.ts";
import { parseReportKey, REPORTS_END, REPORTS_PREFIX } from "../report/key.ts";
import { isReport } from "./segment.ts";
import { findKey, keyAt, segmentAt, type Table } from "./table.ts";

/**
 * Finds, of a host's report at the top of the store and its reports under reports/v1/, all but the one received last. Reports
 * of one id in two accounts are two hosts' until proven otherwise: both stay.
 *
 * @param asOf what was received in the future by it supersedes nothing; ms since the epoch
 * @returns the position of each superseded report, and of the one that stands
 */
export function findSuperseded(table: Table, asOf: number): ReadonlyMap<number, number> {
  const newer = new Map<number, number>();
  const [start, end] = [findKey(table, REPORTS_PREFIX), findKey(table, REPORTS_END)];
  const count = table.rowOf.length;
  // Almost always the store has one layout.
  if (start === end || (start === 0 && end === count)) return newer;
  const top = new Map<string, number>();
  for (let at = 0; at < count; at++) {
    const id = at < start || at >= end ? findId(table, at, asOf) : undefined;
    if (id !== undefined) top.set(id, at);
  }
  for (let at = start; at < end && top.size > 0; at++) {
    const other = top.get(findId(table, at, asOf) ?? "");
    if (other === undefined) continue;
    const isOther = (table.receivedAt[other] as number) > (table.receivedAt[at] as number);
    newer.set(isOther ? at : other, isOther ? other : at);
  }
  return newer;
}

/** The host of a report; undefined if it is none, or not yet. */
function findId(table: Table, at: number, asOf: number): string | undefined {
  if (!isReport(segmentAt(table, at), table.rowOf[at] as number)) return undefined;
  if (judgeFreshness(table.receivedAt[at] as number, asOf, 0) === "future") return undefined;
  return parseReportKey(keyAt(table, at))?.id;
}
