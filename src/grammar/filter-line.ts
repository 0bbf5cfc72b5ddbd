// A line of filters as people type it into the page: conditions such as env=prod, and plain text.
// Words are split by spaces; quotes hold a word together: "instance_name=my host".
import { ConditionError, isReserved, parseCondition } from "./condition.ts";
import { type Filter, readFilter } from "./filter.ts";

/** What a line asks for. */
export interface FilterLine {
  /** Conditions as they were typed, without quotes: `env=prod`, `app_version<1.10`. */
  readonly conditions: readonly string[];
  /** All that is no condition: text that is looked for in what is shown. */
  readonly text: string;
}

/** Whether a word is a condition, and not plain text. */
export function isCondition(word: string): boolean {
  const condition = parseCondition(word);
  return condition !== undefined && condition[0].trim() !== "";
}

/** Reads a line. */
export function parseFilterLine(line: string): FilterLine {
  const words = splitWords(line);
  return {
    conditions: [...new Set(words.filter(isCondition))],
    text: words.filter((word) => !isCondition(word)).join(" "),
  };
}

/** Writes what parseFilterLine reads. */
export function formatFilterLine({ conditions, text }: FilterLine): string {
  return [...conditions.map(quoteWord), text].filter((part) => part !== "").join(" ");
}

/** Splits by spaces; within quotes a space is part of a word, `\"` a quote and `\\` a backslash. */
export function splitWords(line: string): string[] {
  return Array.from(line.matchAll(WORD), ([word]) =>
    word.replace(QUOTED, (_quoted, inner: string) => inner.replace(/\\(["\\])/g, "$1")),
  );
}

const WORD = /(?:"(?:[^"\\]|\\.)*"?|[^\s"])+/gs;
const QUOTED = /"((?:[^"\\]|\\.)*)"?/gs;

/** Writes one word as splitWords reads it. */
export function quoteWord(word: string): string {
  return /[\s"]/.test(word) ? `"${word.replace(/["\\]/g, "\\$&")}"` : word;
}

/** The parameters of the API that conditions stand for: names and values, as a URL has them. */
export function toParameters(conditions: readonly string[]): (readonly [name: string, value: string])[] {
  return conditions.flatMap((condition) => {
    const parameter = parseCondition(condition);
    return parameter ? [parameter] : [];
  });
}

/** What conditions ask for, each name once with all its values. */
export interface ReadConditions {
  readonly filters: readonly Filter[];
  /** Those that are no filters: `state=all`, `same=processes`. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
  /** What is wrong with some, in words. */
  readonly mistakes: readonly string[];
}

/**
 * Reads conditions as the API reads its parameters. One that is wrong leaves out the others of its
 * name.
 */
export function readConditions(conditions: readonly string[]): ReadConditions {
  const values = new Map<string, string[]>();
  const parameters: (readonly [string, string])[] = [];
  for (const [name, value] of toParameters(conditions)) {
    if (isReserved(name)) parameters.push([name, value]);
    else values.set(name, [...(values.get(name) ?? []), value]);
  }
  const filters: Filter[] = [];
  const mistakes: string[] = [];
  for (const [name, own] of values)
    try {
      filters.push(readFilter(name, own));
    } catch (error) {
      if (!(error instanceof ConditionError)) throw error;
      mistakes.push(`${name.slice(0, 64)}: ${error.message}`);
    }
  return { filters, parameters, mistakes };
}
