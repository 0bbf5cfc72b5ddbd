// The log in the store: numbered entries, each put once and naming the digest of the one before,
// and the pieces that large ones consist of.
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { LRUCache } from "lru-cache";
import pMap from "p-map";
import { SEGMENT_BYTES } from "../roll/packer.ts";
import { createSegmentBuilder, type Segment } from "../roll/segment.ts";
import { decodeSegment, encodeSegment } from "../roll/snapshot-format.ts";
import {
  HISTORY_LOG_PREFIX,
  HISTORY_PIECES_PREFIX,
  locateHistoryPiece,
  locateLogEntry,
  parseLogNumber,
} from "../store/layout.ts";
import type { Entry, ReadStore, Store } from "../store/store.ts";
import type { Row } from "./change-list.ts";
import {
  BrokenEntry,
  decodeEntry,
  encodeEntry,
  MAX_ENTRY_BYTES,
  MAX_ENTRY_PIECE_BYTES,
  type Piece,
} from "./entry-format.ts";
import type { Step } from "./step.ts";

const gzipBytes = promisify(gzip);
const gunzipBytes = promisify(gunzip);

/** Entries are small and stay for days, pieces for as long; a better ratio is worth its time. */
const GZIP = { level: 6 } as const;

/** Reports of up to so many bytes stand in the entry itself. */
const MAX_INLINE_BYTES = 1024 * 1024;

/** Pieces read at a time. */
const CONCURRENCY = 16;

/** Decoded entries kept, without what lies in pieces; bytes. */
const MAX_KEPT_ENTRY_BYTES = 32 * 1024 * 1024;

/** An entry as the store lists it. */
export interface ListedEntry {
  readonly number: number;
  readonly etag: string;
  readonly bytes: number;
}

/** An entry that was read. */
export interface LoggedStep {
  readonly step: Step;
  /** Digest of the entry before, as this one names it. */
  readonly previous: string;
  /** Of this entry's own bytes. */
  readonly digest: string;
  /** Where its reports lie, if not in the step. */
  readonly pieces: readonly Piece[];
}

/** The log, as readers see it. */
export interface LogReader {
  /** Lists entries in the order of their numbers. @param after only those of a higher number */
  list(after: number, signal?: AbortSignal): Promise<ListedEntry[]>;
  /**
   * Reads an entry, without what lies in pieces.
   *
   * @throws BrokenEntry where it is gone, or cannot be understood; whatever the store throws
   */
  read(entry: ListedEntry, signal?: AbortSignal): Promise<LoggedStep>;
  /** Bytes of all pieces, as the store lists them. */
  measurePieces(signal?: AbortSignal): Promise<number>;
  /** Reads what an entry's pieces hold too. @throws as read */
  complete(logged: LoggedStep, signal?: AbortSignal): Promise<Step>;
}

