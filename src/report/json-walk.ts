// Walks JSON that was checked by scanObject, on its bytes: nothing is parsed that nobody asked for.

import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, OPEN_BRACE, OPEN_BRACKET } from "./ascii.ts";
import { skipFiller, skipString, skipValue, unescapeText } from "./json-bytes.ts";
import { normalizeText } from "./normal-text.ts";

/**
 * Where one member of an object, or one element of an array, lies in the bytes. Offsets count
 * bytes; the end is exclusive.
 */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * Walks the direct members of an object, or elements of an array, in bytes that scanObject
 * accepted.
 *
 * @param start offset of the value; white space before it is not allowed
 * @param visit gets the key (undefined in an array) and the span of the value; returning true ends
 *   the walk
 * @returns false if the value is neither object nor array
 */
export function walkChildren(
  bytes: Buffer,
  start: number,
  visit: (key: string | undefined, span: JsonSpan) => boolean | undefined,
): boolean {
  const inObject = bytes[start] === OPEN_BRACE;
  if (!inObject && bytes[start] !== OPEN_BRACKET) return false;
  let at = skipFiller(bytes, start + 1);
  while (bytes[at] !== CLOSE_BRACE && bytes[at] !== CLOSE_BRACKET) {
    let key: string | undefined;
    if (inObject) {
      const end = skipValue(bytes, at);
      key = decodeString(bytes, { start: at, end });
      at = skipFiller(bytes, end);
    }
    const end = skipValue(bytes, at);
    if (visit(key, { start: at, end })) return true;
    at = skipFiller(bytes, end);
  }
  return true;
}

/** Decodes a JSON string, its quotes included in the span. */
export function decodeString(bytes: Buffer, span: JsonSpan): string {
  const raw = bytes.toString("utf8", span.start + 1, span.end - 1);
  return unescapeText(raw);
}

/** One step of a path: a key, and its bytes as a string of JSON mostly has them. */
export interface KeyStep {
  readonly key: string;
  readonly bytes: Buffer;
}

/**
 * Prepares a path for walkField. Its keys are found however their letters are put together
 * (normalizeText).
 */
export function toKeySteps(path: readonly string[]): readonly KeyStep[] {
  return path.map(normalizeText).map((key) => ({ key, bytes: Buffer.from(key) }));
}

/**
 * Walks all values at a path, in bytes that scanObject accepted: at an array the path goes on in
 * each element, and an array at its end is walked as well, so that no value is an array. Nothing is
 * decoded on the way.
 *
 * @param start offset of the value that the path begins in
 * @param visit gets where a value begins and ends
 */
export function walkField(
  bytes: Buffer,
  start: number,
  steps: readonly KeyStep[],
  visit: (start: number, end: number) => void,
  step = 0,
): number {
  const byte = bytes[start];
  if (byte === OPEN_BRACKET) {
    let at = skipFiller(bytes, start + 1);
    while (bytes[at] !== CLOSE_BRACKET) at = skipFiller(bytes, walkField(bytes, at, steps, visit, step));
    return at + 1;
  }
  const wanted = steps[step];
  if (wanted === undefined || byte !== OPEN_BRACE) {
    const end = skipValue(bytes, start);
    if (wanted === undefined) visit(start, end);
    return end;
  }
  let at = skipFiller(bytes, start + 1);
  while (bytes[at] !== CLOSE_BRACE) {
    const end = skipString(bytes, at);
    const isWanted = isKey(bytes, at, end, wanted);
    at = skipFiller(bytes, end);
    at = skipFiller(bytes, isWanted ? walkField(bytes, at, steps, visit, step + 1) : skipValue(bytes, at));
  }
  return at + 1;
}

/** Compares a key, its quotes included in the stretch, with the one that is looked for. */
function isKey(bytes: Buffer, start: number, end: number, { key, bytes: wanted }: KeyStep): boolean {
  let isSame = end - start - 2 === wanted.length;
  for (let at = 0; isSame && at < wanted.length; at++) isSame = bytes[start + 1 + at] === wanted[at];
  if (isSame) return true;
  // The same key may be written with escapes, or in another form of Unicode.
  for (let at = start + 1; at < end - 1; at++) {
    const byte = bytes[at] as number;
    if (byte === BACKSLASH || byte >= 0x80) return normalizeText(decodeString(bytes, { start, end })) === key;
  }
  return false;
}
