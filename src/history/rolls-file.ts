// The Parquet file of a closed day's reports: the whole roll as the day began, and each report that
// changed, in the order of their entries.
import { parseReportKey } from "../report/key.ts";
import type { InsertionPoint } from "../report/report.ts";
import { createPacker } from "../roll/packer.ts";
import { readBody, readEtag, readKey, type Segment } from "../roll/segment.ts";
import type { HostDescription } from "./change-list.ts";
import {
  BrokenParquet,
  booleanColumn,
  createParquetFile,
  mapColumn,
  openParquet,
  type ParquetFile,
  readBytes,
  stringColumn,
  timeColumn,
} from "./parquet-file.ts";

/** The columns, which never change: SQL that others wrote names them. */
const COLUMNS = [
  timeColumn("at"),
  timeColumn("received_at"),
  booleanColumn("whole"),
  booleanColumn("aside"),
  stringColumn("account"),
  stringColumn("host"),
  stringColumn("instance_name", { isOptional: true }),
  mapColumn("labels"),
  stringColumn("key"),
  stringColumn("etag"),
  stringColumn("report", { isLong: true }),
];

/** One report as it stands in the file. */
export interface RollsRow extends HostDescription {
  readonly segment: Segment;
  readonly row: number;
  /** Instant of the entry that has it; ms since the epoch. */
  readonly at: number;
  readonly receivedAt: number;
  /** Whether its entry has all of the roll; else it came new, or changed. */
  readonly isWhole: boolean;
  /** Whether it did not count: another report stood for its host, say. */
  readonly isAside: boolean;
}

/** A file that is written. */
export interface RollsFile {
  add(row: RollsRow): void;
  readonly finish: ParquetFile["finish"];
}

/** Begins a file. */
export function createRollsFile(): RollsFile {
  const file = createParquetFile(COLUMNS);
  return {
    add({ segment, row, at, receivedAt, isWhole, isAside, instanceName, labels }) {
      const key = readKey(segment, row);
      const { id = "", account = "" } = parseReportKey(key) ?? {};
      const body = readBody(segment, row);
      file.add(
        [
          BigInt(at),
          BigInt(receivedAt),
          isWhole,
          isAside,
          account,
          id,
          instanceName,
          Object.entries(labels),
          key,
          readEtag(segment, row),
          body,
        ],
        body.length,
      );
    },
    finish: file.finish,
  };
}

/** What the file does not hold of a report, and reading it anew would cost. */
export interface ReportMarks {
  /** ms since the epoch. */
  readonly updatedAt: number;
  readonly insertion: InsertionPoint;
}

/** Reads a file's reports in order. */
export interface RollsReader {
  /**
   * Reads the next ones, packed into segments of a few MiB.
   *
   * @param marks of each
   * @throws BrokenParquet where there are not so many
   */
  take(marks: readonly ReportMarks[]): Promise<Segment[]>;
}

/** Opens a file. @throws BrokenParquet */
export function openRollsFile(bytes: Buffer): RollsReader {
  const file = openParquet(bytes);
  let group = 0;
  let rows: Awaited<ReturnType<typeof file.readGroup>> = [];
  let at = 0;
  return {
    async take(marks) {
      const packer = createPacker(0);
      for (const { updatedAt, insertion } of marks) {
        while (at >= rows.length) {
          if (group >= file.groups.length) throw new BrokenParquet("reports are missing");
          rows = await file.readGroup(group++, ["key", "etag", "report"], "bytes");
          at = 0;
        }
        const row = rows[at++] as (typeof rows)[number];
        const key = readBytes(row.key).toString("latin1");
        const etag = readBytes(row.etag).toString("latin1");
        packer.add(key, etag, { id: "", body: readBytes(row.report), updatedAt, insertion });
      }
      return packer.segments();
    },
  };
}
