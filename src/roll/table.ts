// Tables: which rows of which segments make up the roll, in the order of their keys.
import { readEtag, readKey, type Segment } from "./segment.ts";

/**
 * Rows in ascending order of their keys, each key once; immutable. Columns are as long as the
 * table.
 */
export interface Table {
  readonly segments: readonly Segment[];
  /** Index into segments. */
  readonly segmentOf: Uint32Array;
  /** Row in that segment. */
  readonly rowOf: Uint32Array;
  /** When the store received the object; ms since the epoch. */
  readonly receivedAt: Float64Array;
  /**
   * The reports' update_date, ms since the epoch, where it is not that of the rows: in a past roll,
   * whose bodies may be those of an earlier report that said the same.
   */
  readonly updatedAt?: Float64Array;
}

export const EMPTY_TABLE: Table = {
  segments: [],
  segmentOf: new Uint32Array(0),
  rowOf: new Uint32Array(0),
  receivedAt: new Float64Array(0),
};

export function segmentAt({ segments, segmentOf }: Table, at: number): Segment {
  return segments[segmentOf[at] as number] as Segment;
}

export function keyAt(table: Table, at: number): string {
  return readKey(segmentAt(table, at), table.rowOf[at] as number);
}

/** The report's update_date; ms since the epoch. */
export function updatedAtAt(table: Table, at: number): number {
  const own = table.updatedAt ?? segmentAt(table, at).updatedAt;
  return own[table.updatedAt ? at : (table.rowOf[at] as number)] as number;
}

export function etagAt(table: Table, at: number): string {
  return readEtag(segmentAt(table, at), table.rowOf[at] as number);
}

/**
 * The first position, not before `from`, whose key is not before the one given; the table's length
 * if there is none.
 */
export function findKey(table: Table, key: string, from = 0): number {
  let low = from;
  let high = table.rowOf.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyAt(table, middle) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Gathers rows of a table in order. */
export interface TableBuilder {
  readonly length: number;
  push(segment: number, row: number, receivedAt: number): void;
  /** Takes rows of another table, which has the same segments, from one position up to another. */
  pushRange(from: Table, start: number, end: number): void;
  build(segments: readonly Segment[]): Table;
}

/** Makes a builder for at most so many rows. */
export function createTableBuilder(capacity: number): TableBuilder {
  const segmentOf = new Uint32Array(capacity);
  const rowOf = new Uint32Array(capacity);
  const receivedAt = new Float64Array(capacity);
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(segment, row, at) {
      segmentOf[length] = segment;
      rowOf[length] = row;
      receivedAt[length++] = at;
    },
    pushRange(from, start, end) {
      segmentOf.set(from.segmentOf.subarray(start, end), length);
      rowOf.set(from.rowOf.subarray(start, end), length);
      receivedAt.set(from.receivedAt.subarray(start, end), length);
      length += end - start;
    },
    build: (segments) =>
      length === capacity
        ? { segments, segmentOf, rowOf, receivedAt }
        : {
            segments,
            segmentOf: segmentOf.slice(0, length),
            rowOf: rowOf.slice(0, length),
            receivedAt: receivedAt.slice(0, length),
          },
  };
}

/**
 * Puts the rows of one table over those of another: where both have a key, the newer one's row
 * stands.
 *
 * @param newer its segments are the other's, and after them its own
 */
export function overlay(table: Table, newer: Table): Table {
  if (newer.rowOf.length === 0) return { ...table, segments: newer.segments };
  const builder = createTableBuilder(table.rowOf.length + newer.rowOf.length);
  let at = 0;
  for (let place = 0; place < newer.rowOf.length; place++) {
    const key = keyAt(newer, place);
    const start = at;
    at = findKey(table, key, at);
    builder.pushRange(table, start, at);
    builder.pushRange(newer, place, place + 1);
    if (at < table.rowOf.length && keyAt(table, at) === key) at++;
  }
  builder.pushRange(table, at, table.rowOf.length);
  return builder.build(newer.segments);
}
