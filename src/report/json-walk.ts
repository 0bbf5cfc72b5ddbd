// Walks JSON that was checked by scanObject, on its bytes: nothing is parsed that nobody asked for.

import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from "./ascii.ts";
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

/**
 * Walks the direct members of an object, or elements of an array, in bytes that scanObject
 * accepted, and decodes nothing.
 *
 * @param start offset of an object or array
 * @param visit gets where a key begins and ends, quotes included (-1 in an array), and where its
 * value begins; gives where the value ends
 * @returns the offset just after the object or array
 */
export function walkMembers(
  bytes: Buffer,
  start: number,
  visit: (keyStart: number, keyEnd: number, at: number) => number,
): number {
  const inObject = bytes[start] === OPEN_BRACE;
  let at = skipFiller(bytes, start + 1);
  while (bytes[at] !== CLOSE_BRACE && bytes[at] !== CLOSE_BRACKET) {
    const keyStart = inObject ? at : -1;
    const keyEnd = inObject ? skipString(bytes, at) : -1;
    if (inObject) at = skipFiller(bytes, keyEnd);
    at = skipFiller(bytes, visit(keyStart, keyEnd, at));
  }
  return at + 1;
}

/** Decodes a JSON string, its quotes included in the span. */
export function decodeString(bytes: Buffer, span: JsonSpan): string {
  const raw = bytes.toString("utf8", span.start + 1, span.end - 1);
  return raw.includes("\\") ? raw.replace(ESCAPE, decodeEscape) : raw;
}

/**
 * Not JSON.parse: it puts every short text that it meets into the runtime's own table of strings,
 * whose hashing may be foreseen.
 */
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|(.))/gs;
const LETTERS: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

function decodeEscape(_: string, unit: string | undefined, letter: string): string {
  return unit === undefined ? (LETTERS[letter] ?? letter) : String.fromCharCode(Number.parseInt(unit, 16));
}

/**
 * Below these NFC leaves every text as it is (NFC_Quick_Check,
 * https://www.unicode.org/reports/tr15/#Detecting_Normalization_Forms).
 */
const BEYOND_PLAIN = /[\u0300-\uffff]/;
/**
 * More marks in a row than any language writes: the bound of the Stream-Safe Text Format
 * (https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format). They are put in order one by
 * one, so that 300 KB of them take minutes.
 */
const TOO_MANY_MARKS = /\p{M}{31}/u;

/**
 * Unicode's NFC, in which texts that look the same are the same: `é` as one character, and as a
 * letter and its accent (https://www.unicode.org/reports/tr15/). It is for comparing; what is shown
 * and kept of a report are its own bytes. What is no text of any language stays as it is, so that
 * the time grows with the length alone.
 */
export function normalizeText(text: string): string {
  return BEYOND_PLAIN.test(text) && !TOO_MANY_MARKS.test(text) ? text.normalize("NFC") : text;
}

/** Skips white space, commas and colons: in checked bytes they only separate. */
function skipFiller(bytes: Buffer, at: number): number {
  let next = at;
  for (;;) {
    const byte = bytes[next];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09 && byte !== COMMA && byte !== COLON)
      return next;
    next++;
  }
}

/** The offset just after the value that starts at `start`. */
export function skipValue(bytes: Buffer, start: number): number {
  let at = start;
  let depth = 0;
  do {
    const byte = bytes[at];
    if (byte === QUOTE) at = skipString(bytes, at);
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth++;
      at++;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--;
      at++;
    } else if (depth > 0) at++;
    else {
      while (isScalarByte(bytes[at])) at++;
    }
  } while (depth > 0);
  return at;
}

function skipString(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** Bytes of numbers, true, false and null. */
function isScalarByte(byte: number | undefined): boolean {
  return (
    byte !== undefined && byte > 0x20 && byte !== COMMA && byte !== CLOSE_BRACE && byte !== CLOSE_BRACKET
  );
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
