// Merging: the rows of several stores in one table, and whose they are.
import type { Segment } from "./segment.ts";
import { createTableBuilder, segmentAt, type Table } from "./table.ts";

/** Rows of several stores in the order of their keys. */
export interface MergedTable {
  /** A key that several stores have stands once for each of them, side by side in their order. */
  readonly table: Table;
  /** Positions of rows whose key is that of the row before. */
  readonly repeated: readonly number[];
  /** Which of the stores a row is of, by their order. */
  storeOf(at: number): number;
}

/** Merges the tables of some stores. Of one store it is that table itself. */
export function mergeTables(tables: readonly Table[]): MergedTable {
  const [first] = tables;
  if (first && tables.length === 1) return { table: first, repeated: [], storeOf: () => 0 };
  const segments = tables.flatMap((table) => table.segments);
  /** Where each store's segments begin among all. */
  const bases: number[] = [];
  let base = 0;
  for (const table of tables) {
    bases.push(base);
    base += table.segments.length;
  }
  const builder = createTableBuilder(tables.reduce((sum, { rowOf }) => sum + rowOf.length, 0));
  const repeated: number[] = [];
  const cursors = tables.map((table) => ({ table, at: 0 }));
  let before: Row | undefined;
  for (;;) {
    let next: { readonly store: number; readonly row: Row } | undefined;
    for (const [store, { table, at }] of cursors.entries()) {
      if (at >= table.rowOf.length) continue;
      const row = { segment: segmentAt(table, at), row: table.rowOf[at] as number };
      if (!next || compareKeys(row, next.row) < 0) next = { store, row };
    }
    if (!next) break;
    const cursor = cursors[next.store] as (typeof cursors)[number];
    if (before && compareKeys(before, next.row) === 0) repeated.push(builder.length);
    builder.push(
      (bases[next.store] as number) + (cursor.table.segmentOf[cursor.at] as number),
      next.row.row,
      cursor.table.receivedAt[cursor.at] as number,
    );
    cursor.at++;
    before = next.row;
  }
  const table = builder.build(segments);
  return {
    table,
    repeated,
    storeOf: (at) => bases.findLastIndex((start) => start <= (table.segmentOf[at] as number)),
  };
}

interface Row {
  readonly segment: Segment;
  readonly row: number;
}

/** Keys are ASCII, so that bytes have the order of texts. */
export function compareKeys(a: Row, b: Row): number {
  const [aStart, bStart] = [a.segment.nameStarts[a.row] as number, b.segment.nameStarts[b.row] as number];
  const [aLength, bLength] = [a.segment.keyLengths[a.row] as number, b.segment.keyLengths[b.row] as number];
  return a.segment.names.compare(b.segment.names, bStart, bStart + bLength, aStart, aStart + aLength);
}
