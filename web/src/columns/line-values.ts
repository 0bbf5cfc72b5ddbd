// The values of some fields in one line of NDJSON, found in its bytes. Nothing is parsed: numbers
// are as the host wrote them, and no object gets a host's names for its keys.

import type { FieldPath } from "../../../src/grammar/path.ts";
import { BACKSLASH, OPEN_BRACE, OPEN_BRACKET, QUOTE } from "../../../src/report/ascii.ts";
import { skipValue, unescapeText, walkMembers } from "../../../src/report/json-bytes.ts";
import { normalizeText } from "../../../src/report/normal-text.ts";

/** Which fields to look for below one place of a report. */
export interface FieldTree {
  /** The columns whose path ends here. */
  readonly columns: number[];
  readonly inner: { readonly key: string; readonly bytes: Uint8Array; readonly tree: FieldTree }[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Prepares paths, one a column; names that look the same are the same (NFC). */
export function compileFieldTree(paths: readonly FieldPath[]): FieldTree {
  const root: FieldTree = { columns: [], inner: [] };
  for (const [column, path] of paths.entries()) {
    let tree = root;
    for (const key of path.map(normalizeText)) {
      const known = tree.inner.find((one) => one.key === key);
      const next: FieldTree = known?.tree ?? { columns: [], inner: [] };
      if (!known) tree.inner.push({ key, bytes: encoder.encode(key), tree: next });
      tree = next;
    }
    tree.columns.push(column);
  }
  return root;
}

/**
 * Takes one value of a column: where it lies in the bytes, the quotes of a text left out; or that
 * an object or array stands there, with a start of -1.
 */
export type TakeValue = (column: number, bytes: Uint8Array, start: number, end: number) => void;

/**
 * Walks one line. Where a path meets an array it goes on in each element, and an array at its end
 * is walked as well, as the server's filters do.
 *
 * @returns the offset just after the value that begins at `start`
 */
export function walkLine(bytes: Uint8Array, start: number, tree: FieldTree, take: TakeValue): number {
  const byte = bytes[start];
  if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
    for (const column of tree.columns) take(column, bytes, -1, -1);
    if (byte === OPEN_BRACKET)
      return walkMembers(bytes, start, (_start, _end, at) => walkLine(bytes, at, tree, take));
    if (tree.inner.length === 0) return skipValue(bytes, start);
    return walkMembers(bytes, start, (keyStart, keyEnd, at) => {
      const next = findInner(tree, bytes, keyStart + 1, keyEnd - 1);
      return next ? walkLine(bytes, at, next, take) : skipValue(bytes, at);
    });
  }
  const end = skipValue(bytes, start);
  for (const column of tree.columns) takeScalar(column, bytes, start, end, take);
  return end;
}

function takeScalar(column: number, bytes: Uint8Array, start: number, end: number, take: TakeValue): void {
  if (bytes[start] !== QUOTE) {
    take(column, bytes, start, end);
    return;
  }
  if (isPlain(bytes, start + 1, end - 1)) {
    take(column, bytes, start + 1, end - 1);
    return;
  }
  const text = encoder.encode(readText(bytes, start + 1, end - 1));
  take(column, text, 0, text.length);
}

function findInner(
  { inner }: FieldTree,
  bytes: Uint8Array,
  start: number,
  end: number,
): FieldTree | undefined {
  for (const one of inner) if (isSame(one.bytes, bytes, start, end)) return one.tree;
  if (isPlain(bytes, start, end)) return undefined;
  // The same key may be written with escapes, or in another form of Unicode.
  const key = readText(bytes, start, end);
  return inner.find((one) => one.key === key)?.tree;
}

function isSame(wanted: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== wanted.length) return false;
  for (let at = 0; at < wanted.length; at++) if (bytes[start + at] !== wanted[at]) return false;
  return true;
}

/** Whether a text stands in JSON as it is: ASCII, and no escape. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === BACKSLASH || byte >= 0x80) return false;
  }
  return true;
}

function readText(bytes: Uint8Array, start: number, end: number): string {
  return normalizeText(unescapeText(decoder.decode(bytes.subarray(start, end))));
}