/** Opens the log of a store. Nothing is read yet. */
export function openLog(store: Pick<ReadStore, "get" | "list">): LogReader {
  const kept = new LRUCache<string, LoggedStep & { readonly size: number }>({
    maxSize: MAX_KEPT_ENTRY_BYTES,
    sizeCalculation: ({ size }) => size,
  });

  async function readPiece({ name, bytes }: Piece, signal?: AbortSignal): Promise<Segment> {
    const found = await store.get(locateHistoryPiece(name), { maxBytes: bytes, signal });
    if (!found) throw new BrokenEntry("a piece of it is gone");
    if (hash(found.body) !== name) throw new BrokenEntry("a piece of it is damaged");
    return decodeSegment(await gunzipBytes(found.body, { maxOutputLength: MAX_ENTRY_PIECE_BYTES }));
  }

  return {
    async list(after, signal) {
      const entries: ListedEntry[] = [];
      const from = after > 0 ? locateLogEntry(after) : undefined;
      for await (const page of store.list(HISTORY_LOG_PREFIX, { after: from, signal }))
        entries.push(...page.flatMap(toListed));
      return entries;
    },

    async read({ number, etag }, signal) {
      const name = `${number} ${etag}`;
      const known = kept.get(name);
      if (known) return known;
      const found = await store.get(locateLogEntry(number), { maxBytes: MAX_ENTRY_BYTES, signal });
      if (!found) throw new BrokenEntry(`entry ${number} is gone`);
      const read = await decodeStored(found.body, number);
      if (found.etag === etag) kept.set(name, read);
      return read;
    },

    async measurePieces(signal) {
      let bytes = 0;
      for await (const page of store.list(HISTORY_PIECES_PREFIX, { signal }))
        for (const { size } of page) bytes += size;
      return bytes;
    },

    async complete({ step, pieces }, signal) {
      if (pieces.length === 0) return step;
      const segments = await pMap(
        pieces,
        async (piece) => {
          try {
            return await readPiece(piece, signal);
          } catch (error) {
            throw isBroken(error)
              ? new BrokenEntry(`entry ${step.number}: a piece of it`, { cause: error })
              : error;
          }
        },
        { concurrency: CONCURRENCY },
      );
      return { ...step, rows: { ...step.rows, segments } };
    },
  };
}

function toListed({ key, etag, size }: Entry): ListedEntry[] {
  const number = parseLogNumber(key);
  return number === undefined ? [] : [{ number, etag, bytes: size }];
}

async function decodeStored(body: Buffer, number: number) {
  try {
    const bytes = await gunzipBytes(body, { maxOutputLength: MAX_ENTRY_BYTES });
    const decoded = decodeEntry(bytes);
    if (decoded.step.number !== number) throw new BrokenEntry("it has another number than its name");
    return { ...decoded, digest: hash(body), size: bytes.length };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new BrokenEntry(`entry ${number}: ${detail}`, { cause: error });
  }
}

/** Whether bytes are at fault, and not the way to them. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && (error.name.startsWith("Broken") || hasZlibCode(error));
}

function hasZlibCode(error: Error): boolean {
  return "code" in error && String(error.code).startsWith("Z_");
}

/**
 * Puts an entry, after the pieces that it names.
 *
 * @param step without its reports
 * @param rows its reports, where they lie
 * @param previous digest of the entry before
 * @returns its own digest
 * @throws PreconditionFailed where another entry has its number; whatever the store throws
 */
export async function putEntry(
  store: Pick<Store, "put">,
  step: Step,
  rows: readonly Row[],
  previous: string,
  signal?: AbortSignal,
): Promise<string> {
  const pieces: Piece[] = [];
  let inline: Segment | undefined;
  for (const segment of packRows(rows)) {
    if (rows.length === segment.count && segment.bodies.length <= MAX_INLINE_BYTES) inline = segment;
    else {
      const body = await gzipBytes(encodeSegment(segment), GZIP);
      const name = hash(body);
      await store.put(locateHistoryPiece(name), body, { signal });
      pieces.push({ name, bytes: body.length });
    }
  }
  const whole: Step = { ...step, rows: { ...step.rows, segments: inline ? [inline] : [] } };
  const bytes = encodeEntry(whole, previous, pieces);
  if (bytes.length > MAX_ENTRY_BYTES)
    throw new RangeError(
      `entry ${step.number} of history would have ${bytes.length} bytes; ${MAX_ENTRY_BYTES} is the limit`,
    );
  const body = await gzipBytes(bytes, GZIP);
  await store.put(locateLogEntry(step.number), body, { ifNoneMatch: "*", signal });
  return hash(body);
}

/** Packs reports into segments, one at a time: a large fleet is never held twice. */
function* packRows(rows: readonly Row[]): Generator<Segment> {
  const builder = createSegmentBuilder();
  for (const { segment, row } of rows) {
    builder.copy(segment, row);
    if (builder.bytes < SEGMENT_BYTES) continue;
    yield builder.build();
    builder.clear();
  }
  if (builder.count > 0) yield builder.build();
}

function hash(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
