// Which fields differ between two reports of one host. Values are compared as they stand in the
// bytes, so that no number loses digits.
import { type FieldPath, formatFieldPath } from "../grammar/path.ts";
import { OPEN_BRACE, OPEN_BRACKET, QUOTE } from "../report/ascii.ts";
import { decodeString } from "../report/json-walk.ts";
import { normalizeText } from "../report/normal-text.ts";
import { pairElements } from "./array-pairs.ts";
import { type Change, MAX_CHANGE_TEXT, MAX_REPORT_CHANGES } from "./change.ts";
import { compareBytes, firstByte, type JsonValue, listElements, listMembers } from "./json-value.ts";
import { gatherNoise, isNoise, type Noise } from "./noise.ts";

/** A difference, without whose it is. */
export type FieldChange = Pick<Change, "kind" | "field" | "before" | "after" | "cut">;

/** The field of a process that says whether it runs with what is on disk (docs/collectors). */
const STATE = "state";

/** The differences of one report, and how many more there were. */
export interface FieldChanges {
  readonly changes: readonly FieldChange[];
  readonly dropped: number;
}

/** Compares two reports that were accepted; noise is no difference. */
export function findFieldChanges(before: Buffer, after: Buffer, noise: Noise): FieldChanges {
  const changes: FieldChange[] = [];
  let dropped = 0;

  function add(path: FieldPath, old: JsonValue | undefined, now: JsonValue | undefined): void {
    if (changes.length >= MAX_REPORT_CHANGES) dropped++;
    else {
      const change = describe(path, old, now);
      if (change) changes.push(change);
    }
  }

  /** @param quiet the noise below this place */
  function compare(path: FieldPath, old: JsonValue, now: JsonValue, quiet: Noise | undefined): void {
    if (compareBytes(old, now) === 0) return;
    const kind = firstByte(old);
    if (kind !== firstByte(now) || (kind !== OPEN_BRACE && kind !== OPEN_BRACKET)) add(path, old, now);
    else if (kind === OPEN_BRACE) compareMembers(path, old, now, quiet);
    else compareElements(path, old, now, quiet);
  }

  function compareMembers(path: FieldPath, old: JsonValue, now: JsonValue, quiet: Noise | undefined): void {
    const [olds, nows] = [listMembers(old), listMembers(now)];
    for (const key of new Set([...olds.keys(), ...nows.keys()])) {
      const below = quiet?.get(normalizeText(key));
      if (isNoise(below)) continue;
      const [one, other] = [olds.get(key), nows.get(key)];
      const inner = [...path, key];
      if (one && other) compare(inner, one, other, below && gatherNoise(below));
      else add(inner, one, other);
    }
  }

  function compareElements(path: FieldPath, old: JsonValue, now: JsonValue, quiet: Noise | undefined): void {
    for (const [one, other, place] of pairElements(listElements(old), listElements(now))) {
      const inner = [...path, String(place)];
      if (one && other) compare(inner, one, other, quiet);
      else add(inner, one, other);
    }
  }

  const whole = (bytes: Buffer): JsonValue => ({ bytes, span: { start: 0, end: bytes.length } });
  compare([], whole(before), whole(after), noise);
  return { changes, dropped };
}

/** @returns undefined where the two say the same in other bytes */
function describe(
  path: FieldPath,
  old: JsonValue | undefined,
  now: JsonValue | undefined,
): FieldChange | undefined {
  let [before, after] = [old && readText(old), now && readText(now)];
  if (before === after) {
    const areStrings = old && now && firstByte(old) === QUOTE && firstByte(now) === QUOTE;
    if (areStrings) return undefined;
    // A string and a number, say, that read alike.
    [before, after] = [old && readJson(old), now && readJson(now)];
  }
  const field = formatFieldPath(path);
  const cut = [field, before, after].some((text) => (text?.length ?? 0) > MAX_CHANGE_TEXT);
  return {
    kind: judgeKind(path, before, after),
    field: cutText(field),
    before: before === undefined ? null : cutText(before),
    after: after === undefined ? null : cutText(after),
    ...(cut && { cut: true as const }),
  };
}

function judgeKind(path: FieldPath, before?: string, after?: string): Change["kind"] {
  if (path.at(-1) !== STATE || before === undefined || after === undefined) return "changed";
  if (after === "restart_pending") return "restart_pending";
  return before === "restart_pending" && after === "running" ? "restarted" : "changed";
}

/** Bytes that are decoded of a value: one character more than is kept, whatever it takes. */
const MAX_DECODED = (MAX_CHANGE_TEXT + 1) * 6;

function readText(value: JsonValue): string {
  if (firstByte(value) !== QUOTE) return readJson(value);
  return decodeString(value.bytes, value.span);
}

function readJson({ bytes, span: { start, end } }: JsonValue): string {
  return bytes.toString("utf8", start, Math.min(end, start + MAX_DECODED));
}

/** Cuts a text, and no character in two. */
function cutText(text: string): string {
  if (text.length <= MAX_CHANGE_TEXT) return text;
  const last = text.charCodeAt(MAX_CHANGE_TEXT - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? MAX_CHANGE_TEXT - 1 : MAX_CHANGE_TEXT);
}
