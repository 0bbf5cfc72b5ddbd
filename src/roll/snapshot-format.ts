// The snapshot's bytes: segments, the index that puts their rows in order, and the manifest that
// names them. Pure.

import * as z from "zod";
import { parseJson } from "../report/parse-json.ts";
import type { Refreshed } from "./refresh.ts";
import { SEPARATOR, type Segment } from "./segment.ts";

/**
 * Raised whenever these bytes, or what parseReport accepts, change: a snapshot of another format is
 * not read.
 */
const FORMAT = 3;

const SEGMENT_MAGIC = Buffer.from("RCSEG\n\0\0");
const INDEX_MAGIC = Buffer.from("RCIDX\n\0\0");

/**
 * Numbers lie as in memory; read on a machine of the other byte order, this one comes out wrong.
 */
const BYTE_ORDER = 0x01020304;

/** Largest piece, compressed and not; a segment usually has 4 MiB. */
export const MAX_PIECE_BYTES = 256 * 1024 * 1024;
const MAX_PIECES = 100_000;

/** An immutable object of the snapshot; its name is the SHA-256 of its bytes. */
export interface SnapshotPart {
  readonly name: string;
  /** As it lies in the store, compressed. */
  readonly bytes: number;
}

/** What the snapshot consists of. The one object of it that changes. */
export interface Manifest {
  /** ms since the epoch; as RollView.asOf. */
  readonly asOf: number;
  readonly index: SnapshotPart;
  readonly segments: readonly SnapshotPart[];
}

/** A state of the roll and the instant that it shows; ms since the epoch. */
export interface DatedState extends Refreshed {
  readonly asOf: number;
}

/** Thrown for bytes that are no piece of this format. */
export class BrokenSnapshot extends Error {
  override name = "BrokenSnapshot";
}

const PIECE = z.strictObject({
  name: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().min(1).max(MAX_PIECE_BYTES),
});
const MANIFEST = z.strictObject({
  format: z.literal(FORMAT),
  as_of: z.number(),
  index: PIECE,
  segments: z.array(PIECE).max(MAX_PIECES),
});

export function encodeManifest({ asOf, index, segments }: Manifest): Buffer {
  return Buffer.from(`${JSON.stringify({ format: FORMAT, as_of: asOf, index, segments })}\n`);
}

/** @throws BrokenSnapshot */
export function decodeManifest(bytes: Buffer): Manifest {
  const json = parseJson(bytes);
  if (json === undefined) throw new BrokenSnapshot("the manifest is not JSON");
  const { success, data } = MANIFEST.safeParse(json);
  if (!success) throw new BrokenSnapshot("the manifest is of another version");
  return { asOf: data.as_of, index: data.index, segments: data.segments };
}

/** Magic, byte order, count, lengths; the columns, widest first; names; bodies. */
export function encodeSegment(segment: Segment): Buffer {
  const { count, bodies, bodyStarts, names, nameStarts, keyLengths, updatedAt, insertions } = segment;
  const head = Uint32Array.of(BYTE_ORDER, count, bodies.length, names.length);
  return Buffer.concat([
    SEGMENT_MAGIC,
    ...[head, updatedAt, bodyStarts, nameStarts, insertions, keyLengths].map(toBytes),
    names,
    bodies,
  ]);
}

/** @throws BrokenSnapshot */
export function decodeSegment(bytes: Buffer): Segment {
  const cursor = openCursor(bytes, SEGMENT_MAGIC);
  const [count = 0, bodiesLength = 0, namesLength = 0] = cursor.head(4);
  const updatedAt = new Float64Array(cursor.take(count * 8));
  const bodyStarts = new Uint32Array(cursor.take((count + 1) * 4));
  const nameStarts = new Uint32Array(cursor.take((count + 1) * 4));
  const insertions = new Uint32Array(cursor.take(count * 4));
  const keyLengths = new Uint16Array(cursor.take(count * 2));
  const names = cursor.view(namesLength);
  const bodies = cursor.view(bodiesLength);
  cursor.end();
  checkStarts(bodyStarts, bodiesLength, SEPARATOR.length);
  checkStarts(nameStarts, namesLength, 2);
  for (let row = 0; row < count; row++) {
    if ((nameStarts[row] as number) + (keyLengths[row] as number) + 2 > (nameStarts[row + 1] as number))
      throw new BrokenSnapshot("a key is longer than its place");
  }
  return { count, bodies, bodyStarts, names, nameStarts, keyLengths, updatedAt, insertions };
}

/** Magic, byte order, count, length of the problems; the columns; the problems as JSON. */
export function encodeIndex({ table, problems, problemCount, departures, asOf }: DatedState): Buffer {
  const tail = Buffer.from(JSON.stringify({ problems, problemCount, departures }));
  const head = Uint32Array.of(BYTE_ORDER, table.rowOf.length, tail.length, 0);
  return Buffer.concat([
    INDEX_MAGIC,
    ...[head, Float64Array.of(asOf), table.receivedAt, table.segmentOf, table.rowOf].map(toBytes),
    tail,
  ]);
}

/** @throws BrokenSnapshot */
export function decodeIndex(bytes: Buffer, segments: readonly Segment[]): DatedState {
  const cursor = openCursor(bytes, INDEX_MAGIC);
  const [count = 0, tailLength = 0] = cursor.head(4);
  const [asOf = 0] = new Float64Array(cursor.take(8));
  const receivedAt = new Float64Array(cursor.take(count * 8));
  const segmentOf = new Uint32Array(cursor.take(count * 4));
  const rowOf = new Uint32Array(cursor.take(count * 4));
  const tail = JSON.parse(cursor.view(tailLength).toString("utf8")) as Omit<Refreshed, "table">;
  cursor.end();
  for (let at = 0; at < count; at++) {
    const segment = segments[segmentOf[at] as number];
    if (!segment || (rowOf[at] as number) >= segment.count)
      throw new BrokenSnapshot("the index names a row that is not there");
  }
  return { table: { segments, segmentOf, rowOf, receivedAt }, ...tail, asOf };
}

function toBytes(array: Float64Array | Uint32Array | Uint16Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

/** Reads one piece after the other, and never past the end. */
function openCursor(bytes: Buffer, magic: Buffer) {
  let at = magic.length;
  if (!bytes.subarray(0, at).equals(magic)) throw new BrokenSnapshot("a piece does not begin as it should");

  function view(length: number): Buffer {
    if (at + length > bytes.length) throw new BrokenSnapshot("a piece is shorter than it says");
    at += length;
    return bytes.subarray(at - length, at);
  }

  /** A copy, which lies where numbers may lie. */
  function take(length: number): ArrayBuffer {
    const bytes = view(length);
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + length) as ArrayBuffer;
  }

  return {
    view,
    take,
    head(length: number): Uint32Array {
      const [order, ...rest] = new Uint32Array(take(length * 4));
      if (order !== BYTE_ORDER)
        throw new BrokenSnapshot("it was written on a machine of the other byte order");
      return Uint32Array.from(rest);
    },
    end(): void {
      if (at !== bytes.length) throw new BrokenSnapshot("a piece is longer than it says");
    },
  };
}

/** Each row has its place, after the one before and inside the bytes. */
function checkStarts(starts: Uint32Array, end: number, least: number): void {
  if (starts[0] !== 0 || starts.at(-1) !== end) throw new BrokenSnapshot("rows do not fill their bytes");
  for (let row = 1; row < starts.length; row++) {
    if ((starts[row] as number) < (starts[row - 1] as number) + least)
      throw new BrokenSnapshot("rows overlap");
  }
}
