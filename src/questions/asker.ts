// The asker: a question asked with the parameters of a URL, and its answer as bytes, for the API
// and for the command line over a store. Publishers ask the same questions for their rows.
import { findClosest } from "../specs/closest.ts";
import { AT, COMMON_PARAMETERS } from "./parameters.ts";
import { readInstant } from "./past.ts";
import { MAX_PARAMETERS, QueryError, readPartial } from "./query.ts";
import type { ParameterValues, Question, QuestionParameter, QuestionSources, Refusal } from "./question.ts";
import {
  type AnswerFormat,
  FORMATS,
  type WritingOptions,
  type WrittenAnswer,
  writeAnswer,
} from "./written-answer.ts";

/** What the parameters say to whoever asks, and not to the question. */
export interface Preferences {
  /** Whether an answer with some reports missing is better than none. */
  readonly partial: boolean;
  readonly format: AnswerFormat | undefined;
  /** The instant that is asked about, ms since the epoch; undefined for now. */
  readonly at: number | undefined;
  /** What is left for the question. */
  readonly parameters: ParameterValues;
}

/** Parameters by name, of each question once. */
const known = new WeakMap<Question, ReadonlyMap<string, QuestionParameter>>();

function listKnown(question: Question): ReadonlyMap<string, QuestionParameter> {
  const listed = known.get(question);
  if (listed) return listed;
  // A question's own stand for common ones of the same name.
  const own = [...COMMON_PARAMETERS, ...question.parameters].filter(({ anyName }) => !anyName);
  const made = new Map(own.map((parameter) => [parameter.name, parameter]));
  known.set(question, made);
  return made;
}

/**
 * Checks the names of a question's parameters, and takes those that are not the question's.
 *
 * @param parameters those of the path among them, under their names
 * @throws QueryError
 */
export function readPreferences(question: Question, parameters: ParameterValues): Preferences {
  if (parameters.length > MAX_PARAMETERS)
    throw new QueryError(
      (parameters[MAX_PARAMETERS]?.[0] ?? "").slice(0, 64),
      `more than ${MAX_PARAMETERS} parameters`,
    );
  const own = listKnown(question);
  const takesAnyName = question.parameters.some(({ anyName }) => anyName);
  const given = new Map<string, string>();
  for (const [name, value] of parameters) {
    const parameter = own.get(name);
    if (!parameter && !takesAnyName)
      throw new QueryError(name.slice(0, 64), describeUnknown(name, [...own.values()]));
    if (parameter && !parameter.repeats && given.has(name)) throw new QueryError(name, "given twice");
    given.set(name, value);
  }
  for (const { name, in: place, isRequired, example } of own.values())
    if (isRequired && place === "query" && !given.has(name))
      throw new QueryError(name, `is missing; write ${name}=${example}`);
  const takesAt = own.get(AT.name) === AT;
  const at = takesAt ? given.get(AT.name) : undefined;
  return {
    partial: readPartial(given.get("partial")),
    format: readFormat(given.get("format")),
    at: at === undefined ? undefined : readInstant(AT.name, at),
    parameters: parameters.filter(([name]) => name !== "format" && !(takesAt && name === AT.name)),
  };
}

function describeUnknown(name: string, own: readonly QuestionParameter[]): string {
  const names = own.filter(({ in: place }) => place === "query").map((parameter) => parameter.name);
  const closest = findClosest(name, names);
  const hint = closest === undefined ? `there are ${names.join(", ")}` : `is ${closest} meant?`;
  return `is no parameter here; ${hint}`;
}

function readFormat(text: string | undefined): AnswerFormat | undefined {
  if (text === undefined) return undefined;
  const format = FORMATS.find((known) => known === text);
  if (!format) throw new QueryError("format", `should be one of ${FORMATS.join(", ")}`);
  return format;
}

export function isRefusal(answer: object): answer is Refusal {
  return "refusal" in answer;
}

/**
 * Asks, and writes what comes of it, or gets ready to.
 *
 * @param parameters those that readPreferences left
 * @throws QueryError for a parameter that cannot be understood; what viewAt of the sources throws
 */
export async function askQuestion(
  question: Question,
  parameters: ParameterValues,
  sources: QuestionSources,
  { signal, ...options }: Omit<WritingOptions, "yielder"> & { readonly signal: AbortSignal },
): Promise<WrittenAnswer | Refusal> {
  const answer = await question.ask(sources, parameters, signal);
  return isRefusal(answer)
    ? answer
    : await writeAnswer(answer, question.answer, { ...options, yielder: sources.yielder });
}
