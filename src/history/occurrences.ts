// The rows of a view in one order, whether they stand in its reports or beside them.
import type { Segment } from "../roll/segment.ts";
import { EMPTY_TABLE, findKey, keyAt, type Table } from "../roll/table.ts";
import type { RollView } from "../roll/view.ts";
import { ASIDE, REPORTS } from "./step.ts";

/** Rows by key. Of one key the report comes first, then what is beside it, by store. */
export interface Occurrences {
  readonly count: number;
  readonly segments: readonly Segment[];
  /** Columns, as a table's. */
  readonly segmentOf: Uint32Array;
  readonly rowOf: Uint32Array;
  readonly receivedAt: Float64Array;
  readonly places: Uint8Array;
}

/** Lists the rows of a view. */
export function listOccurrences({ reports, aside = EMPTY_TABLE }: RollView): Occurrences {
  const count = reports.rowOf.length + aside.rowOf.length;
  const isShared = aside.segments === reports.segments || aside.rowOf.length === 0;
  const shift = isShared ? 0 : reports.segments.length;
  const columns = {
    segmentOf: new Uint32Array(count),
    rowOf: new Uint32Array(count),
    receivedAt: new Float64Array(count),
    places: new Uint8Array(count),
  };
  let length = 0;
  const take = (table: Table, start: number, end: number, place: number, by: number) => {
    columns.segmentOf.set(table.segmentOf.subarray(start, end), length);
    if (by > 0)
      for (let at = length; at < length + end - start; at++)
        columns.segmentOf[at] = (columns.segmentOf[at] as number) + by;
    columns.rowOf.set(table.rowOf.subarray(start, end), length);
    columns.receivedAt.set(table.receivedAt.subarray(start, end), length);
    columns.places.fill(place, length, length + end - start);
    length += end - start;
  };
  let from = 0;
  for (let at = 0; at < aside.rowOf.length; at++) {
    const key = keyAt(aside, at);
    let until = findKey(reports, key, from);
    if (until < reports.rowOf.length && keyAt(reports, until) === key) until++;
    take(reports, from, until, REPORTS, 0);
    take(aside, at, at + 1, ASIDE, shift);
    from = until;
  }
  take(reports, from, reports.rowOf.length, REPORTS, 0);
  return {
    count,
    segments: isShared ? reports.segments : [...reports.segments, ...aside.segments],
    ...columns,
  };
}
