// `rollcall list`: a line a host, with the fields that hold versions.

import { parseName } from "../../grammar/condition.ts";
import { discoverFieldsOf } from "../../questions/discovery.ts";
import { OPEN_BRACE } from "../../report/ascii.ts";
import { toKeySteps, walkChildren, walkField } from "../../report/json-walk.ts";
import { splitList } from "../../report/list-text.ts";
import { formatSpan } from "../../report/span-text.ts";
import { formatJson } from "../terminal/cell.ts";
import type { Column } from "../terminal/tables.ts";
import type { Layout, LayoutTools } from "./layout.ts";
import { type ReportRow, readReportRows } from "./report-rows.ts";

interface HostColumn extends Column {
  format(row: ReportRow): string;
}

/** A clock that is off by less is not shown. */
const NOTABLE_SKEW_MS = 5 * 60_000;

/** Fields that say in a table what another column says better. */
const LEFT_OUT = ["update_date", "os_start_date", "rollcall"];

/** Who a host is, and what it is; other fields stand between and behind them. */
const IDENTITY = ["instance_id", "instance_name"];
const KIND = ["instance_type", "instance_life_cycle"];

const HEADINGS: Readonly<Record<string, string>> = {
  instance_id: "INSTANCE ID",
  instance_name: "NAME",
  instance_type: "TYPE",
  instance_life_cycle: "LIFE CYCLE",
};

export const reports: Layout = {
  examples: [
    "rollcall list",
    "rollcall list instance_life_cycle=spot 'instance_name=prod_*'",
    "rollcall list 'processes.module_A_filename=A_red_*' --watch",
    "rollcall list --fields instance_name,processes.module_A_filename",
    "rollcall list state=silent",
    "rollcall list --output csv --excel > hosts.csv",
    "rollcall list --jq '.[] | [.instance_name, .app_version] | @tsv'",
    "rollcall list --server https://rollcall.example.com > roll.json",
  ],
  tableParameters: [["meta", "true"]],
  layOut({ json, facts, parameters }, tools) {
    const rows = readReportRows(json);
    const [fields, state = "fresh"] = ["fields", "state"].map((name) => findValue(parameters, name));
    const columns = fields
      ? splitList(fields).map((name) => makeFieldColumn(name, tools))
      : chooseColumns(rows, facts.asOf, tools);
    const { count = rows.length, silent = 0, problems = 0 } = facts;
    return {
      tables: [{ columns, lines: rows.map((row) => ({ cells: columns.map(({ format }) => format(row)) })) }],
      summary: `${count} ${state === "fresh" ? "fresh" : "shown"}, ${silent} silent, ${problems} set aside`,
      notes:
        count === 0
          ? [silent > 0 ? "no host matches; --state all shows silent ones too" : "no host matches"]
          : [],
      ...(fields === undefined && { remedy: "--fields NAMES chooses, and --json has all" }),
    };
  },
};

function findValue(parameters: readonly (readonly [string, string])[], name: string): string | undefined {
  return parameters.find(([given]) => given === name)?.[1];
}

/** Reports that are looked at for fields that hold versions. */
const SAMPLE = 200;

function chooseColumns(rows: readonly ReportRow[], asOf: number, tools: LayoutTools): HostColumn[] {
  const has = (field: string) => rows.some(({ members }) => members.has(field));
  const step = Math.max(1, Math.floor(rows.length / SAMPLE));
  const sample = rows.filter((_, at) => at % step === 0);
  const versions = discoverFieldsOf(sample.map(({ answer, span }) => answer.subarray(span.start, span.end)));
  const chosen = IDENTITY.filter(has).map((field) => makeFieldColumn(field, tools));
  chosen.push({
    heading: "AGE",
    whole: "all",
    format: ({ facts }) => formatSpan(asOf - Date.parse(facts.received_at)),
  });
  if (rows.some(({ facts }) => facts.state === "silent"))
    chosen.push({ heading: "STATE", whole: "all", format: ({ facts }) => facts.state });
  chosen.push(
    ...shortenHeadings(versions).map(([field, heading]) => ({ ...makeFieldColumn(field, tools), heading })),
  );
  // Behind the versions, which are what is asked for: a narrow terminal may have no room for all.
  if (rows.some((row) => isSkewed(row))) chosen.push({ heading: "CLOCK", whole: "all", format: formatSkew });
  chosen.push(...KIND.filter(has).map((field) => makeFieldColumn(field, tools)));
  const shown = new Set([...IDENTITY, ...KIND, ...LEFT_OUT, ...versions]);
  const others = new Set(
    rows.flatMap(({ members }) => [...members.keys()]).filter((field) => !shown.has(field)),
  );
  for (const field of others)
    chosen.push({ heading: toHeading(field), name: field, format: (row) => formatBriefly(row, field) });
  return chosen;
}

/** Of a path its last part, where no other field is called so. */
function shortenHeadings(fields: readonly string[]): [field: string, heading: string][] {
  const last = (field: string) => field.slice(field.lastIndexOf(".") + 1);
  return fields.map((field) => {
    const isAlone = fields.filter((other) => last(other) === last(field)).length === 1;
    return [field, toHeading(isAlone ? last(field) : field)];
  });
}

/**
 * The value at a path; through an array, the values at the rest of the path of each element, each
 * once.
 */
function makeFieldColumn(field: string, { formatInstant }: LayoutTools): HostColumn {
  const name = parseName(field);
  // A label stands under its whole name.
  const steps = toKeySteps(name?.scope === "label" ? [name.text] : (name?.path ?? []));
  return {
    heading: HEADINGS[field] ?? toHeading(field),
    name: field,
    whole: IDENTITY.includes(field) ? "all" : "cells",
    format({ answer, span }) {
      const cells = new Set<string>();
      walkField(
        answer,
        span.start,
        steps,
        (start, end) => void cells.add(formatJson(answer, { start, end })),
      );
      const text = [...cells].join(",");
      // Hosts write it in zones of their own.
      return field === "update_date" && !Number.isNaN(Date.parse(text)) ? formatInstant(text) : text;
    },
  };
}

/** Arrays and objects as how many things they hold. */
function formatBriefly({ answer, members }: ReportRow, field: string): string {
  const span = members.get(field);
  if (!span) return "";
  let count = 0;
  if (!walkChildren(answer, span.start, () => void count++)) return formatJson(answer, span);
  return answer[span.start] === OPEN_BRACE ? `{${count}}` : String(count);
}

function isSkewed({ facts }: ReportRow): boolean {
  return Math.abs(facts.clock_skew_seconds) * 1000 > NOTABLE_SKEW_MS;
}

function formatSkew(row: ReportRow): string {
  const { clock_skew_seconds } = row.facts;
  return isSkewed(row)
    ? `${clock_skew_seconds > 0 ? "+" : "-"}${formatSpan(Math.abs(clock_skew_seconds) * 1000)}`
    : "";
}

function toHeading(field: string): string {
  return field.replaceAll("_", " ").toUpperCase();
}
