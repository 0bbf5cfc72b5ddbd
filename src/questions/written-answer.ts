// An answer's bytes: JSON, a line a row, or CSV. The same wherever it is asked.
import { createHash } from "node:crypto";
import { stringify } from "csv-stringify/sync";
import type { Yielder } from "../roll/yielder.ts";
import { type Cut, listDetails } from "./cut.ts";
import type { Facts } from "./facts.ts";
import type { Answer, AnswerSchema, CellTable, Row, Rows } from "./question.ts";

/** `ndjson`: a line a row (https://github.com/ndjson/ndjson-spec). `csv`: RFC 4180. */
export const FORMATS = ["json", "ndjson", "csv"] as const;
export type AnswerFormat = (typeof FORMATS)[number];

export const MEDIA_TYPES: Readonly<Record<AnswerFormat, string>> = {
  json: "application/json",
  ndjson: "application/x-ndjson",
  csv: "text/csv; charset=utf-8",
};

export interface WritingOptions {
  readonly format: AnswerFormat;
  readonly yielder: Yielder;
}

/** An answer that can be written. */
export interface WrittenAnswer {
  readonly facts: Facts;
  readonly validUntil: number;
  /** Names the content of this format; letters that may stand in an ETag. */
  readonly digest: string;
  readonly isTimed?: true;
  /** About how many bytes there are. */
  readonly estimate: number;
  /** Bytes that keeping it takes, beside the roll's. */
  readonly held: number;
  /** All of them, where they are few enough to be at hand. */
  readonly whole?: Buffer;
  /** How many, where that is known before they are written. */
  readonly length?: number | undefined;
  /** Begins to write, the same bytes at each call; chunks must not be written to. */
  write(): Iterable<Buffer>;
}

/** What a byte costs that is written, as against one that is looked at. */
const WRITTEN_BYTES = 4;

/** Rows that become CSV at a time, and about how many bytes of them. */
const CSV_ROWS = 256;
const CSV_BYTES = 256 * 1024;

/** Writes an answer of a question, or gets ready to. */
export async function writeAnswer(
  answer: Answer,
  schema: AnswerSchema,
  options: WritingOptions,
): Promise<WrittenAnswer> {
  const { body } = answer;
  const { format, yielder } = options;
  if (body.kind === "rows") return await writeRows(answer, body, schema, options);
  const { digest = "" } = answer;
  if (format !== "csv") {
    return {
      ...takeTold(answer),
      digest,
      estimate: body.estimate,
      held: body.held,
      length: body.measure(format),
      write: () => body.write(format),
    };
  }
  const table = await body.readTable(yielder);
  const { facts } = answer;
  const left = listLeft(table);
  return {
    ...takeTold(answer),
    facts: {
      ...facts,
      cuts: [...(facts.cuts ?? []), ...left],
      warnings: [...facts.warnings, ...listDetails(left)],
    },
    digest: digest + (table.digest ?? ""),
    estimate: body.estimate,
    held: body.held,
    write: () => writeCells(table),
  };
}

function listLeft({ columns, omitted }: CellTable): Cut[] {
  const shown = `the table has the first ${columns.length} columns`;
  const detail = `${shown}; ${omitted} more are left out: name some with fields=`;
  return omitted > 0 ? [{ kind: "columns", count: omitted, detail }] : [];
}

function takeTold({
  facts,
  validUntil,
  isTimed,
}: Answer): Pick<WrittenAnswer, "facts" | "validUntil" | "isTimed"> {
  return { facts, validUntil, ...(isTimed && { isTimed }) };
}

/** Rows that are at hand are few: their bytes are made at once, and kept instead of them. */
async function writeRows(
  answer: Answer,
  body: Rows,
  schema: AnswerSchema,
  options: WritingOptions,
): Promise<WrittenAnswer> {
  const hash = createHash("sha256");
  const pieces: Buffer[] = [];
  for (const piece of writePieces(body, schema, options)) {
    const wait = options.yielder.spend(piece.length * WRITTEN_BYTES);
    if (wait !== undefined) await wait;
    hash.update(piece);
    pieces.push(piece);
  }
  const whole = Buffer.concat(pieces);
  const digest = answer.digest ?? hash.digest("base64url").slice(0, 22);
  const told = takeTold(answer);
  const { length } = whole;
  return { ...told, digest, estimate: length, held: length, length, whole, write: () => [whole] };
}

function* writePieces(body: Rows, schema: AnswerSchema, options: WritingOptions): Generator<Buffer> {
  const { rows, document, layout = { between: "", after: "" } } = body;
  if (options.format === "csv") {
    yield* writeCells(toCellTable(rows, schema));
  } else if (options.format === "ndjson") {
    for (const row of rows) yield Buffer.from(`${JSON.stringify(row)}\n`);
  } else if (document !== undefined) {
    yield Buffer.from(JSON.stringify(document));
  } else {
    let before = "[";
    for (const row of rows) {
      yield Buffer.from(before + JSON.stringify(row));
      before = `,${layout.between}`;
    }
    yield Buffer.from(`${before === "[" ? "[" : ""}]${layout.after}`);
  }
}

/** Columns that no row has to have are left out where none has them. */
function toCellTable(rows: readonly Row[], { row: { schema } }: AnswerSchema): CellTable {
  const { properties = {}, required = [] } = schema as {
    properties?: Readonly<Record<string, unknown>>;
    required?: readonly string[];
  };
  const present = new Set(required);
  for (const row of rows) for (const name of Object.keys(row)) present.add(name);
  const columns = Object.keys(properties).filter((name) => present.has(name));
  return {
    columns,
    omitted: 0,
    *rows() {
      for (const row of rows)
        yield columns.map((name) => toCell((row as Readonly<Record<string, unknown>>)[name]));
    },
  };
}

/** A text as it is, nothing as nothing, and what has parts as JSON. */
function toCell(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function* writeCells({ columns, rows }: CellTable): Generator<Buffer> {
  // Of no rows there may be no names.
  if (columns.length === 0) return;
  const write = (batch: readonly (readonly string[])[]): Buffer =>
    Buffer.from(stringify(batch as string[][], { record_delimiter: "windows" }));
  let batch: (readonly string[])[] = [columns];
  let bytes = 0;
  for (const row of rows()) {
    batch.push(row);
    for (const { length } of row) bytes += length;
    if (batch.length < CSV_ROWS && bytes < CSV_BYTES) continue;
    yield write(batch);
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield write(batch);
}
