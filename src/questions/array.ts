// The answer's bytes: stored bodies spliced into one JSON array, or a line each.
import { judgeAge } from "../report/freshness.ts";
import { SEPARATOR } from "../roll/segment.ts";
import { segmentAt } from "../roll/table.ts";
import { type HostReport, readReport } from "../roll/view.ts";
import { SLICE_BYTES } from "../roll/yielder.ts";
import type { HostSelection } from "./groups.ts";
import { compileProjection } from "./projection.ts";
import type { Query } from "./query.ts";
import type { LabelMembers } from "./report-labels.ts";

/** `json`: one array. `ndjson`: a line a report (https://github.com/ndjson/ndjson-spec). */
export type Format = "json" | "ndjson";

/**
 * Bytes gathered before a chunk is handed on; with smaller ones allocation takes longer than
 * copying (docs/benchmarks.md).
 */
const CHUNK_BYTES = 448 * 1024;

/** A run of neighbours this long is handed on as it lies in memory, without a copy. */
const RUN_BYTES = 64 * 1024;

const OPEN = Buffer.from("[");
const CLOSE = Buffer.from("]\n");
const NEWLINE = Buffer.from("\n");

/**
 * Writes reports in chunks of about 512 KiB, or of what is made of SLICE_BYTES of reports, which
 * must not be written to. Bodies are copied, not parsed; what the question does not change is byte
 * for byte what the host sent.
 *
 * @param asOf the view's instant, by which states are judged; ms since the epoch
 * @param labels those among the fields to keep
 */
export function writeReports(
  chosen: HostSelection,
  query: Pick<Query, "fields" | "meta" | "windowMs">,
  format: Format,
  asOf: number,
  labels?: LabelMembers,
): Generator<Buffer> {
  const isPlain = format === "json" && !query.fields && !query.meta;
  return isPlain ? spliceReports(chosen) : shapeReports(chosen, query, format, asOf, labels);
}

/**
 * How many bytes writeReports will write; undefined where only writing tells. @param bytes sum of
 * the bodies' lengths
 */
export function measureReports(
  { positions, bytes }: Pick<HostSelection, "positions"> & { readonly bytes: number },
  query: Pick<Query, "fields" | "meta">,
  format: Format,
): number | undefined {
  if (query.fields || query.meta) return undefined;
  const count = positions.length;
  if (format === "ndjson") return bytes + count * NEWLINE.length;
  return OPEN.length + bytes + Math.max(0, count - 1) * SEPARATOR.length + CLOSE.length;
}

/**
 * The stored bytes as an array. Rows that are neighbours in memory are so in the array, separators
 * included.
 */
function* spliceReports({ table, positions }: HostSelection): Generator<Buffer> {
  let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES + RUN_BYTES);
  let length = OPEN.copy(chunk);
  let bodies: Buffer = OPEN;
  let start = 0;
  let end = 0;

  /** Takes the run that has ended. */
  function* flush(): Generator<Buffer> {
    if (end - start >= RUN_BYTES) {
      if (length > 0) yield chunk.subarray(0, length);
      yield bodies.subarray(start, end);
    } else {
      length += bodies.copy(chunk, length, start, end);
      if (length < CHUNK_BYTES) return;
      yield chunk.subarray(0, length);
    }
    chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES + RUN_BYTES);
    length = 0;
  }

  for (const at of positions) {
    const [segment, row] = [segmentAt(table, at), table.rowOf[at] as number];
    const from = segment.bodyStarts[row] as number;
    if (segment.bodies !== bodies || from !== end) {
      if (end > start) yield* flush();
      bodies = segment.bodies;
      start = from;
    }
    end = segment.bodyStarts[row + 1] as number;
  }
  // After the last one there is no separator.
  if (positions.length > 0) end -= SEPARATOR.length;
  if (end > start) yield* flush();
  yield Buffer.concat([chunk.subarray(0, length), CLOSE]);
}

