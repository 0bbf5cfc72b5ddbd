// rollcall versions: which version of each module runs on how many hosts. A matrix on a terminal,
// the API's own bytes in a pipe.
import type { STATES } from "../../questions/query.ts";
import type { VersionCount } from "../../questions/versions.ts";
import { sanitizeLine } from "../../report/safe-text.ts";
import { UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { type Flags, readSettings } from "../settings/settings.ts";
import { type ScreenContent, watchContent, writeContent } from "../terminal/screen.ts";
import { describeHidden, fitTable, styleTable } from "../terminal/table.ts";
import { style } from "../terminal/terminal-text.ts";
import { openQuestioner, type Questioner } from "./question.ts";

export interface VersionsOptions extends Flags {
  readonly by?: string;
  readonly hosts?: boolean;
  readonly behind?: boolean;
  readonly partial?: boolean;
  readonly filterState?: (typeof STATES)[number];
  readonly json?: boolean;
  readonly table?: boolean;
  /** Seconds between two looks. */
  readonly watch?: number;
}

const PARAMETERS: readonly string[] = [
  "field",
  "by",
  "hosts",
  "within",
  "state",
  "fields",
  "meta",
  "partial",
];

type Parameters = ReadonlyArray<readonly [string, string]>;

/** Answers once, or again and again with --watch. @param words fields, and filters FIELD=VALUE */
export async function runVersions(words: readonly string[], options: VersionsOptions, io: Io): Promise<void> {
  if (options.json && options.table) throw new UsageError("--json and --table exclude each other");
  const isTable = options.table || (io.stdout.isTerminal && !options.json);
  if (options.watch !== undefined && !isTable)
    throw new UsageError("--watch makes a table again and again; use --table with it in a pipe");
  if (options.behind && !isTable)
    throw new UsageError("--behind is for the table; in JSON: jq 'map(select(.behind))'");
  const parameters = readParameters(words, options);
  const questioner = await openQuestioner(await readSettings(options, io), io);
  const look = () => lookAt(questioner, parameters, options, io);
  if (!isTable) await writeAnswer(await questioner.ask("/v1/versions", parameters), io);
  else if (options.watch === undefined) await writeContent(await look(), io);
  else await watchContent(look, options.watch, io);
}

function readParameters(
  words: readonly string[],
  { by, hosts, partial, filterState }: VersionsOptions,
): Parameters {
  const parameters: [string, string][] = [];
  for (const word of words) {
    const at = word.indexOf("=");
    if (at === 0)
      throw new UsageError(
        `${JSON.stringify(word)} is neither a field nor a filter; write FIELD, or FIELD=VALUE`,
      );
    // Here only fields and labels stand, so one that is named like a parameter of the URL is still
    // a field.
    const name = word.slice(0, at);
    parameters.push(
      at < 0 ? ["field", word] : [PARAMETERS.includes(name) ? `.${name}` : name, word.slice(at + 1)],
    );
  }
  if (by !== undefined) parameters.push(["by", by]);
  if (hosts) parameters.push(["hosts", "true"]);
  if (partial) parameters.push(["partial", "ok"]);
  if (filterState) parameters.push(["state", filterState]);
  return parameters;
}

async function writeAnswer(response: Response, { stdout, stderr }: Io): Promise<void> {
  await stdout.write(Buffer.from(await response.arrayBuffer()));
  await stderr.write(
    readWarnings(response)
      .map((warning) => `${warning}\n`)
      .join(""),
  );
}

async function lookAt(
  questioner: Questioner,
  parameters: Parameters,
  options: VersionsOptions,
  io: Io,
): Promise<ScreenContent> {
  const response = await questioner.ask("/v1/versions", parameters);
  const { headers } = response;
  const values = (await response.json()) as VersionCount[];
  const hosts = Number(headers.get("rollcall-count"));
  const silent = Number(headers.get("rollcall-silent"));
  const { lines, hidden } = layOutFields(values, hosts, options, io);
  const notes = [
    ...describeHidden(hidden),
    `${hosts} ` +
      `hosts${silent > 0 ? `; ${silent} more are silent: rollcall coverage` : ""}; as ` +
      `of ${headers.get("rollcall-as-of")}`,
    ...(values.length === 0
      ? ["nothing to count: no report has a field that holds versions; name one, such as app_version"]
      : []),
    ...readWarnings(response),
  ];
  return { lines, notes };
}

function readWarnings({ headers }: Response): string[] {
  return [headers.get("rollcall-partial"), headers.get("rollcall-warning")]
    .filter((text) => text !== null)
    .map((text) => `warning: ${sanitizeLine(text)}`);
}

interface Layout {
  readonly lines: readonly string[];
  /** Headings of columns for which there is no room. */
  readonly hidden: readonly string[];
}

type LayoutOptions = Pick<VersionsOptions, "hosts" | "behind">;

/** A table for each field, under its name where there are several. */
function layOutFields(
  values: readonly VersionCount[],
  hosts: number,
  options: LayoutOptions,
  io: Io,
): Layout {
  const fields = [...new Set(values.map(({ field }) => field))];
  const tables = fields.map((field, at) => {
    const own = values.filter((value) => value.field === field);
    const { lines, hidden } = layOutValues(own, hosts, options, io);
    const heading = [...(at > 0 ? [""] : []), emphasize(sanitizeLine(field), io)];
    return { lines: fields.length > 1 ? [...heading, ...lines] : lines, hidden };
  });
  return {
    lines: tables.flatMap(({ lines }) => lines),
    hidden: [...new Set(tables.flatMap(({ hidden }) => hidden))],
  };
}

function layOutValues(all: readonly VersionCount[], hosts: number, options: LayoutOptions, io: Io): Layout {
  const values = options.behind ? all.filter(({ behind }) => behind) : all;
  const groups = listGroups(values);
  const isAnyBehind = values.some(({ behind }) => behind);
  const headings = [
    "VALUE",
    "HOSTS",
    "SHARE",
    ...(isAnyBehind ? ["BEHIND"] : []),
    ...groups.map((group) => sanitizeLine(group) || "(none)"),
  ];
  const rows = values.map((value) => [
    value.value === null ? "(no value)" : sanitizeLine(value.value),
    String(value.count),
    formatShare(value.count, hosts),
    ...(isAnyBehind ? [sanitizeLine(value.newest ?? "")] : []),
    ...groups.map((group) => String(value.by?.[group] ?? "")),
  ]);
  const numeric = headings.map(
    (_, column) => column === 1 || column === 2 || column > 2 + Number(isAnyBehind),
  );
  const { columns } = io.stdout;
  const { text, hidden } = fitTable(...alignRight(headings, rows, numeric), columns);
  const [head = "", ...lines] = styleTable(text, io).split("\n");
  const body = values.flatMap((value, at) => {
    const line = lines[at] ?? "";
    return [
      value.behind ? warn(line, io) : line,
      ...(options.hosts ? wrapIds(value.hosts ?? [], columns) : []),
    ];
  });
  return { lines: [head, ...body], hidden };
}

const INDENT = "    ";

/** Ids below their value, as many on a line as fit. */
function wrapIds(ids: readonly string[], columns = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = [];
  let line = "";
  for (const id of ids.map(sanitizeLine)) {
    if (line !== "" && INDENT.length + line.length + 1 + id.length > columns) {
      lines.push(INDENT + line);
      line = "";
    }
    line += line === "" ? id : ` ${id}`;
  }
  return line === "" ? lines : [...lines, INDENT + line];
}

/** The groups of all values, those of most hosts first where they do not all fit. */
function listGroups(values: readonly VersionCount[]): string[] {
  const sizes = new Map<string, number>();
  for (const { by } of values)
    for (const [group, count] of Object.entries(by ?? {})) sizes.set(group, (sizes.get(group) ?? 0) + count);
  return [...sizes].sort((a, b) => b[1] - a[1]).map(([group]) => group);
}

/** Numbers stand with their ends below each other. */
function alignRight(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  numeric: readonly boolean[],
): [readonly string[], readonly (readonly string[])[]] {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const pad = (row: readonly string[]) =>
    row.map((cell, column) => (numeric[column] ? cell.padStart(widths[column] ?? 0) : cell));
  return [pad(headings), rows.map(pad)];
}

/** Whole percents, and what is less than half of one as such. */
function formatShare(count: number, hosts: number): string {
  const percent = (count / hosts) * 100;
  if (percent > 0 && percent < 0.5) return "<1%";
  return percent < 100 && percent >= 99.5 ? ">99%" : `${Math.round(percent)}%`;
}

const warn = (line: string, io: Io) => style("yellow", line, io);
const emphasize = (text: string, io: Io) => style("bold", text, io);
