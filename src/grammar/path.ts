// Field paths: `processes.module_A_filename` names a field through objects and arrays.
import { normalizeText } from "../report/normal-text.ts";

/** The keys to follow, outermost first. At an array, the path goes on in each of its elements. */
export type FieldPath = readonly string[];

/** Longest path text, in characters, and most steps. */
const MAX_FIELD_PATH_LENGTH = 512;
const MAX_PATH_STEPS = 32;

/**
 * Parses a path: keys split by dots; `\.` is a dot inside a key and `\\` a backslash. A dot in
 * front, as jq writes it, is allowed: `.state` names a field even where `state` alone would be a
 * parameter.
 *
 * @returns undefined if a key is empty or the path is longer than the limits
 */
export function parseFieldPath(text: string): FieldPath | undefined {
  if (text.length > MAX_FIELD_PATH_LENGTH) return undefined;
  const steps = [""];
  const body = text.startsWith(".") ? text.slice(1) : text;
  for (let at = 0; at < body.length; at++) {
    const character = body.charAt(at);
    if (character === ".") steps.push("");
    else if (character === "\\" && at + 1 < body.length) steps[steps.length - 1] += body.charAt(++at);
    else steps[steps.length - 1] += character;
  }
  return steps.length <= MAX_PATH_STEPS && steps.every((step) => step !== "") ? steps : undefined;
}

/** Writes a path as parseFieldPath reads it, in the form in which names are compared (NFC). */
export function formatFieldPath(path: FieldPath): string {
  return path.map((step) => normalizeText(step).replace(/[\\.]/g, "\\$&")).join(".");
}