/** Reports of another shape than they are stored in, one by one. */
function* shapeReports(
  { table, positions }: HostSelection,
  query: Pick<Query, "fields" | "meta" | "windowMs">,
  format: Format,
  asOf: number,
  labels?: LabelMembers,
): Generator<Buffer> {
  const shape = compileShape(query, asOf, labels);
  const isArray = format === "json";
  let pieces: Buffer[] = isArray ? [OPEN] : [];
  let bytes = 0;
  /** Bytes of the reports that this chunk is made of. */
  let looked = 0;
  for (const [index, at] of positions.entries()) {
    if (isArray && index > 0) pieces.push(SEPARATOR);
    const report = readReport(table, at);
    const body = shape(report, index);
    pieces.push(isArray ? body : onOneLine(body));
    if (!isArray) pieces.push(NEWLINE);
    bytes += body.length;
    looked += report.body.length;
    // Little may come of much: whoever reads the chunks gives others their turn between them.
    if (bytes >= CHUNK_BYTES || looked >= SLICE_BYTES) {
      yield Buffer.concat(pieces);
      pieces = [];
      bytes = 0;
      looked = 0;
    }
  }
  if (isArray) pieces.push(CLOSE);
  if (pieces.length > 0) yield Buffer.concat(pieces);
}

/**
 * Makes the function from a stored report, and its place among those that were chosen, to its bytes
 * in an answer.
 */
export function compileShape(
  { fields, meta, windowMs }: Pick<Query, "fields" | "meta" | "windowMs">,
  asOf: number,
  labels?: LabelMembers,
): (report: HostReport, place: number) => Buffer {
  const withMeta = meta
    ? (report: HostReport) => insertReader(report, windowMs, asOf)
    : ({ body }: HostReport) => body;
  if (!fields) return withMeta;
  const paths = fields.filter(({ scope }) => scope !== "label").map(({ path }) => path);
  const cut = compileProjection(meta ? [...paths, ["rollcall", "reader"]] : paths);
  return (report, place) => {
    const body = cut(withMeta(report));
    return labels ? labels.add(body, place) : body;
  };
}

/** What the reader adds to a report on request, under `rollcall.reader`. */
export interface ReaderFacts {
  /** When the store received the report; ISO 8601 in UTC. */
  readonly received_at: string;
  readonly state: "fresh" | "silent";
  /**
   * How far the host's clock is ahead of the store's, by update_date; negative if behind. It holds
   * the upload's time too.
   */
  readonly clock_skew_seconds: number;
  /** An AWS account id, `local`, or null for a report at the top of the store. */
  readonly account: string | null;
  /** Where the report lies in the store. */
  readonly key: string;
}

function insertReader(report: HostReport, windowMs: number, asOf: number): Buffer {
  const facts: ReaderFacts = {
    received_at: new Date(report.receivedAt).toISOString(),
    state: judgeAge(report.receivedAt, asOf, windowMs) === "fresh" ? "fresh" : "silent",
    clock_skew_seconds: measureSkew(report),
    account: report.account || null,
    key: report.key,
  };
  const { offset, kind } = report.insertion;
  const reader = `"reader":${JSON.stringify(facts)}`;
  const text = kind === "object" ? `,"rollcall":{${reader}}` : kind === "first" ? reader : `,${reader}`;
  return Buffer.concat([report.body.subarray(0, offset), Buffer.from(text), report.body.subarray(offset)]);
}

/** Seconds by which update_date is ahead of the time of receipt. */
export function measureSkew({ updatedAt, receivedAt }: Pick<HostReport, "updatedAt" | "receivedAt">): number {
  return Math.round((updatedAt - receivedAt) / 1000);
}

/**
 * In checked JSON a raw newline can only be white space between values, so a space says the same.
 */
export function onOneLine(body: Buffer): Buffer {
  if (!body.includes(0x0a) && !body.includes(0x0d)) return body;
  const line = Buffer.from(body);
  for (const [index, byte] of line.entries()) if (byte === 0x0a || byte === 0x0d) line[index] = 0x20;
  return line;
}
