// Which values may stand in a report, and how other types become such values.
import { MAX_REPORT_DEPTH } from "../report/limits.ts";
import { AmbiguousValue } from "./formats/tree.ts";

/** A value that a report may hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Longest text in a report, in bytes of UTF-8. */
const MAX_STRING_BYTES = 8 * 1024;
/** All control characters (Unicode's Cc) but tab and line ends. */
const CONTROL = /(?!\t|\r?\n)\p{Cc}/u;
/** Most ambiguities that are told of one value. */
const MAX_AMBIGUITIES = 20;
/** Most values inside one field's value. YAML aliases can make a tree much larger than its file. */
const MAX_NODES_OF_VALUE = 300_000;

/**
 * A value that may stand in a report, and what is doubtful in it; or why it may not stand there.
 */
export type Checked =
  | { readonly value: JsonValue; readonly ambiguities?: readonly string[] }
  | { readonly reason: string };

/** Thrown inside this file only. */
class UnfitValue extends Error {}

/**
 * Makes a value fit for a report. Refused is what a reader could not trust or not take: a text with
 * control characters other than tabs and line ends, half a surrogate pair or undecodable bytes, or
 * longer than MAX_STRING_BYTES; a number that is none or whose digits were lost; the key
 * `__proto__`; nesting too deep; what is ambiguous and has no best value.
 *
 * @param depth how many levels of objects and arrays the value may have
 */
export function checkValue(value: unknown, depth: number = MAX_REPORT_DEPTH - 3): Checked {
  let nodes = 0;
  const ambiguities: string[] = [];
  /** Keys from the value down to the node that is looked at. */
  const keys: (string | number)[] = [];
  const walk = (node: unknown, left: number): JsonValue => {
    if (++nodes > MAX_NODES_OF_VALUE) throw new UnfitValue(`has more than ${MAX_NODES_OF_VALUE} values`);
    switch (typeof node) {
      case "string":
        return checkText(node);
      case "boolean":
        return node;
      case "number":
        return checkNumber(node);
      case "object":
        return walkObject(node, left);
      default:
        throw new UnfitValue(`is of the type ${typeof node}, which a report cannot hold`);
    }
  };
  const walkObject = (node: object | null, left: number): JsonValue => {
    if (node === null) return null;
    if (node instanceof AmbiguousValue) {
      const reason = keys.length === 0 ? node.reason : `${keys.join(".")}: ${node.reason}`;
      if (node.best === undefined) throw new UnfitValue(reason);
      if (ambiguities.length < MAX_AMBIGUITIES) ambiguities.push(reason);
      return walk(node.best.node, left);
    }
    if (left === 0) throw new UnfitValue(`is nested deeper than ${depth} levels`);
    if (Array.isArray(node)) return node.map((item: unknown, index) => walkChild(index, item, left));
    return Object.fromEntries(
      Object.entries(node).map(([key, child]) => {
        if (key === "__proto__") throw new UnfitValue("has the key __proto__");
        return [checkText(key), walkChild(key, child, left)];
      }),
    );
  };
  const walkChild = (key: string | number, child: unknown, left: number): JsonValue => {
    keys.push(key);
    const walked = walk(child, left - 1);
    keys.pop();
    return walked;
  };
  try {
    const checked = walk(value, depth);
    return ambiguities.length === 0 ? { value: checked } : { value: checked, ambiguities };
  } catch (error) {
    if (error instanceof UnfitValue) return { reason: error.message };
    throw error;
  }
}

function checkText(text: string): string {
  if (Buffer.byteLength(text) > MAX_STRING_BYTES)
    throw new UnfitValue(`has a text longer than ${MAX_STRING_BYTES} bytes`);
  if (text.includes("\0")) throw new UnfitValue("has a text with a NUL");
  // In a terminal they would overwrite what stands before, or do worse.
  if (CONTROL.test(text)) throw new UnfitValue("has a text with control characters");
  if (/\p{Surrogate}/u.test(text)) throw new UnfitValue("has a text with half a surrogate pair");
  // Decoding puts U+FFFD where bytes are no UTF-8.
  if (text.includes("\uFFFD")) throw new UnfitValue("has a text that is not UTF-8");
  return text;
}

function checkNumber(value: number): number {
  if (!Number.isFinite(value)) throw new UnfitValue("is a number without a value (infinite or not a number)");
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new UnfitValue("is a number too large to be exact; write it as text in its file");
  }
  return value;
}
