// The asker of the command line: every command that is a question. It asks a server or a store, and
// writes the answer as the flags say; a layout makes the table.
import { Option } from "commander";
import { readPreferences } from "../../questions/asker.ts";
import type { Facts } from "../../questions/facts.ts";
import { compileLabels } from "../../questions/labels.ts";
import { QueryError } from "../../questions/query.ts";
import type { ParameterValues, Question } from "../../questions/question.ts";
import { reports } from "../../questions/reports-question.ts";
import { sanitizeLine } from "../../report/safe-text.ts";
import type { AskedAnswer, Layout } from "../layouts/layout.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { runJq } from "../program/jq.ts";
import { pickSettings } from "../settings/question-settings.ts";
import type { Flags } from "../settings/setting-list.ts";
import { readSettings, type Settings } from "../settings/settings.ts";
import { LOCAL, UTC, type Zone } from "../terminal/instant.ts";
import {
  followContent,
  repeatOnScreen,
  type ScreenContent,
  watchContent,
  writeContent,
} from "../terminal/screen.ts";
import { renderPrintout } from "../terminal/tables.ts";
import { type AnswerSource, openAnswerSource, type SourceAnswer } from "./answer-source.ts";
import { compareAnswers, findExpected, gather } from "./expectation.ts";
import { chooseOutput, type FormFlags, type Output } from "./output-form.ts";
import { readWords } from "./question-words.ts";
import type { SeparatedOptions } from "./separated-values.ts";
import { readTypedTimes } from "./typed-times.ts";

export interface AskOptions extends Flags, FormFlags {
  readonly utc?: boolean;
  /** Whether the answer itself may be a failure (Layout.judge). */
  readonly exitCode?: boolean;
}

/** Answers once, or again and again with --watch, until the signal aborts. */
export async function runQuestion(
  question: Question,
  layout: Layout,
  words: readonly string[],
  options: AskOptions,
  io: Io,
): Promise<void> {
  const flags: Readonly<Record<string, unknown>> = { ...options };
  const zone = options.utc ? UTC : LOCAL;
  const typed = readTypedTimes(question, readWords(question, layout, words, flags), io.clock(), zone);
  const preferences = readPreferencesOf(question, typed.parameters);
  const { at } = preferences;
  const output = chooseOutput(options, preferences.format, io.stdout.isTerminal);
  refuseTogether(layout, flags, output, { at, isWatched: options.watch !== undefined });
  const settings = await readSettings(pickSettings(options), io);
  const opened = await openSource(layout, flags, preferences.partial, settings, io);
  const { source, lastJson } =
    options.exitCode && layout.judge
      ? keepJson(opened, question)
      : { source: opened, lastJson: () => undefined };
  let parameters: ParameterValues = [...preferences.parameters, ...formatAt(at)];
  // With a cursor the next look is of what is new alone.
  const follows = options.watch !== undefined && question.answer.facts.includes("Rollcall-Cursor");
  const onFacts = ({ cursor }: Facts) => {
    if (follows && cursor !== undefined)
      parameters = [...parameters.filter(([name]) => name !== "since"), ["since", cursor]];
  };
  const asking = { question, layout, source, flags, zone, at, told: typed.told, onFacts };
  const look = () => lookAt(asking, parameters, io);
  const write = async () =>
    output.kind === "table"
      ? await writeContent(await look(), io)
      : await writeBytes(asking, parameters, output, io);
  if (output.kind !== "table")
    for (const line of typed.told) await io.stderr.write(`${sanitizeLine(line)}\n`);
  if (options.watch === undefined) await write();
  else if (output.kind === "table" && follows) await followContent(look, options.watch, io);
  else if (output.kind === "table") await watchContent(look, options.watch, io);
  else await repeatOnScreen(write, options.watch, io);
  if (options.exitCode && layout.judge) {
    const json = lastJson() ?? (await gather((await source.ask(question, parameters, "json")).body));
    const reason = layout.judge(json);
    if (reason !== undefined) throw new CommandError(reason);
  }
}

/** What does not go together. @throws UsageError */
function refuseTogether(
  layout: Layout,
  flags: Readonly<Record<string, unknown>>,
  output: Output,
  { at, isWatched }: { readonly at: number | undefined; readonly isWatched: boolean },
): void {
  if (at !== undefined && isWatched)
    throw new UsageError("--watch looks at now again and again; with --at the answer stays the same");
  const forTables = layout.flags?.find(
    ({ flags: text, elsewhere }) => elsewhere && flags[new Option(text).attributeName()],
  );
  if (forTables && output.kind !== "table")
    throw new UsageError(
      `${forTables.flags.replace(/ .*/, "")} is for the table; in JSON: ${forTables.elsewhere}`,
    );
}

/**
 * Keeps the last answer to a question as JSON, so that what is judged is what was shown: asked once
 * more, it may be another one.
 */
function keepJson(
  opened: AnswerSource,
  kept: Question,
): { readonly source: AnswerSource; lastJson(): Buffer | undefined } {
  let json: Buffer | undefined;
  const source: AnswerSource = {
    ...opened,
    async ask(question, parameters, format) {
      const answer = await opened.ask(question, parameters, format);
      if (question !== kept || format !== "json") return answer;
      json = await gather(answer.body);
      return { ...answer, body: [json] };
    },
  };
  return { source, lastJson: () => json };
}

/** Where answers come from, and who is expected where the command can be told. */
async function openSource(
  { settings: own = [] }: Layout,
  flags: Readonly<Record<string, unknown>>,
  partial: boolean,
  settings: Settings,
  io: Io,
): Promise<AnswerSource> {
  const expected = own.includes("expect")
    ? await findExpected(settings.get("expect"), flags.expectEc2 as string | boolean | undefined, io)
    : undefined;
  const source = await openAnswerSource({ expected, partial }, settings, io);
  return expected && source.kind === "server" ? compareAnswers(source, expected) : source;
}

