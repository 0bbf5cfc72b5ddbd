// The Parquet file of a closed day's changes: one row a change, in the order of their entries.
import { CHANGE_KINDS, type Change, type ChangeKind } from "./change.ts";
import {
  BrokenParquet,
  booleanColumn,
  createParquetFile,
  mapColumn,
  numberColumn,
  openParquet,
  type ParquetFile,
  type ParquetRow,
  readMap,
  readText,
  stringColumn,
  timeColumn,
} from "./parquet-file.ts";

/**
 * The columns, which never change: SQL that others wrote names them. The last three are what
 * Rollcall needs beside them.
 */
const COLUMNS = [
  timeColumn("at"),
  timeColumn("received_at"),
  stringColumn("account"),
  stringColumn("host"),
  stringColumn("instance_name", { isOptional: true }),
  mapColumn("labels"),
  stringColumn("kind"),
  stringColumn("field"),
  stringColumn("before", { isOptional: true }),
  stringColumn("after", { isOptional: true }),
  stringColumn("key"),
  numberColumn("entry"),
  booleanColumn("cut"),
];

/** Begins a file. */
export function createChangesFile(): { add(change: Change): void; finish: ParquetFile["finish"] } {
  const file = createParquetFile(COLUMNS);
  return {
    add(change) {
      const { field, before, after } = change;
      file.add(
        [
          BigInt(change.at),
          BigInt(change.receivedAt),
          change.account,
          change.host,
          change.instanceName,
          Object.entries(change.labels),
          change.kind,
          field,
          before,
          after,
          change.key,
          BigInt(change.entry),
          change.cut === true,
        ],
        field.length + (before?.length ?? 0) + (after?.length ?? 0),
      );
    },
    finish: file.finish,
  };
}

/** Reads a file, a row group at a time. @throws BrokenParquet */
export async function* readChangesFile(bytes: Buffer): AsyncGenerator<readonly Change[]> {
  const file = openParquet(bytes);
  const names = COLUMNS.map(({ name }) => name);
  for (const group of file.groups.keys()) yield (await file.readGroup(group, names, "text")).map(toChange);
}

function toChange(row: ParquetRow): Change {
  const kind = readText(row.kind);
  if (!isKind(kind)) throw new BrokenParquet(`no kind of change is called ${JSON.stringify(kind)}`);
  return {
    entry: Number(row.entry),
    at: Number(row.at),
    receivedAt: Number(row.received_at),
    account: readText(row.account) ?? "",
    host: readText(row.host) ?? "",
    key: readText(row.key) ?? "",
    instanceName: readText(row.instance_name),
    labels: readMap(row.labels),
    kind,
    field: readText(row.field) ?? "",
    before: readText(row.before),
    after: readText(row.after),
    ...(row.cut === true && { cut: true as const }),
  };
}

function isKind(kind: string | null): kind is ChangeKind {
  return CHANGE_KINDS.some((known) => known === kind);
}
