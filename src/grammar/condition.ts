// The grammar of filters, one for the server, the command line and the page: names, values with an
// operator, reserved words. Nothing here is Node's.

import { type FieldPath, parseFieldPath } from "./path.ts";
import { type Comparison, compileComparison } from "./value-order.ts";
import { MAX_WILDCARD_LENGTH } from "./wildcard.ts";

/** What one value of a filter asks for. */
export interface Requirement {
  /**
   * `eq` and `not` take a pattern with `*`; the others compare, below, at most, above, at least.
   */
  readonly operator: "eq" | "not" | Comparison;
  /** What stands after the operator. */
  readonly operand: string;
}

/** A name or value that is none; the message says what to write. */
export class ConditionError extends Error {
  override name = "ConditionError";
}

const OPERATOR = /^(eq|not|lt|le|gt|ge):/;

/**
 * Reads a value: `lt:1.10`, `not:spot`, or a pattern alone. `eq:` is for a pattern that itself
 * begins like an operator: `eq:lt:x` is the text `lt:x`.
 *
 * @throws ConditionError for a comparison with what has no order, or a value that is too long
 */
export function parseRequirement(value: string): Requirement {
  if (value.length > MAX_WILDCARD_LENGTH)
    throw new ConditionError(`a value is longer than ${MAX_WILDCARD_LENGTH} characters`);
  const operator = OPERATOR.exec(value)?.[1] as Requirement["operator"] | undefined;
  if (operator === undefined) return { operator: "eq", operand: value };
  const operand = value.slice(operator.length + 1);
  if (operator === "not") return { operator, operand: readNegated(operand) };
  // What cannot be compared is told before anything is asked.
  if (operator !== "eq" && !compileComparison(operator, operand))
    throw new ConditionError(
      `${operator}: compares versions, numbers and times, and ` +
        `${JSON.stringify(operand.slice(0, 64))} is none; write ${operator}:1.10, or ` +
        `${JSON.stringify(`eq:${value.slice(0, 64)}`)} for that very text`,
    );
  return { operator, operand };
}

const OPPOSITES: Readonly<Record<string, string>> = { lt: "ge", le: "gt", gt: "le", ge: "lt", not: "eq" };

function readNegated(operand: string): string {
  const inner = OPERATOR.exec(operand)?.[1];
  if (inner === undefined) return operand;
  const rest = operand.slice(inner.length + 1);
  if (inner === "eq") return rest;
  throw new ConditionError(
    `not: takes a value and no operator; write ${JSON.stringify(`${OPPOSITES[inner]}:${rest}`)}, or ` +
      `${JSON.stringify(`not:eq:${operand}`)} for all but the text ${JSON.stringify(operand)}`,
  );
}

/** Writes a value that parseRequirement reads as this. */
export function formatRequirement({ operator, operand }: Requirement): string {
  if (operator === "eq") return OPERATOR.test(operand) ? `eq:${operand}` : operand;
  if (operator === "not" && OPERATOR.test(operand)) return `not:eq:${operand}`;
  return `${operator}:${operand}`;
}

/** Operators as they are typed: the longer ones first. */
const TYPED: readonly (readonly [string, Requirement["operator"] | undefined])[] = [
  ["<=", "le"],
  [">=", "ge"],
  ["!=", "not"],
  ["<", "lt"],
  [">", "gt"],
  ["=", undefined],
];

/**
 * Reads a condition as it is typed: `app_version<1.10`, `<=`, `>`, `>=`, `!=`, and `NAME=VALUE`.
 * The first operator counts; a backslash in front makes it a letter of the name.
 *
 * @returns a parameter's name and value, as a URL has them; undefined where no operator is
 */
export function parseCondition(text: string): readonly [name: string, value: string] | undefined {
  for (let at = 0; at < text.length; at++) {
    if (text.charAt(at) === "\\") {
      at++;
      continue;
    }
    const typed = TYPED.find(([sign]) => text.startsWith(sign, at));
    if (!typed) continue;
    const [sign, operator] = typed;
    const [name, value] = [text.slice(0, at), text.slice(at + sign.length)];
    if (operator === undefined) return [name, value];
    return [name.trim(), formatRequirement({ operator, operand: value.trim() })];
  }
  return undefined;
}

/** What a name stands for. */
export interface Name {
  /** As it was written, without a dot in front. */
  readonly text: string;
  /** `any`: a field, and a label where a report has no such field. */
  readonly scope: "any" | "field" | "label";
  /** The field, or the label's name as the only step. */
  readonly path: FieldPath;
}

/**
 * Reads a name: a field, a path or a label. `field.state` and `.state` are fields alone, whatever
 * else is called so; `label.env` is the label alone.
 *
 * @returns undefined if a key is empty or the path is longer than the limits
 */
export function parseName(text: string): Name | undefined {
  if (text.startsWith("label.")) {
    const label = text.slice("label.".length);
    return label === "" || label.length > MAX_LABEL_NAME
      ? undefined
      : { text, scope: "label", path: [label] };
  }
  const isField = text.startsWith("field.");
  const path = parseFieldPath(isField ? text.slice("field.".length) : text);
  if (!path || text.startsWith("field..")) return undefined;
  if (text.startsWith(".")) return { text: text.slice(1), scope: "field", path };
  return { text, scope: isField ? "field" : "any", path };
}

const MAX_LABEL_NAME = 128;

/** Reads a name that was checked before. */
export function parseGivenName(text: string): Name {
  const name = parseName(text);
  if (!name) throw new Error(`${text} is no field`);
  return name;
}

/**
 * Names of parameters, of those to come as well: none of them is a filter. A field that is called
 * so is asked for as `field.state`.
 */
export const RESERVED_NAMES: readonly string[] = [
  "at",
  "by",
  "each",
  "field",
  "fields",
  "format",
  "host",
  "hosts",
  "kind",
  "lenient",
  "limit",
  "meta",
  "newest",
  "partial",
  "same",
  "since",
  "state",
  "to",
  "until",
  "wait",
  "within",
];

/** Whether a name is a parameter's, and so no filter's. */
export function isReserved(name: string): boolean {
  return RESERVED_NAMES.includes(name);
}