interface Asking {
  readonly question: Question;
  readonly layout: Layout;
  readonly source: AnswerSource;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly zone: Zone;
  /** The instant that is asked about, ms since the epoch; undefined for now. */
  readonly at: number | undefined;
  /** How times were understood. */
  readonly told: readonly string[];
  /** Told of each answer. */
  readonly onFacts: (facts: Facts) => void;
}

function formatAt(at: number | undefined): ParameterValues {
  return at === undefined ? [] : [["at", new Date(at).toISOString()]];
}

function readPreferencesOf(question: Question, parameters: ParameterValues) {
  try {
    return readPreferences(question, parameters);
  } catch (error) {
    throw error instanceof QueryError ? new UsageError(error.message) : error;
  }
}

/** Whether the configuration has a label of this name, or every report. */
export async function isOwnLabel(name: string, options: AskOptions, io: Io): Promise<boolean> {
  const { labelRules } = await readSettings(pickSettings(options), io);
  return compileLabels(labelRules).has(name);
}

async function writeBytes(
  { question, source, onFacts }: Asking,
  parameters: ParameterValues,
  output: Exclude<Output, { kind: "table" }>,
  io: Io,
): Promise<void> {
  const { stdout, stderr } = io;
  if (output.kind === "jq") {
    const { facts, body } = await source.ask(question, parameters, "json");
    onFacts(facts);
    const said = await runJq(await gather(body), output.program, {
      write: (bytes) => stdout.write(bytes),
      signal: io.signal,
    });
    await stderr.write(said + formatWarnings(facts));
    return;
  }
  const { form, forExcel } = output;
  const asked = form === "tsv" ? "csv" : form;
  const { facts, body } = await source.ask(question, parameters, asked);
  onFacts(facts);
  const forTerminal = stdout.isTerminal && asked === "csv";
  const isOther = form === "tsv" || forExcel || forTerminal;
  const delimiter = form === "tsv" ? "\t" : ",";
  const written = isOther ? await convert(body, { delimiter, forExcel, forTerminal }) : body;
  for await (const chunk of written) await stdout.write(chunk);
  const from = stderr.isTerminal && !source.isTyped ? `from ${sanitizeLine(source.name)}\n` : "";
  await stderr.write(formatWarnings(facts) + from);
}

/** Loads what reads and writes CSV where somebody wants it otherwise than it comes. */
async function convert(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: SeparatedOptions,
): Promise<AsyncIterable<Buffer>> {
  const { convertCsv } = await import("./separated-values.ts");
  return convertCsv(body, options);
}

async function lookAt(asking: Asking, parameters: ParameterValues, io: Io): Promise<ScreenContent> {
  const { question, layout, source, flags, zone, at, told: understood } = asking;
  const needed = (layout.tableParameters ?? []).filter(
    ([name]) => !parameters.some(([given]) => given === name),
  );
  const asked = [...parameters, ...needed];
  const { facts, body } = await source.ask(question, asked, "json");
  asking.onFacts(facts);
  const answer: AskedAnswer = { json: await gather(body), facts, parameters };
  const printout = await layout.layOut(answer, {
    flags,
    formatInstant: (at) => zone.format(typeof at === "string" ? Date.parse(at) : at),
    findNames: (ids) => findNames(source, ids, at),
    ask: async (other, given) =>
      await gather((await source.ask(other, [...given, ...formatAt(at)], "json")).body),
  });
  const { lines, notes } = renderPrintout(printout, { ...io, columns: io.stdout.columns });
  const told = [
    ...notes,
    `${sanitizeLine(printout.summary)} · as of ${zone.format(facts.asOf)} (${zone.describe(facts.asOf)})`,
    ...understood.map(sanitizeLine),
    `from ${sanitizeLine(source.name)}`,
  ];
  return { lines, notes: [...told, ...listWarnings(facts)] };
}

/** More hosts than this are not asked for one by one. */
const MAX_HOSTS_ASKED_BY_ID = 40;

/** Names of hosts, whatever their age. Another answer than the one that names the ids. */
async function findNames(
  source: AnswerSource,
  ids: readonly string[],
  at: number | undefined,
): Promise<ReadonlyMap<string, string>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const filters: ParameterValues =
    wanted.length > MAX_HOSTS_ASKED_BY_ID ? [] : wanted.map((id) => ["instance_id", id] as const);
  const { body } = await source.ask(
    reports,
    [["state", "all"], ["fields", "instance_id,instance_name"], ...filters, ...formatAt(at)],
    "json",
  );
  const rows = JSON.parse((await gather(body)).toString("utf8")) as ReadonlyArray<Record<string, unknown>>;
  return new Map(
    rows.flatMap(({ instance_id: id, instance_name: name }) =>
      typeof name === "string" && name !== "" ? [[String(id), name] as const] : [],
    ),
  );
}

function formatWarnings(facts: SourceAnswer["facts"]): string {
  return listWarnings(facts)
    .map((line) => `${line}\n`)
    .join("");
}

function listWarnings({ partial, warnings }: SourceAnswer["facts"]): string[] {
  const incomplete = partial
    ? [`not complete, ${partial.missing} reports or more are missing: ${partial.reason}`]
    : [];
  // A server gives all in one line.
  const said = warnings.length > 0 ? [warnings.join("; ")] : [];
  return [...incomplete, ...said].map((text) => `warning: ${sanitizeLine(text)}`);
}
