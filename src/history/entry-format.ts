// The bytes of a log entry: a line of JSON, and behind it columns of numbers, changes as lines of
// JSON, and reports as a segment. Pure.
import * as z from "zod";
import { parseReportKey } from "../report/key.ts";
import { parseJson } from "../report/parse-json.ts";
import type { Segment } from "../roll/segment.ts";
import { decodeSegment, encodeSegment } from "../roll/snapshot-format.ts";
import { CHANGE_KINDS, type Change } from "./change.ts";
import {
  decodeAscending,
  decodeNumbers,
  decodeTimes,
  encodeAscending,
  encodeNumbers,
  encodeTimes,
} from "./number-columns.ts";
import type { FactsPatch, Step } from "./step.ts";

/** Raised whenever these bytes change; an entry of another format is not read. */
const FORMAT = 1;

/** Bytes of an entry, uncompressed; reports beyond some are in pieces. */
export const MAX_ENTRY_BYTES = 64 * 1024 * 1024;

/** An object with one segment of reports; its name is the SHA-256 of its bytes. */
export interface Piece {
  readonly name: string;
  /** As it lies in the store, compressed. */
  readonly bytes: number;
}

/** A segment comes to some MiB, and one report at most on top. */
export const MAX_ENTRY_PIECE_BYTES = 16 * 1024 * 1024;
const MAX_ENTRY_PIECES = 100_000;

/** Thrown for bytes that are no entry of this format. */
export class BrokenEntry extends Error {
  override name = "BrokenEntry";
}

/** An entry as it is read: its step, which lacks the segments where those lie in pieces. */
export interface DecodedEntry {
  readonly step: Step;
  /** Digest of the entry before; "" where that could not be read. */
  readonly previous: string;
  readonly pieces: readonly Piece[];
}

const PATCH = z.array(z.union([z.int(), z.array(z.unknown())]));
const COUNT = z.int().min(0);
const HEADER = z.object({
  format: z.literal(FORMAT),
  number: z.int().min(1),
  at: z.int(),
  every_ms: z.number(),
  base: z.int().min(1),
  previous: z.string(),
  gap: z.object({ from: z.number(), until: z.number(), reason: z.string() }).optional(),
  problems: PATCH.optional(),
  problem_count: COUNT,
  departed: PATCH.optional(),
  facts: z.object({
    labels: z.array(z.object({ field: z.string(), pattern: z.string() })).optional(),
    expected: z
      .union([z.object({ hosts: PATCH }), z.object({ mistake: z.string() }), z.record(z.string(), z.never())])
      .optional(),
    clones: PATCH.optional(),
    bounds: PATCH.optional(),
  }),
  noise: z.array(z.string()),
  dropped: COUNT,
  rows: COUNT,
  receipts: COUNT,
  moves: COUNT,
  gone: COUNT,
  pieces: z
    .array(
      z.object({
        name: z.string().regex(/^[0-9a-f]{64}$/),
        bytes: z.int().min(1).max(MAX_ENTRY_PIECE_BYTES),
      }),
    )
    .max(MAX_ENTRY_PIECES),
  /** Bytes of each section, in their order. */
  sections: z.array(COUNT),
});

/**
 * Writes an entry, uncompressed.
 *
 * @param pieces where its reports lie; none where they stand in the entry, as one segment at most
 */
export function encodeEntry(step: Step, previous: string, pieces: readonly Piece[]): Buffer {
  const { rows, receipts, moves, gone, at } = step;
  const [inline] = pieces.length > 0 ? [] : rows.segments;
  const sections = [
    encodeAscending(rows.slots),
    encodeNumbers(rows.places),
    encodeTimes(rows.receivedAt, () => at),
    encodeAscending(receipts.slots),
    encodeTimes(receipts.receivedAt, () => at),
    encodeTimes(receipts.updatedAt, (place) => receipts.receivedAt[place] as number),
    encodeAscending(moves.slots),
    encodeNumbers(moves.places),
    encodeAscending(gone),
    Buffer.from(formatChanges(step.changes)),
    inline ? encodeSegment(inline) : Buffer.alloc(0),
  ];
  const header: z.infer<typeof HEADER> = {
    format: FORMAT,
    number: step.number,
    at,
    every_ms: step.everyMs,
    base: step.base,
    previous,
    ...(step.gap && { gap: step.gap }),
    ...(step.problems && { problems: toJson(step.problems) }),
    problem_count: step.problemCount,
    ...(step.departed && { departed: toJson(step.departed) }),
    facts: toJson(step.facts),
    noise: [...step.noise],
    dropped: step.dropped,
    rows: rows.slots.length,
    receipts: receipts.slots.length,
    moves: moves.slots.length,
    gone: gone.length,
    pieces: pieces.map(({ name, bytes }) => ({ name, bytes })),
    sections: sections.map(({ length }) => length),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...sections]);
}

