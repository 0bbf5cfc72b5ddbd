// The filter as the address has it, in `q`: conditions such as env=prod, and plain text. Words are
// split by spaces; quotes hold a word together: "instance_name=my host".
import { formatRequirement, isReserved, parseCondition } from "../../../src/questions/condition.ts";

export interface Filter {
  /** Conditions as they were typed: `env=prod`, `app_version<1.10`. */
  readonly conditions: readonly string[];
  /** All that is no condition: text that is looked for in what the view shows. */
  readonly text: string;
}

/** Whether a word is a condition, and not plain text. */
export function isCondition(word: string): boolean {
  const condition = parseCondition(word);
  return condition !== undefined && condition[0].trim() !== "";
}

/** Reads a filter. */
export function parseFilter(q = ""): Filter {
  const words = splitWords(q);
  return {
    conditions: [...new Set(words.filter(isCondition))],
    text: words.filter((word) => !isCondition(word)).join(" "),
  };
}

/** Writes what parseFilter reads. */
export function formatFilter({ conditions, text }: Filter): string {
  return [...conditions.map(quoteWord), text].filter((part) => part !== "").join(" ");
}

/** The parameters of the API that choose the same hosts. */
export function toParameters({ conditions }: Filter): (readonly [string, string])[] {
  return conditions.flatMap((condition) => {
    const parameter = parseCondition(condition);
    return parameter ? [parameter] : [];
  });
}

/** Splits by spaces; within quotes a space is part of a word, and `\"` a quote. */
function splitWords(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(/(?:"(?:[^"\\]|\\.)*"?|[^\s"])+/g))
    words.push(
      word.replace(/"((?:[^"\\]|\\.)*)"?/g, (_quoted, inner: string) => inner.replace(/\\(["\\])/g, "$1")),
    );
  return words;
}

function quoteWord(word: string): string {
  return /[\s"]/.test(word) ? `"${word.replace(/["\\]/g, "\\$&")}"` : word;
}

/** The condition for hosts with this very value. @param name as the API writes it */
export function formatEquals(name: string, value: string): string {
  // A star in a value is no wildcard, and a value may begin like an operator.
  const operand = value.replace(/[\\*]/g, "\\$&");
  return `${escapeName(name)}=${formatRequirement({ operator: "eq", operand })}`;
}

/** The condition for hosts that do not have it. */
export function formatAbsent(name: string): string {
  return `${escapeName(name)}=not:*`;
}

/** The condition for hosts that have it, whatever its value. */
export function formatPresent(name: string): string {
  return `${escapeName(name)}=*`;
}

/** A name's own signs are no operators. */
function escapeName(name: string): string {
  const scoped = isReserved(name) ? `field.${name}` : name;
  return scoped.replace(/[=<>!]/g, "\\$&");
}
