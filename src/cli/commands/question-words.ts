// The words and flags of a question's command, as the parameters of a URL.
import { Option } from "commander";
import { parseCondition } from "../../grammar/condition.ts";
import { COMMON_PARAMETERS } from "../../questions/parameters.ts";
import type { ParameterValues, Question, QuestionParameter } from "../../questions/question.ts";
import type { Layout } from "../layouts/layout.ts";
import { UsageError } from "../program/failure.ts";

/** What the command line gives of a flag: a value, several, or that it is there. */
type FlagValue = string | readonly string[] | boolean | undefined;

/** A parameter as a flag: `instance_type` is `--instance-type`. */
export function formatFlag({ name }: QuestionParameter): string {
  return `--${name.replaceAll("_", "-")}`;
}

/** The values of a parameter that is there or not; undefined for all others. */
export function readSwitch({ schema }: QuestionParameter): string | undefined {
  const values = (schema.enum ?? []) as readonly string[];
  if (values.length === 1) return values[0];
  return values.length === 2 && values.includes("true") && values.includes("false") ? "true" : undefined;
}

/** Parameters that are flags as well. Those of the path are words; `--output` says the format. */
export function listFlagParameters({ parameters }: Question): readonly QuestionParameter[] {
  const common = COMMON_PARAMETERS.filter(
    ({ name }) => name !== "format" && !parameters.some((own) => own.name === name),
  );
  return [...parameters, ...common].filter((one) => one.in === "query" && !one.anyName);
}

/** Reads them all. @throws UsageError */
export function readWords(
  question: Question,
  { word: bare }: Layout,
  words: readonly string[],
  flags: Readonly<Record<string, unknown>>,
): ParameterValues {
  const parameters: (readonly [string, string])[] = words.map((word) => {
    const condition = splitCondition(word);
    if (condition) return condition;
    if (bare) return [bare.parameter, word];
    throw new UsageError(describeWord(word, question));
  });
  for (const parameter of listFlagParameters(question)) {
    const value = flags[new Option(formatFlag(parameter)).attributeName()] as FlagValue;
    if (value === undefined || value === false) continue;
    const values = value === true ? [readSwitch(parameter) ?? "true"] : [value].flat();
    for (const one of values as readonly string[]) parameters.push([parameter.name, one]);
  }
  return parameters;
}

/** `NAME=VALUE`, and conditions such as `app_version<1.10`. @throws UsageError */
function splitCondition(word: string): readonly [string, string] | undefined {
  const condition = parseCondition(word);
  if (condition?.[0] === "") throw new UsageError(`${JSON.stringify(word)} has no name; write NAME=VALUE`);
  return condition;
}

function describeWord(word: string, { parameters }: Question): string {
  if (parameters.some(({ anyName }) => anyName))
    return `${JSON.stringify(word)} is no filter; write FIELD=VALUE, such as instance_life_cycle=spot`;
  const names = parameters.map(({ name }) => name);
  return `${JSON.stringify(word)} is no parameter; write NAME=VALUE, with ${names.join(" or ")}`;
}