/** What JSON leaves of it is the same: only readonly arrays become others. */
function toJson<Json>(value: unknown): Json {
  return value as Json;
}

/** Reads an entry. @throws BrokenEntry */
export function decodeEntry(bytes: Buffer): DecodedEntry {
  const end = bytes.indexOf("\n");
  const { success, data: header } = HEADER.safeParse(parseJson(bytes.subarray(0, Math.max(0, end))));
  if (!success) throw new BrokenEntry("it is of another version, or no entry");
  const sections: Buffer[] = [];
  let from = end + 1;
  for (const length of header.sections) {
    sections.push(bytes.subarray(from, from + length));
    from += length;
  }
  if (from !== bytes.length) throw new BrokenEntry("its length is not what it says");
  try {
    return readSections(header, sections);
  } catch (error) {
    throw new BrokenEntry(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function readSections(header: z.infer<typeof HEADER>, sections: readonly Buffer[]): DecodedEntry {
  const section = (place: number): Buffer => sections[place] ?? Buffer.alloc(0);
  const { at, number, rows, receipts, moves, gone, pieces } = header;
  const receivedAt = decodeTimes(section(4), receipts, () => at);
  const inline: Segment[] = section(10).length > 0 ? [decodeSegment(section(10))] : [];
  if (pieces.length === 0 && rows !== (inline[0]?.count ?? 0))
    throw new BrokenEntry("it has not as many reports as it says");
  const step: Step = {
    number,
    at,
    everyMs: header.every_ms,
    base: header.base,
    ...(header.gap && { gap: header.gap }),
    rows: {
      segments: inline,
      slots: toSlots(decodeAscending(section(0), rows)),
      places: Uint8Array.from(decodeNumbers(section(1), rows)),
      receivedAt: decodeTimes(section(2), rows, () => at),
    },
    receipts: {
      slots: toSlots(decodeAscending(section(3), receipts)),
      receivedAt,
      updatedAt: decodeTimes(section(5), receipts, (place) => receivedAt[place] as number),
    },
    moves: {
      slots: toSlots(decodeAscending(section(6), moves)),
      places: Uint8Array.from(decodeNumbers(section(7), moves)),
    },
    gone: toSlots(decodeAscending(section(8), gone)),
    ...(header.problems && { problems: toJson(header.problems) }),
    problemCount: header.problem_count,
    ...(header.departed && { departed: toJson(header.departed) }),
    facts: toJson<FactsPatch>(header.facts),
    noise: header.noise,
    changes: parseChanges(section(9).toString("utf8"), number, at),
    dropped: header.dropped,
  };
  return { step, previous: header.previous, pieces };
}

function toSlots(numbers: Float64Array): Uint32Array {
  return Uint32Array.from(numbers);
}

/** The changes of one host: what is the same in all of them stands once. */
interface HostChanges {
  readonly k: string;
  readonly r: number;
  readonly n: string | null;
  readonly l: Readonly<Record<string, string>>;
  readonly c: [kind: number, field: string, before: string | null, after: string | null, cut?: 1][];
}

function formatChanges(changes: readonly Change[]): string {
  const hosts: HostChanges[] = [];
  for (const { key, receivedAt, instanceName, labels, kind, field, before, after, cut } of changes) {
    let host = hosts.at(-1);
    if (host?.k !== key || host.r !== receivedAt) {
      host = { k: key, r: receivedAt, n: instanceName, l: labels, c: [] };
      hosts.push(host);
    }
    const place = CHANGE_KINDS.indexOf(kind);
    host.c.push(cut ? [place, field, before, after, 1] : [place, field, before, after]);
  }
  return hosts.map((host) => JSON.stringify(host)).join("\n");
}

function parseChanges(text: string, entry: number, at: number): Change[] {
  if (text === "") return [];
  return text.split("\n").flatMap((line) => {
    const { k, r, n, l, c } = JSON.parse(line) as HostChanges;
    const { id = "", account = "" } = parseReportKey(k) ?? {};
    const common = { entry, at, receivedAt: r, account, host: id, key: k, instanceName: n, labels: l };
    return c.map(([place, field, before, after, cut]): Change => {
      const kind = CHANGE_KINDS[place];
      if (kind === undefined) throw new BrokenEntry(`no kind of change has the number ${place}`);
      return { ...common, kind, field, before, after, ...(cut && { cut: true as const }) };
    });
  });
}
