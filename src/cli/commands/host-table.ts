// The table of hosts that `rollcall list` shows on a terminal.
import type { ReaderFacts } from "../../questions/array.ts";
import { parseFieldPath } from "../../questions/path.ts";
import { type JsonSpan, toKeySteps, walkChildren, walkField } from "../../report/json-walk.ts";
import { sanitizeLine } from "../../report/safe-text.ts";
import { formatSpan } from "../../report/span-text.ts";
import { formatJson } from "../terminal/cell.ts";
import { type FittedTable, fitTable } from "../terminal/table.ts";

/**
 * A report as it lies in an answer, so that its numbers keep the digits that the host wrote: 1.10
 * is not 1.1.
 */
export interface Row {
  readonly answer: Buffer;
  readonly span: JsonSpan;
  readonly members: ReadonlyMap<string, JsonSpan>;
  readonly facts: ReaderFacts;
}

/** Reads an answer's rows. @throws SyntaxError if it is not JSON */
export function readRows(answer: Buffer): Row[] {
  // The walk takes the bytes for JSON that somebody has checked.
  const parsed = JSON.parse(answer.toString("utf8")) as ReadonlyArray<{
    readonly rollcall: { readonly reader: ReaderFacts };
  }>;
  const spans: JsonSpan[] = [];
  walkChildren(answer, answer.indexOf("["), (_, span) => void spans.push(span));
  return spans.map((span, at) => {
    const members = new Map<string, JsonSpan>();
    walkChildren(answer, span.start, (key = "", member) => void members.set(key, member));
    return { answer, span, members, facts: parsed[at]?.rollcall.reader as ReaderFacts };
  });
}

interface Column {
  readonly heading: string;
  format(row: Row): string;
}

const OPEN_BRACE = 0x7b;

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
    .filter((field) => rows.some(({ members }) => members.has(field)))
    .map(makeFieldColumn);
  chosen.push({ heading: "AGE", format: ({ facts }) => formatSpan(asOf - Date.parse(facts.received_at)) });
  if (rows.some(({ facts }) => facts.state === "silent"))
    chosen.push({ heading: "STATE", format: ({ facts }) => facts.state });
  if (rows.some((row) => isSkewed(row))) chosen.push({ heading: "CLOCK", format: formatSkew });
  const others = new Set(
    rows.flatMap(({ members }) => [...members.keys()]).filter((field) => !OWN_COLUMNS.includes(field)),
  );
  for (const field of others)
    chosen.push({ heading: toHeading(field), format: (row) => formatBriefly(row, field) });
  return chosen;
}

/** The value at a path; through an array, the values at the rest of the path of each element. */
function makeFieldColumn(field: string): Column {
  const steps = toKeySteps(parseFieldPath(field) ?? []);
  return {
    heading: HEADINGS[field] ?? toHeading(field),
    format({ answer, span }) {
      const cells: string[] = [];
      walkField(
        answer,
        span.start,
        steps,
        (start, end) => void cells.push(formatJson(answer, { start, end })),
      );
      return cells.join(",");
    },
  };
}

/** Arrays and objects as how many things they hold. */
function formatBriefly({ answer, members }: Row, field: string): string {
  const span = members.get(field);
  if (!span) return "";
  let count = 0;
  if (!walkChildren(answer, span.start, () => void count++)) return formatJson(answer, span);
  return answer[span.start] === OPEN_BRACE ? `{${count}}` : String(count);
}

function isSkewed({ facts }: Row): boolean {
  return Math.abs(facts.clock_skew_seconds) * 1000 > NOTABLE_SKEW_MS;
}

function formatSkew(row: Row): string {
  const { clock_skew_seconds } = row.facts;
  return isSkewed(row)
    ? `${clock_skew_seconds > 0 ? "+" : "-"}${formatSpan(Math.abs(clock_skew_seconds) * 1000)}`
    : "";
}

function toHeading(field: string): string {
  return sanitizeLine(field).replaceAll("_", " ").toUpperCase();
}
