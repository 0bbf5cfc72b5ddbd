// The packer: puts what a refresh has read into new segments of a few MiB.
import { createSegmentBuilder, type Outcome, type Segment } from "./segment.ts";

/**
 * Bytes of bodies after which a segment is closed: large enough that a million reports are few
 * segments, small enough to copy at once.
 */
export const SEGMENT_BYTES = 4 * 1024 * 1024;

/** Where a row went. */
interface PackedRow {
  readonly segment: number;
  readonly row: number;
}

export interface Packer {
  add(key: string, etag: string, outcome: Outcome): PackedRow;
  copy(from: Segment, row: number): PackedRow;
  /** The segments so far, the one that is still open included. */
  segments(): Segment[];
}

/**
 * Makes a packer.
 *
 * @param firstIndex the index of its first segment in the table that will have it
 */
export function createPacker(firstIndex: number): Packer {
  const closed: Segment[] = [];
  const builder = createSegmentBuilder();

  function place(row: number): PackedRow {
    const packed = { segment: firstIndex + closed.length, row };
    if (builder.bytes >= SEGMENT_BYTES) {
      closed.push(builder.build());
      builder.clear();
    }
    return packed;
  }

  return {
    add: (key, etag, outcome) => place(builder.add(key, etag, outcome)),
    copy: (from, row) => place(builder.copy(from, row)),
    segments: () => (builder.count === 0 ? [...closed] : [...closed, builder.build()]),
  };
}
