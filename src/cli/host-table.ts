// The table of hosts that `rollcall list` shows on a terminal.
import type { ReaderFacts } from "../answers/array.ts";
import { type FieldPath, parseFieldPath } from "../answers/path.ts";
import { formatSpan, formatValue } from "./cell.ts";
import { type FittedTable, fitTable } from "./table.ts";

/** A report as it was parsed for the table, with the reader's facts. */
export type Row = Readonly<Record<string, unknown>> & { readonly rollcall: { readonly reader: ReaderFacts } };

interface Column {
  readonly heading: string;
  format(row: Row): string;
}

/** A clock that is off by less is nobody's trouble. */
const NOTABLE_SKEW_MS = 5 * 60_000;

/** Fields that have a column of their own, or say in a table what another column says better. */
const OWN_COLUMNS = [
  "instance_id",
  "instance_name",
  "instance_type",
  "instance_life_cycle",
  "update_date",
  "os_start_date",
  "rollcall",
];

const HEADINGS: Readonly<Record<string, string>> = {
  instance_id: "INSTANCE ID",
  instance_name: "NAME",
  instance_type: "TYPE",
  instance_life_cycle: "LIFE CYCLE",
};

export interface HostTableOptions {
  /** Fields that were asked for; undefined chooses columns by what the reports hold. */
  readonly fields: readonly string[] | undefined;
  readonly columns: number | undefined;
  /** By which ages are reckoned; ms since the epoch. */
  readonly asOf: number;
}

/** Lays out the table. */
export function layOutHosts(rows: readonly Row[], { fields, columns, asOf }: HostTableOptions): FittedTable {
  const chosen = fields ? fields.map(makeFieldColumn) : chooseColumns(rows, asOf);
  return fitTable(
    chosen.map(({ heading }) => heading),
    rows.map((row) => chosen.map(({ format }) => format(row))),
    columns,
  );
}

function chooseColumns(rows: readonly Row[], asOf: number): Column[] {
  const chosen: Column[] = Object.keys(HEADINGS)
    .filter((field) => rows.some((row) => row[field] !== undefined))
    .map(makeFieldColumn);
  chosen.push({ heading: "AGE", format: ({ rollcall }) => formatSpan(asOf - Date.parse(rollcall.reader.received_at)) });
  if (rows.some(({ rollcall }) => rollcall.reader.state === "silent"))
    chosen.push({ heading: "STATE", format: ({ rollcall }) => rollcall.reader.state });
  if (rows.some((row) => isSkewed(row))) chosen.push({ heading: "CLOCK", format: formatSkew });
  const others = new Set(rows.flatMap((row) => Object.keys(row)).filter((field) => !OWN_COLUMNS.includes(field)));
  for (const field of others) chosen.push({ heading: toHeading(field), format: (row) => formatBriefly(row[field]) });
  return chosen;
}

function makeFieldColumn(field: string): Column {
  const path = parseFieldPath(field) ?? [];
  return { heading: HEADINGS[field] ?? toHeading(field), format: (row) => formatValue(follow(row, path)) };
}

/** The value at a path; through an array, the values at the rest of the path of each element. */
function follow(value: unknown, path: FieldPath): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(value)) return value.map((element) => follow(element, path)).filter((found) => found !== undefined);
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
  return follow((value as Record<string, unknown>)[step], rest);
}

/** Arrays and objects as how many things they hold. */
function formatBriefly(value: unknown): string {
  if (Array.isArray(value)) return String(value.length);
  return typeof value === "object" && value !== null ? `{${Object.keys(value).length}}` : formatValue(value);
}

function isSkewed({ rollcall }: Row): boolean {
  return Math.abs(rollcall.reader.clock_skew_seconds) * 1000 > NOTABLE_SKEW_MS;
}

function formatSkew(row: Row): string {
  const { clock_skew_seconds } = row.rollcall.reader;
  return isSkewed(row) ? `${clock_skew_seconds > 0 ? "+" : "-"}${formatSpan(Math.abs(clock_skew_seconds) * 1000)}` : "";
}

function toHeading(field: string): string {
  return formatValue(field).replaceAll("_", " ").toUpperCase();
}
