// Compaction: keeps the segments of a table few, and few of their bytes dead.
import { createPacker, SEGMENT_BYTES } from "./packer.ts";
import { bodyLength, type Segment } from "./segment.ts";
import { createTableBuilder, segmentAt, type Table } from "./table.ts";

/** A segment of which less than this share is still in use is written anew. */
const MIN_LIVE_SHARE = 0.75;

/** Segments smaller than this are gathered once there are so many. */
const SMALL_BYTES = SEGMENT_BYTES / 4;
const MAX_SMALL_SEGMENTS = 8;

/** Bytes moved at most in one go: some 20 ms of copying. */
const MAX_MOVED_BYTES = 8 * SEGMENT_BYTES;

/** Gives the same rows in better segments; the same table if there is nothing to gain. */
export function compactTable(table: Table): Table {
  const live = countLive(table);
  const victims = chooseVictims(table.segments, live);
  if (victims.size === 0 && live.every((bytes) => bytes > 0)) return table;
  const kept = table.segments.filter((_, index) => live[index] !== 0 && !victims.has(index));
  const newIndex = new Map(kept.map((segment, index) => [segment, index]));
  const packer = createPacker(kept.length);
  const builder = createTableBuilder(table.rowOf.length);
  for (let at = 0; at < table.rowOf.length; at++) {
    const segment = segmentAt(table, at);
    const row = table.rowOf[at] as number;
    const index = newIndex.get(segment);
    const place = index === undefined ? packer.copy(segment, row) : { segment: index, row };
    builder.push(place.segment, place.row, table.receivedAt[at] as number);
  }
  return builder.build([...kept, ...packer.segments()]);
}

/** Bytes of the bodies in use, by segment. */
function countLive(table: Table): number[] {
  const live = table.segments.map(() => 0);
  for (let at = 0; at < table.rowOf.length; at++) {
    const index = table.segmentOf[at] as number;
    live[index] = (live[index] as number) + bodyLength(segmentAt(table, at), table.rowOf[at] as number) + 1;
  }
  return live;
}

function chooseVictims(segments: readonly Segment[], live: readonly number[]): Set<number> {
  const inUse = segments.map((_, index) => index).filter((index) => (live[index] as number) > 0);
  const small = inUse.filter((index) => (segments[index] as Segment).bodies.length < SMALL_BYTES);
  const sparse = inUse.filter(
    (index) => (live[index] as number) < (segments[index] as Segment).bodies.length * MIN_LIVE_SHARE,
  );
  const victims = new Set<number>();
  let moved = 0;
  for (const index of [...(small.length > MAX_SMALL_SEGMENTS ? small : []), ...sparse]) {
    if (moved > MAX_MOVED_BYTES) break;
    moved += live[index] as number;
    victims.add(index);
  }
  // One segment alone that is small is as good as it gets.
  return victims.size === 1 && small.length === 1 && sparse.length === 0 ? new Set() : victims;
}
