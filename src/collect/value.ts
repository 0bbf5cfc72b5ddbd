// Which values may stand in a report, and how other types become such values.
import { MAX_REPORT_DEPTH } from "../report/limits.ts";

/** A value that a report may hold. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Longest text in a report, in bytes of UTF-8. */
const MAX_STRING_BYTES = 8 * 1024;
/** Most values inside one field's value. YAML aliases can make a tree much larger than its file. */
const MAX_NODES = 300_000;

/** A value that may stand in a report, or why it may not. */
export type Checked = { readonly value: JsonValue } | { readonly reason: string };

/** Thrown inside this file only. */
class Unfit extends Error {}

/**
 * Makes a value fit for a report: dates become ISO text and big integers text. Refused is what a reader could not trust
 * or not take: a text with NUL, half a surrogate pair or undecodable bytes, or longer than MAX_STRING_BYTES; a number that
 * is none or whose digits were lost; the key `__proto__`; nesting too deep.
 *
 * @param depth how many levels of objects and arrays the value may have
 */
export function checkValue(value: unknown, depth: number = MAX_REPORT_DEPTH - 3): Checked {
  let nodes = 0;
  const walk = (node: unknown, left: number): JsonValue => {
    if (++nodes > MAX_NODES) throw new Unfit(`has more than ${MAX_NODES} values`);
    switch (typeof node) {
      case "string":
        return checkText(node);
      case "boolean":
        return node;
      case "number":
        return checkNumber(node);
      case "bigint":
        return checkText(String(node));
      case "object":
        return walkObject(node, left);
      default:
        throw new Unfit(`is of the type ${typeof node}, which a report cannot hold`);
    }
  };
  const walkObject = (node: object | null, left: number): JsonValue => {
    if (node === null) return null;
    if (node instanceof Date) return checkDate(node);
    if (left === 0) throw new Unfit(`is nested deeper than ${depth} levels`);
    if (Array.isArray(node)) return node.map((item: unknown) => walk(item, left - 1));
    if (ArrayBuffer.isView(node)) throw new Unfit("is binary");
    return Object.fromEntries(
      Object.entries(node).map(([key, child]) => {
        if (key === "__proto__") throw new Unfit("has the key __proto__");
        return [checkText(key), walk(child, left - 1)];
      }),
    );
  };
  try {
    return { value: walk(value, depth) };
  } catch (error) {
    if (error instanceof Unfit) return { reason: error.message };
    throw error;
  }
}

function checkText(text: string): string {
  if (Buffer.byteLength(text) > MAX_STRING_BYTES) throw new Unfit(`has a text longer than ${MAX_STRING_BYTES} bytes`);
  if (text.includes("\0")) throw new Unfit("has a text with a NUL");
  if (/\p{Surrogate}/u.test(text)) throw new Unfit("has a text with half a surrogate pair");
  // Decoding puts U+FFFD where bytes are no UTF-8.
  if (text.includes("\uFFFD")) throw new Unfit("has a text that is not UTF-8");
  return text;
}

function checkNumber(value: number): number {
  if (!Number.isFinite(value)) throw new Unfit("is a number without a value (infinite or not a number)");
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new Unfit("is a number too large to be exact; write it as text in its file");
  }
  return value;
}

function checkDate(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new Unfit("is a date that does not exist");
  return date.toISOString();
}
