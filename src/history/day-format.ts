// The bytes of a closed day's own object: what its entries are, and all of their steps but changes
// and reports, which are in the Parquet files. Pure but for gzip.
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import * as z from "zod";
import { parseJson } from "../report/parse-json.ts";
import { unpackInsertion } from "../roll/segment.ts";
import { type DecodedEntry, decodeEntry, encodeEntry, type Piece } from "./entry-format.ts";
import type { EntryHead } from "./entry-source.ts";
import { decodeNumbers, decodeTimes, encodeNumbers, encodeTimes } from "./number-columns.ts";
import type { ReportMarks } from "./rolls-file.ts";
import type { Step } from "./step.ts";

const gzipBytes = promisify(gzip);
const gunzipBytes = promisify(gunzip);

/** Raised whenever these bytes change; a day of another format is not read. */
const FORMAT = 1;

const MAGIC = Buffer.from("RCDAY\n\0\0");

/** Entries are packed together until they have so many bytes: what is unpacked at a time. */
const CHUNK_BYTES = 1024 * 1024;

/** Unpacked; an entry without its changes and reports comes to less. */
const MAX_CHUNK_BYTES = 128 * 1024 * 1024;

/** Each day has 1440 entries at one a minute. */
const MAX_DAY_HEADER_BYTES = 64 * 1024 * 1024;

/** In the place of the pieces of an entry's reports, which lie in the file of the day's reports. */
const IN_ROLLS: Piece = { name: "0".repeat(64), bytes: 1 };

/** A closed day is written at once: its entries need not name each other any more. */
const NO_DIGEST = "";

const NO_TEXT = Buffer.alloc(0);

/** Thrown for bytes that are no closed day of this format. */
export class BrokenDay extends Error {
  override name = "BrokenDay";
}

/** An object of the day as it lies in the store. */
export interface DayFile {
  /** SHA-256. */
  readonly digest: string;
  readonly bytes: number;
}

const FILE = z.object({ digest: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int().min(0) });
const GAP = z.object({ from: z.number(), until: z.number(), reason: z.string() });
const HEADER = z.object({
  format: z.literal(FORMAT),
  changes: FILE,
  rolls: FILE,
  entries: z.array(
    z.object({
      number: z.int().min(1),
      at: z.int(),
      base: z.int().min(1),
      every_ms: z.number(),
      dropped: z.int().min(0),
      rows: z.int().min(0),
      gap: GAP.optional(),
    }),
  ),
  chunks: z.array(z.object({ entries: z.int().min(1), bytes: z.int().min(1) })),
});

/** What is known of an entry without unpacking it. */
export interface DayEntry extends EntryHead {
  readonly dropped: number;
  /** Reports with their bodies that it has. */
  readonly rows: number;
}

/**
 * A step without its changes and the segments of its reports, and what the Parquet file lacks of
 * those.
 */
export interface DayStep {
  readonly step: Step;
  readonly marks: readonly ReportMarks[];
}

/** A closed day as it was read. */
export interface DayObject {
  readonly changes: DayFile;
  readonly rolls: DayFile;
  readonly entries: readonly DayEntry[];
  /** Reads the steps in order. @throws BrokenDay */
  readSteps(): AsyncIterable<DayStep>;
}

