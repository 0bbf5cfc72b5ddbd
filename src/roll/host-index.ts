// Where in a table the rows of one host are: a hash table over the ids, made when it is first asked
// for.
import { readKey, type Segment } from "./segment.ts";
import { measurePrefix } from "./supersede.ts";
import { segmentAt, type Table } from "./table.ts";
import { inSlices, ROW_BYTES, type Yielder } from "./yielder.ts";

/** Positions by bucket: those of bucket b are in `positions` from starts[b] up to starts[b + 1]. */
interface HostIndex {
  readonly starts: Uint32Array;
  readonly positions: Uint32Array;
}

/** A table never changes, so its index lasts as long as it does. */
const indexes = new WeakMap<Table, Promise<HostIndex>>();

/**
 * Finds the rows of one host id, in whatever account and under whatever writer: the first time in a
 * table at the cost of its rows, then at the cost of the rows found.
 *
 * @returns their positions, ascending
 */
export async function findHost(table: Table, id: string, yielder: Yielder): Promise<number[]> {
  const known = indexes.get(table) ?? indexTable(table, yielder);
  indexes.set(table, known);
  const { starts, positions } = await known;
  const bytes = Buffer.from(id, "latin1");
  const bucket = hash(bytes, 0, bytes.length) & (starts.length - 2);
  const found: number[] = [];
  for (let at = starts[bucket] as number; at < (starts[bucket + 1] as number); at++) {
    const position = positions[at] as number;
    const [segment, row] = [segmentAt(table, position), table.rowOf[position] as number];
    const { start, end } = measureId(segment, row);
    if (end - start === id.length && readKey(segment, row).endsWith(`${id}.json`)) found.push(position);
  }
  return found;
}

async function indexTable(table: Table, yielder: Yielder): Promise<HostIndex> {
  const count = table.rowOf.length;
  let buckets = 1;
  while (buckets < count) buckets *= 2;
  const bucketOf = new Uint32Array(count);
  const starts = new Uint32Array(buckets + 1);
  await inSlices(
    count,
    (from, bytes) => {
      const to = Math.min(count, from + Math.ceil(bytes / ROW_BYTES));
      for (let at = from; at < to; at++) {
        const segment = segmentAt(table, at);
        const { start, end } = measureId(segment, table.rowOf[at] as number);
        const bucket = hash(segment.names, start, end) & (buckets - 1);
        bucketOf[at] = bucket;
        starts[bucket + 1] = (starts[bucket + 1] as number) + 1;
      }
      return to;
    },
    yielder,
  );
  for (let bucket = 0; bucket < buckets; bucket++)
    starts[bucket + 1] = (starts[bucket + 1] as number) + (starts[bucket] as number);
  const positions = new Uint32Array(count);
  const next = starts.slice();
  for (let at = 0; at < count; at++) {
    const bucket = bucketOf[at] as number;
    positions[next[bucket] as number] = at;
    next[bucket] = (next[bucket] as number) + 1;
  }
  return { starts, positions };
}

/** Where a row's id stands in its segment's names: what is between the prefix and `.json`. */
function measureId(segment: Segment, row: number): { readonly start: number; readonly end: number } {
  const from = segment.nameStarts[row] as number;
  const length = segment.keyLengths[row] as number;
  return { start: from + measurePrefix(segment, from, length), end: from + length - ".json".length };
}

/**
 * FNV-1a over 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/). Whoever makes ids that meet in
 * one bucket makes the search as long as one through the whole table, and no longer.
 */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let at = start; at < end; at++) value = Math.imul(value ^ (bytes[at] as number), 0x01000193);
  return value >>> 0;
}
