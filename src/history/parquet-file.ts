// Parquet files: writing them row group by row group, and reading them so.
import { gunzipSync, gzipSync } from "node:zlib";
import { type FileMetaData, parquetMetadata, parquetRead, type SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";

/**
 * A row group is closed at so many rows, or so many bytes of its longest texts: what is held
 * unpacked at a time, on writing and on reading.
 */
export const MAX_GROUP_ROWS = 10_000;
const MAX_GROUP_BYTES = 16 * 1024 * 1024;

/** Part of the file's bytes, which the library's version thus does not change. */
const CREATED_BY = "rollcall";

/** One column's values. A string may be its UTF-8 bytes. */
type Value = string | Uint8Array | number | bigint | boolean | null | readonly (readonly [string, string])[];

/** A column: how it stands in the schema, and whether equal values are worth being kept once. */
export interface Column {
  readonly name: string;
  readonly elements: readonly SchemaElement[];
  readonly encoding?: "PLAIN";
}

/** A string. @param options `isOptional`: null is a value. `isLong`: equal ones are rare */
export function stringColumn(
  name: string,
  { isOptional = false, isLong = false }: { readonly isOptional?: boolean; readonly isLong?: boolean } = {},
): Column {
  const repetition = isOptional ? "OPTIONAL" : "REQUIRED";
  const element: SchemaElement = {
    name,
    type: "BYTE_ARRAY",
    converted_type: "UTF8",
    logical_type: { type: "STRING" },
    repetition_type: repetition,
  };
  return { name, elements: [element], ...(isLong && { encoding: "PLAIN" }) };
}

/** An instant; ms since the epoch, UTC. */
export function timeColumn(name: string): Column {
  const element: SchemaElement = {
    name,
    type: "INT64",
    converted_type: "TIMESTAMP_MILLIS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
    repetition_type: "REQUIRED",
  };
  return { name, elements: [element] };
}

export function booleanColumn(name: string): Column {
  return { name, elements: [{ name, type: "BOOLEAN", repetition_type: "REQUIRED" }] };
}

/** A whole number. */
export function numberColumn(name: string): Column {
  return { name, elements: [{ name, type: "INT64", repetition_type: "REQUIRED" }] };
}

/** MAP<string, string>, as parquet-format's LogicalTypes.md has it. */
export function mapColumn(name: string): Column {
  const [key] = stringColumn("key").elements as [SchemaElement];
  const [value] = stringColumn("value").elements as [SchemaElement];
  const elements: SchemaElement[] = [
    {
      name,
      converted_type: "MAP",
      logical_type: { type: "MAP" },
      repetition_type: "REQUIRED",
      num_children: 1,
    },
    { name: "key_value", repetition_type: "REPEATED", num_children: 2 },
    key,
    value,
  ];
  return { name, elements };
}

/** Writes one file. */
export interface ParquetFile {
  /**
   * Takes one row: its values in the order of the columns. @param bytes of its long texts, about
   */
  add(row: readonly Value[], bytes: number): void;
  /** Ends the file. @returns its bytes: the same for the same rows */
  finish(): Buffer;
}

/** Begins a file. */
export function createParquetFile(columns: readonly Column[]): ParquetFile {
  const output = createOutput();
  const writer = new ParquetWriter({
    writer: output.writer,
    createdBy: CREATED_BY,
    // Reports take a third of what they do with Snappy, and every engine reads both.
    codec: "GZIP",
    compressors: { GZIP: (bytes) => gzipSync(bytes) },
    schema: [
      { name: "schema", num_children: columns.length },
      ...columns.flatMap(({ elements }) => [...elements]),
    ],
  });
  let data: Value[][] = columns.map(() => []);
  let [rows, bytes] = [0, 0];

  function flush(): void {
    if (rows === 0) return;
    const columnData = columns.map(({ name, encoding }, place) => ({
      name,
      data: data[place] as Value[],
      offsetIndex: false,
      ...(encoding && { encoding }),
    }));
    // It writes into memory and never waits.
    void writer.write({ columnData, rowGroupSize: rows });
    output.flush();
    data = columns.map(() => []);
    [rows, bytes] = [0, 0];
  }

  return {
    add(row, rowBytes) {
      for (const [place, value] of row.entries()) data[place]?.push(value);
      rows++;
      bytes += rowBytes;
      if (rows >= MAX_GROUP_ROWS || bytes >= MAX_GROUP_BYTES) flush();
    },
    finish() {
      flush();
      void writer.finish();
      return output.cut();
    },
  };
}

/** The library's own writer doubles its room again and again; here what is written is set aside. */
function createOutput() {
  const writer = new ByteWriter();
  const chunks: Buffer[] = [];
  const flush = () => {
    chunks.push(Buffer.from(writer.getBytes()));
    writer.index = 0;
  };
  return {
    writer,
    flush,
    cut(): Buffer {
      flush();
      return Buffer.concat(chunks);
    },
  };
}

/** Thrown for bytes that are no such file. */
export class BrokenParquet extends Error {
  override name = "BrokenParquet";
}

/** A row as it is read, by its columns' names: for readText, readBytes, readMap and Number. */
export type ParquetRow = Readonly<Record<string, unknown>>;

/** A file that is read. */
export interface ParquetSource {
  /** Rows of each row group. */
  readonly groups: readonly number[];
  /**
   * Reads some columns of one row group.
   *
   * @param strings what they are read as: `bytes` where most are only passed on
   * @throws BrokenParquet
   */
  readGroup(group: number, columns: readonly string[], strings: "bytes" | "text"): Promise<ParquetRow[]>;
}

const toTime = { timestampFromMilliseconds: (ms: bigint) => Number(ms) };

/**
 * How strings are read. The library makes objects of maps by assignment, which `__proto__` as a key
 * would break, and its own decoder takes a byte order mark away.
 */
const PARSERS = {
  bytes: { ...toTime, stringFromBytes: (bytes: Uint8Array) => bytes },
  text: { ...toTime, stringFromBytes: (bytes: Uint8Array) => `:${toBuffer(bytes).toString("utf8")}` },
};

const DECOMPRESSORS = {
  // Zlib takes no bound of 0.
  GZIP: (bytes: Uint8Array, length: number) => gunzipSync(bytes, { maxOutputLength: Math.max(1, length) }),
};

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The last bytes of a file: the length of what stands before them, and PAR1. */
const TAIL_BYTES = 8;

/** Opens a file. @throws BrokenParquet */
export function openParquet(bytes: Buffer): ParquetSource {
  const file = {
    byteLength: bytes.length,
    slice(start: number, end = bytes.length): ArrayBuffer {
      const { buffer, byteOffset } = bytes;
      return buffer.slice(byteOffset + start, byteOffset + end) as ArrayBuffer;
    },
  };
  const metadata = readMetadata(bytes, file.slice);
  const groups = metadata.row_groups.map(({ num_rows }) => Number(num_rows));

  return {
    groups,
    async readGroup(group, columns, strings) {
      const rowStart = groups.slice(0, group).reduce((sum, count) => sum + count, 0);
      let rows: ParquetRow[] = [];
      try {
        await parquetRead({
          file,
          metadata,
          columns: [...columns],
          rowStart,
          rowEnd: rowStart + (groups[group] ?? 0),
          rowFormat: "object",
          compressors: DECOMPRESSORS,
          parsers: PARSERS[strings],
          onComplete(read) {
            rows = read;
          },
        });
      } catch (error) {
        throw toBroken(error);
      }
      return rows;
    },
  };
}

function readMetadata(bytes: Buffer, slice: (start: number) => ArrayBuffer): FileMetaData {
  if (bytes.length < TAIL_BYTES) throw new BrokenParquet("it is too short");
  const length = bytes.readUInt32LE(bytes.length - TAIL_BYTES);
  if (length > bytes.length - TAIL_BYTES) throw new BrokenParquet("its footer is longer than it is");
  try {
    return parquetMetadata(slice(bytes.length - TAIL_BYTES - length));
  } catch (error) {
    throw toBroken(error);
  }
}

function toBroken(error: unknown): BrokenParquet {
  return new BrokenParquet(error instanceof Error ? error.message : String(error), { cause: error });
}

/** A string that was read as text; null where there is none. */
export function readText(value: unknown): string | null {
  return typeof value === "string" ? value.slice(1) : null;
}

/** A string that was read as bytes. @throws BrokenParquet where there is none */
export function readBytes(value: unknown): Buffer {
  if (!(value instanceof Uint8Array)) throw new BrokenParquet("a string is missing");
  return toBuffer(value);
}

/** A map whose strings were read as text. */
export function readMap(value: unknown): Record<string, string> {
  const entries = Object.entries(value ?? {}) as [string, unknown][];
  return Object.fromEntries(entries.map(([key, text]) => [key.slice(1), readText(text) ?? ""]));
}
