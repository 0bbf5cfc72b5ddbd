// Finds its way in the bytes of JSON that was checked by scanObject, and decodes nothing. Nothing
// here is Node's: the page reads its lines with it.
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
 * Walks the direct members of an object, or elements of an array, in bytes that scanObject
 * accepted, and decodes nothing.
 *
 * @param start offset of an object or array
 * @param visit gets where a key begins and ends, quotes included (-1 in an array), and where its
 * value begins; gives where the value ends
 * @returns the offset just after the object or array
 */
export function walkMembers(
  bytes: Uint8Array,
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

/** Reads the escapes in what stands between the quotes of a JSON string. */
export function unescapeText(raw: string): string {
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

/** Skips white space, commas and colons: in checked bytes they only separate. */
export function skipFiller(bytes: Uint8Array, at: number): number {
  let next = at;
  for (;;) {
    const byte = bytes[next];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09 && byte !== COMMA && byte !== COLON)
      return next;
    next++;
  }
}

/** The offset just after the value that starts at `start`. */
export function skipValue(bytes: Uint8Array, start: number): number {
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

export function skipString(bytes: Uint8Array, start: number): number {
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
