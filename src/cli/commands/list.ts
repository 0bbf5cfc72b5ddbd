// rollcall list: the roll on the command line. A table on a terminal, the API's own bytes in a
// pipe.

import type { STATES } from "../../questions/query.ts";
import { splitList } from "../../report/list-text.ts";
import { sanitizeLine } from "../../report/safe-text.ts";
import { UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { runJq } from "../program/jq.ts";
import { type Flags, readSettings } from "../settings/settings.ts";
import { findTarget } from "../settings/target.ts";
import { repeat, type ScreenContent, watchContent, writeContent } from "../terminal/screen.ts";
import { describeHidden, styleTable } from "../terminal/table.ts";
import { layOutHosts, readRows } from "./host-table.ts";
import { openSource, type ReportAnswer, type ReportSource } from "./source.ts";

export interface ListOptions extends Flags {
  readonly state?: (typeof STATES)[number];
  readonly fields?: string;
  readonly meta?: boolean;
  readonly partial?: boolean;
  readonly json?: boolean;
  readonly ndjson?: boolean;
  readonly table?: boolean;
  readonly jq?: string;
  /** Seconds between two looks. */
  readonly watch?: number;
}

type Parameters = ReadonlyArray<readonly [string, string]>;
type Form = "json" | "ndjson" | "table" | "jq";

/** Answers once, or again and again with --watch, until the signal aborts. */
export async function runList(filters: readonly string[], options: ListOptions, io: Io): Promise<void> {
  const form = chooseForm(options, io);
  const parameters = readParameters(filters, options, form);
  const settings = await readSettings(options, io);
  const source = await openSource(await findTarget(settings, io), settings, io);
  const look = () => lookAt(source, parameters, options, io);
  const write = async () =>
    form === "table"
      ? await writeContent(await look(), io)
      : await writeAnswer(source, parameters, form, options, io);
  if (options.watch === undefined) await write();
  else if (form === "table") await watchContent(look, options.watch, io);
  else await repeat(write, options.watch, io);
}

function chooseForm({ json, ndjson, table, jq, watch: seconds }: ListOptions, io: Io): Form {
  const chosen = [
    json && "--json",
    ndjson && "--ndjson",
    table && "--table",
    jq !== undefined && "--jq",
  ].filter(Boolean);
  if (chosen.length > 1) throw new UsageError(`${chosen.join(" and ")} exclude each other`);
  const form = json
    ? "json"
    : ndjson
      ? "ndjson"
      : jq === undefined
        ? table || io.stdout.isTerminal
          ? "table"
          : "json"
        : "jq";
  if (seconds !== undefined && form === "json")
    throw new UsageError("--watch makes no JSON array; use --ndjson, --jq or --table with it");
  return form;
}

function readParameters(
  filters: readonly string[],
  { state, fields, meta, partial }: ListOptions,
  form: Form,
): Parameters {
  const parameters = filters.map((filter): [string, string] => {
    const at = filter.indexOf("=");
    if (at < 1)
      throw new UsageError(
        `${JSON.stringify(filter)} is no filter; write FIELD=VALUE, such as instance_life_cycle=spot`,
      );
    const field = filter.slice(0, at);
    // Here only fields stand, so one that is named like a parameter of the URL is still a field.
    return [field.startsWith(".") ? field : `.${field}`, filter.slice(at + 1)];
  });
  if (state) parameters.push(["state", state]);
  if (fields !== undefined) parameters.push(["fields", fields]);
  if (meta || form === "table") parameters.push(["meta", "true"]);
  if (partial) parameters.push(["partial", "ok"]);
  return parameters;
}

async function writeAnswer(
  source: ReportSource,
  parameters: Parameters,
  form: Exclude<Form, "table">,
  options: ListOptions,
  io: Io,
): Promise<void> {
  const answer = await source.ask(parameters, form === "ndjson" ? "ndjson" : "json");
  if (form === "jq") await writeThroughJq(await readBody(answer), options.jq ?? ".", io);
  else for await (const chunk of answer.body) await io.stdout.write(chunk);
  await io.stderr.write(answer.warnings.map((warning) => `warning: ${sanitizeLine(warning)}\n`).join(""));
}

async function writeThroughJq(json: Buffer, program: string, io: Io): Promise<void> {
  const said = await runJq(json, program, { write: (bytes) => io.stdout.write(bytes), signal: io.signal });
  if (said !== "") await io.stderr.write(said);
}

async function lookAt(
  source: ReportSource,
  parameters: Parameters,
  options: ListOptions,
  io: Io,
): Promise<ScreenContent> {
  const answer = await source.ask(parameters, "json");
  const rows = readRows(await readBody(answer));
  const notes = summarize(answer, options);
  if (rows.length === 0) return { lines: [], notes };
  const fields = options.fields === undefined ? undefined : splitList(options.fields);
  const table = layOutHosts(rows, { fields, columns: io.stdout.columns, asOf: Date.parse(answer.asOf) });
  // Without --fields the columns are ours to choose, as many as fit.
  const hidden = fields ? describeHidden(table.hidden) : [];
  return { lines: styleTable(table.text, io).split("\n"), notes: [...hidden, ...notes] };
}

/** Lines of what the table does not show. */
function summarize(
  { asOf, count, silent, problems, warnings }: ReportAnswer,
  { state = "fresh" }: ListOptions,
): string[] {
  const time = new Date(asOf).toTimeString().slice(0, 8);
  const hosts = state === "fresh" ? `${count} fresh` : `${count} shown`;
  const lines = [
    `${hosts}, ${silent} silent, ${problems} set aside · as of ${time}`,
    ...warnings.map((warning) => `warning: ${sanitizeLine(warning)}`),
  ];
  if (count === 0 && warnings.length === 0)
    lines.push(silent > 0 ? "no host matches; --state all shows silent ones too" : "no host matches");
  return lines;
}

async function readBody({ body }: ReportAnswer): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
