// rollcall list: the roll on the command line. A table on a terminal, the API's own bytes in a pipe.
import { Writable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import type { STATES } from "../answers/query.ts";
import { sanitize } from "./cell.ts";
import { UsageError } from "./failure.ts";
import { layOutHosts, type Row } from "./host-table.ts";
import type { Io } from "./io.ts";
import { runJq } from "./jq.ts";
import { type Flags, readSettings } from "./settings.ts";
import { openSource, type ReportAnswer, type ReportSource } from "./source.ts";
import { dimHeadings } from "./table.ts";
import { findTarget } from "./target.ts";

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
  if (options.watch === undefined) return show(source, parameters, form, options, io);
  await watch(source, parameters, form, { ...options, watch: options.watch }, io);
}

function chooseForm({ json, ndjson, table, jq, watch: seconds }: ListOptions, io: Io): Form {
  const chosen = [json && "--json", ndjson && "--ndjson", table && "--table", jq !== undefined && "--jq"].filter(Boolean);
  if (chosen.length > 1) throw new UsageError(`${chosen.join(" and ")} exclude each other`);
  const form = json ? "json" : ndjson ? "ndjson" : jq === undefined ? (table || io.stdout.isTerminal ? "table" : "json") : "jq";
  if (seconds !== undefined && form === "json")
    throw new UsageError("--watch makes no JSON array; use --ndjson, --jq or --table with it");
  return form;
}

function readParameters(filters: readonly string[], { state, fields, meta, partial }: ListOptions, form: Form): Parameters {
  const parameters = filters.map((filter): [string, string] => {
    const at = filter.indexOf("=");
    if (at < 1)
      throw new UsageError(`${JSON.stringify(filter)} is no filter; write FIELD=VALUE, such as instance_life_cycle=spot`);
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

async function show(source: ReportSource, parameters: Parameters, form: Form, options: ListOptions, io: Io): Promise<void> {
  const answer = await source.ask(parameters, form === "ndjson" ? "ndjson" : "json");
  if (form === "json" || form === "ndjson") {
    for await (const chunk of answer.body) await io.stdout.write(chunk);
  } else if (form === "jq") {
    await io.stdout.write(await runJq(await readBody(answer), options.jq ?? "."));
  } else {
    const rows = JSON.parse((await readBody(answer)).toString("utf8")) as Row[];
    if (rows.length > 0) await io.stdout.write(`${layOut(rows, answer, options, io)}\n`);
  }
  await io.stderr.write(
    form === "table"
      ? `${summarize(answer, options)}\n`
      : answer.warnings.map((warning) => `warning: ${sanitize(warning)}\n`).join(""),
  );
}

function layOut(rows: readonly Row[], { asOf }: ReportAnswer, { fields }: ListOptions, io: Io): string {
  const names = fields?.split(",").map((name) => name.trim());
  return dimHeadings(layOutHosts(rows, { fields: names, columns: io.stdout.columns, asOf: Date.parse(asOf) }), io);
}

/** One line of what the table does not show. */
function summarize({ asOf, count, silent, problems, warnings }: ReportAnswer, { state = "fresh" }: ListOptions): string {
  const time = new Date(asOf).toTimeString().slice(0, 8);
  const hosts = state === "fresh" ? `${count} fresh` : `${count} shown`;
  const lines = [
    `${hosts}, ${silent} silent, ${problems} set aside · as of ${time}`,
    ...warnings.map((warning) => `warning: ${sanitize(warning)}`),
  ];
  if (count === 0 && warnings.length === 0)
    lines.push(silent > 0 ? "no host matches; --state all shows silent ones too" : "no host matches");
  return lines.join("\n");
}

async function readBody({ body }: ReportAnswer): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function watch(
  source: ReportSource,
  parameters: Parameters,
  form: Form,
  options: ListOptions & { watch: number },
  io: Io,
): Promise<void> {
  const screen = form === "table" && io.stdout.isTerminal ? await openScreen(io) : undefined;
  while (!io.signal.aborted) {
    if (screen) screen.draw(await renderScreen(source, parameters, options, io));
    else await show(source, parameters, form, options, io);
    // Ends early, and quietly, on Ctrl-C.
    await wait(options.watch * 1000, undefined, { signal: io.signal }).catch(() => undefined);
  }
  screen?.close();
}

/** What fits the terminal: the table's first rows, how many more there are, the summary. A failure is shown and tried again. */
async function renderScreen(source: ReportSource, parameters: Parameters, options: ListOptions, io: Io): Promise<string> {
  try {
    const answer = await source.ask(parameters, "json");
    const rows = JSON.parse((await readBody(answer)).toString("utf8")) as Row[];
    const summary = summarize(answer, options);
    const room = Math.max(1, (io.stdout.rows ?? 24) - summary.split("\n").length - 3);
    const lines = rows.length > 0 ? layOut(rows, answer, options, io).split("\n") : [];
    const shown = lines.slice(0, room + 1);
    if (lines.length > shown.length) shown.push(`… and ${lines.length - shown.length} more`);
    return [...shown, summary].join("\n");
  } catch (error) {
    if (io.signal.aborted) return "";
    return `${error instanceof Error ? error.message : String(error)} (trying again)`;
  }
}

async function openScreen({ stdout }: Io): Promise<{ draw: (text: string) => void; close: () => void }> {
  const { createLogUpdate } = await import("log-update");
  const stream = new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => void stdout.write(text).then(() => done(), done),
  });
  const logUpdate = createLogUpdate(
    Object.defineProperties(stream, {
      isTTY: { value: true },
      columns: { get: () => stdout.columns },
      rows: { get: () => stdout.rows },
    }),
  );
  return { draw: (text) => logUpdate(text), close: () => logUpdate.done() };
}