export function describeFile(bytes: Buffer): DayFile {
  return { digest: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
}

/** Writes a closed day's own object. */
export interface DayWriter {
  /** Takes the next step. */
  add(step: Step): Promise<void>;
  finish(files: { readonly changes: DayFile; readonly rolls: DayFile }): Promise<Buffer>;
}

/** Begins a closed day's own object. */
export function createDayWriter(): DayWriter {
  const entries: z.infer<typeof HEADER>["entries"] = [];
  const chunks: { entries: number; packed: Buffer }[] = [];
  let frames: Buffer[] = [];
  let [count, size] = [0, 0];

  async function flush(): Promise<void> {
    if (count === 0) return;
    chunks.push({ entries: count, packed: await gzipBytes(Buffer.concat(frames), { level: 9 }) });
    frames = [];
    [count, size] = [0, 0];
  }

  return {
    async add(step) {
      const { number, at, base, everyMs, dropped, gap, rows } = step;
      const isBare = rows.slots.length === 0;
      const bare: Step = { ...step, changes: [], rows: { ...rows, segments: [] } };
      const updatedAt = rows.segments.flatMap((segment) => [...segment.updatedAt]);
      const insertions = rows.segments.flatMap((segment) => [...segment.insertions]);
      for (const bytes of [
        encodeEntry(bare, NO_DIGEST, isBare ? [] : [IN_ROLLS]),
        isBare ? NO_TEXT : encodeTimes(updatedAt, (place) => rows.receivedAt[place] as number),
        encodeNumbers(insertions),
      ]) {
        const head = Buffer.alloc(4);
        head.writeUInt32LE(bytes.length);
        frames.push(head, bytes);
        size += bytes.length + head.length;
      }
      count++;
      entries.push({
        number,
        at,
        base,
        every_ms: everyMs,
        dropped,
        rows: rows.slots.length,
        ...(gap && { gap }),
      });
      if (size >= CHUNK_BYTES) await flush();
    },

    async finish({ changes, rolls }) {
      await flush();
      const header = {
        format: FORMAT,
        changes,
        rolls,
        entries,
        chunks: chunks.map((chunk) => ({ entries: chunk.entries, bytes: chunk.packed.length })),
      };
      const packed = await gzipBytes(JSON.stringify(header), { level: 9 });
      const length = Buffer.alloc(4);
      length.writeUInt32LE(packed.length);
      return Buffer.concat([MAGIC, length, packed, ...chunks.map((chunk) => chunk.packed)]);
    },
  };
}

/** Reads a closed day's own object. @throws BrokenDay */
export async function decodeDay(bytes: Buffer): Promise<DayObject> {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC) || bytes.length < MAGIC.length + 4)
    throw new BrokenDay("it does not begin as it should");
  const from = MAGIC.length + 4;
  const end = from + bytes.readUInt32LE(MAGIC.length);
  const json = parseJson(await unpack(bytes.subarray(from, end), MAX_DAY_HEADER_BYTES));
  const { success, data: header } = HEADER.safeParse(json);
  if (!success) throw new BrokenDay("it is of another version");
  const length = header.chunks.reduce((sum, chunk) => sum + chunk.bytes, end);
  if (length !== bytes.length) throw new BrokenDay("its length is not what it says");
  return {
    changes: header.changes,
    rolls: header.rolls,
    entries: header.entries.map(({ every_ms, gap, ...rest }) => ({
      ...rest,
      everyMs: every_ms,
      ...(gap && { gap }),
    })),
    async *readSteps() {
      let start = end;
      for (const chunk of header.chunks) {
        const unpacked = await unpack(bytes.subarray(start, start + chunk.bytes), MAX_CHUNK_BYTES);
        start += chunk.bytes;
        yield* readChunk(unpacked, chunk.entries);
      }
    },
  };
}

async function unpack(bytes: Buffer, most: number): Promise<Buffer> {
  try {
    return await gunzipBytes(bytes, { maxOutputLength: most });
  } catch (error) {
    throw toBroken(error);
  }
}

function* readChunk(bytes: Buffer, entries: number): Generator<DayStep> {
  let at = 0;
  const take = (): Buffer => {
    const start = at + 4;
    if (start > bytes.length) throw new BrokenDay("entries are missing");
    at = start + bytes.readUInt32LE(at);
    return bytes.subarray(start, at);
  };
  for (let entry = 0; entry < entries; entry++) {
    const { step } = decode(take());
    const count = step.rows.slots.length;
    const [times, places] = [take(), take()];
    const updatedAt = decodeTimes(
      count === 0 ? encodeTimes([], () => 0) : times,
      count,
      (place) => step.rows.receivedAt[place] as number,
    );
    const insertions = decodeNumbers(places, count);
    const marks = Array.from(updatedAt, (time, place) => ({
      updatedAt: time,
      insertion: unpackInsertion(insertions[place] as number),
    }));
    yield { step, marks };
  }
}

function decode(bytes: Buffer): DecodedEntry {
  try {
    return decodeEntry(bytes);
  } catch (error) {
    throw toBroken(error);
  }
}

function toBroken(error: unknown): BrokenDay {
  return new BrokenDay(error instanceof Error ? error.message : String(error), { cause: error });
}
