// The command line of questions: a command for each that has a layout, its flags and help from the
// question's parameters.
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Question, QuestionParameter } from "../../questions/question.ts";
import { QUESTIONS } from "../../questions/registry.ts";
import type { AskOptions } from "../commands/ask.ts";
import { FORMS } from "../commands/output-form.ts";
import { formatFlag, listFlagParameters, readSwitch } from "../commands/question-words.ts";
import type { Layout } from "../layouts/layout.ts";
import { LAYOUTS } from "../layouts/registry.ts";
import { addSettings, explain } from "../settings/flags.ts";
import { QUESTION_SETTINGS } from "../settings/question-settings.ts";
import type { Io } from "./io.ts";

/** Adds a command for each question. */
export function addQuestions(program: Command, io: Io): void {
  for (const question of QUESTIONS) {
    const layout = LAYOUTS[question.name];
    if (layout) addQuestion(program, question, layout, io);
  }
}

function addQuestion(program: Command, question: Question, layout: Layout, io: Io): void {
  const command = program
    .command(question.names.command)
    .description(`${lowerFirst(question.summary)}: a table on a terminal, JSON in a pipe`);
  addWords(command, question, layout);
  // A setting says how old a fresh report may be.
  for (const parameter of listFlagParameters(question))
    if (parameter.name !== "within") command.addOption(toOption(parameter));
  for (const { flags, description } of layout.flags ?? []) command.option(flags, description);
  addForms(command);
  addSettings(command, ...(layout.settings ?? []), ...QUESTION_SETTINGS);
  explain(command, `\nExamples:\n${layout.examples.map((line) => `  $ ${line}`).join("\n")}`);
  // A field or label is a parameter too: `--env prod`.
  const takesAnyName = question.parameters.some(({ anyName }) => anyName);
  if (takesAnyName) command.allowUnknownOption();
  command.action(async (given: string | string[] | undefined, options: AskOptions) => {
    const words = [given ?? []].flat();
    const named = takesAnyName ? await readNames(words, command, options, io) : words;
    await (await import("../commands/ask.ts")).runQuestion(question, layout, named, options, io);
  });
}

async function readNames(words: readonly string[], command: Command, given: AskOptions, io: Io) {
  const { readNamedWords } = await import("../commands/named-words.ts");
  const options = command.createHelp().visibleOptions(command);
  const named = await readNamedWords(words, {
    options: options.flatMap(({ long }) => long ?? []),
    isLabel: async (name) => (await import("../commands/ask.ts")).isOwnLabel(name, given, io),
  });
  return "mistake" in named ? command.error(`error: ${named.mistake}`) : named.words;
}

/** Filters, fields or a host. */
function addWords(command: Command, { parameters }: Question, { word }: Layout): void {
  const takesFilters = parameters.some(({ anyName }) => anyName);
  const named = word && (takesFilters ? `${word.name} | NAME=VALUE` : word.name);
  const name = named ?? (takesFilters ? "FIELD=VALUE" : "NAME=VALUE");
  const text = takesFilters
    ? "only hosts whose field or label has this value, also as --NAME VALUE; * is any run of characters; " +
      "parameters as in the URL"
    : `the ${(word?.name ?? name).toLowerCase()}'s id; parameters as in the URL may follow, as NAME=VALUE`;
  command.argument(word?.isRequired ? `<${name}...>` : `[${name}...]`, text);
}

function toOption(parameter: QuestionParameter): Option {
  const { name, description, schema, placeholder = name.toUpperCase(), repeats } = parameter;
  const isSwitch = readSwitch(parameter) !== undefined;
  const text = lowerFirst(firstSentence(isSwitch ? description.replace(/^`\w+`:? /, "") : description));
  const flag = formatFlag(parameter);
  if (isSwitch) return new Option(flag, text);
  const option = new Option(`${flag} <${placeholder}>`, text);
  const choices = schema.enum as readonly string[] | undefined;
  const check = (value: string): string => {
    if (choices && !choices.includes(value))
      throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.`);
    return value;
  };
  // Completion shows them.
  if (choices) option.choices(choices);
  return repeats
    ? option.argParser((value: string, before: readonly string[] = []) => [...before, check(value)])
    : option;
}

function addForms(command: Command): void {
  command
    .addOption(new Option("-o, --output <FORM>", "the form of the answer").choices(FORMS))
    .option("--json", "JSON as the API gives it, also on a terminal")
    .option("--ndjson", "JSON, a row a line")
    .option("--table", "a table, also in a pipe")
    .option("--excel", "CSV as Excel opens it: a byte-order mark in front, formulas made harmless")
    .option("--jq <PROGRAM>", "run a jq program over the JSON; strings come out raw")
    .option("--utc", "times in UTC, not in this machine's zone")
    .addOption(new Option("--watch [SECONDS]", "look again and again").argParser(parseSeconds).preset("2"));
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(/^\d+(\.\d+)?$/.test(text) && seconds >= 0.1 && seconds <= 86_400))
    throw new InvalidArgumentError("It should be seconds from 0.1 to 86400; put filters before --watch.");
  return seconds;
}

/** Of a parameter's description what fits beside a flag; the docs have the rest. */
function firstSentence(text: string): string {
  return text.replace(/\.(?:\s[\s\S]*)?$/, "");
}

/** `Reports that were set aside`, in the middle of a line; names such as `JSON` stay. */
function lowerFirst(text: string): string {
  return /^[A-Z][a-z ]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
