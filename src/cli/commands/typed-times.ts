// The times among a question's parameters, as people type them on the command line, made the ones
// that a server understands, and what is to be said of how they were understood.
import { COMMON_PARAMETERS } from "../../questions/parameters.ts";
import type { ParameterValues, Question } from "../../questions/question.ts";
import { DURATION_PATTERN } from "../../specs/duration.ts";
import { UsageError } from "../program/failure.ts";
import type { Zone } from "../terminal/instant.ts";
import { describeTime, readTypedTime } from "../terminal/typed-time.ts";

export interface TypedTimes {
  readonly parameters: ParameterValues;
  /** A line for each that was typed another way than a URL has it. */
  readonly told: readonly string[];
}

/** Cursors of an answer of before. */
const CURSOR = /^c\d/;

/**
 * Reads the times. A span back from now stays one where the question takes spans, so that it means
 * the same each time it is asked.
 *
 * @param now ms since the epoch
 * @throws UsageError
 */
export function readTypedTimes(
  question: Question,
  parameters: ParameterValues,
  now: number,
  zone: Zone,
): TypedTimes {
  const own = [...COMMON_PARAMETERS, ...question.parameters];
  const times = new Set(own.filter(({ isTime }) => isTime).map(({ name }) => name));
  const told: string[] = [];
  const read = parameters.map(([name, text]): readonly [string, string] => {
    const isKept = name !== "at" && name !== "to" && (DURATION_PATTERN.test(text) || CURSOR.test(text));
    if (!times.has(name) || isKept) return [name, text];
    const time = readTypedTime(text, now, zone);
    if ("mistake" in time) throw new UsageError(`${name}: ${time.mistake}`);
    const iso = new Date(time.at).toISOString();
    if (!/[Zz]$|[+-]\d\d:?\d\d$/.test(text)) told.push(`${name} ${text} is ${describeTime(time.at, zone)}`);
    if (time.told !== undefined) told.push(time.told);
    return [name, iso];
  });
  return { parameters: read, told };
}
