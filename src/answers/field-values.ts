// The values of a field or label: read from the packed reports once, and kept as numbers beside each segment as long as that is in memory.
import { decodeString, toKeySteps, walkField } from "../report/json-walk.ts";
import { isReport, type Segment } from "../roll/segment.ts";
import type { Table } from "../roll/table.ts";
import { createDictionary, type Dictionary } from "./dictionary.ts";
import type { Label } from "./labels.ts";
import type { FieldPath } from "./path.ts";

/** A field's values in one segment, by row. Immutable. */
export interface Column {
  /** Where each row's values begin in `numbers`, and one more for the end. */
  readonly starts: Uint32Array;
  /** Numbers in the field's dictionary, in the order of the report; a value that a row has twice stands there once. */
  readonly numbers: Uint32Array;
}

export const EMPTY_COLUMN: Column = { starts: new Uint32Array(1), numbers: new Uint32Array(0) };

/** A field's values in all segments of a table. */
export interface FieldValues {
  readonly count: number;
  /** The value as text: a string as it is, a number as the host wrote it, true or false. */
  text(number: number): string;
  /** A row's values lie in `column.numbers` from `column.starts[row]`. */
  column(segment: Segment): Column;
}

/** The fields and labels whose values are kept. */
export interface FieldReader {
  /** Reads a field's values where that has not been done; others get their turn meanwhile. */
  read(path: FieldPath, table: Table): Promise<FieldValues>;
  /** Reads a label's values likewise. @param rules the same array for the same label; the first that finds something counts */
  readLabel(rules: readonly Label[], table: Table): Promise<FieldValues>;
}

/** Fields and labels that are kept, and the most that one may take of values no report has any more; hosts choose how many values there are. */
const MAX_FIELDS = 16;
const MAX_KEPT_VALUES = 1_000_000;
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

/** Of a value, bytes that tell it from others. */
const MAX_VALUE_BYTES = 4096;

/** Rows read before other requests get their turn. */
const SLICE = 5000;

interface KeptField {
  readonly dictionary: Dictionary;
  readonly texts: Map<number, string>;
  readonly columns: WeakMap<Segment, Column>;
}

/** Makes the reader; it holds what was read. */
export function createFieldReader(): FieldReader {
  const kept = new Map<string | readonly Label[], KeptField>();

  function open(name: string | readonly Label[]): KeptField {
    const known = kept.get(name);
    kept.delete(name);
    const isUsable = known && known.dictionary.count < MAX_KEPT_VALUES && known.dictionary.bytes < MAX_KEPT_BYTES;
    const field = isUsable ? known : { dictionary: createDictionary(), texts: new Map<number, string>(), columns: new WeakMap() };
    // The last one used is the last to go.
    kept.set(name, field);
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_FIELDS) break;
      kept.delete(oldest);
    }
    return field;
  }

  async function readAll(name: string | readonly Label[], table: Table, makeFinder: MakeFinder): Promise<FieldValues> {
    const { dictionary, texts, columns } = open(name);
    const find = makeFinder(dictionary);
    // What this question needs stays, whatever others do meanwhile.
    const own = new Map<Segment, Column>();
    for (const segment of listSegments(table)) {
      const column = columns.get(segment) ?? (await readColumn(segment, find, dictionary));
      columns.set(segment, column);
      own.set(segment, column);
    }
    return {
      count: dictionary.count,
      text(number) {
        const known = texts.get(number);
        if (known !== undefined) return known;
        const text = toText(dictionary.read(number));
        texts.set(number, text);
        return text;
      },
      column: (segment) => own.get(segment) as Column,
    };
  }

  return {
    read: (path, table) => readAll(JSON.stringify(path), table, (dictionary) => findInField(path, dictionary)),
    readLabel: (rules, table) => readAll(rules, table, (dictionary) => findInLabel(rules, dictionary)),
  };
}

/** Finds the values of one row, and gives their numbers in the dictionary; one may come several times. */
type Finder = (segment: Segment, row: number, take: (number: number) => void) => void;
type MakeFinder = (dictionary: Dictionary) => Finder;

function findInField(path: FieldPath, dictionary: Dictionary): Finder {
  const steps = toKeySteps(path);
  // One function for all rows, which are many.
  let bytes: Buffer = Buffer.alloc(0);
  let give: (number: number) => void = () => undefined;
  function visit(start: number, end: number): void {
    const number = numberValue(bytes, start, end, dictionary);
    if (number !== undefined) give(number);
  }
  return ({ bodies, bodyStarts }, row, take) => {
    bytes = bodies;
    give = take;
    walkField(bodies, bodyStarts[row] as number, steps, visit);
  };
}

/** Texts of which the label's value is remembered, since a pattern takes long. */
const MAX_REMEMBERED = 10_000;
const NO_VALUE = -1;

function findInLabel(rules: readonly Label[], dictionary: Dictionary): Finder {
  const prepared = rules.map((rule) => ({ rule, steps: toKeySteps(rule.path), remembered: new Map<string, number>() }));

  function read({ rule, remembered }: (typeof prepared)[number], text: string): number {
    const known = remembered.get(text);
    if (known !== undefined) return known;
    const value = rule.read(text);
    const bytes = Buffer.from(value ?? "");
    const number = value === undefined ? NO_VALUE : dictionary.number(bytes, 0, bytes.length);
    if (remembered.size === MAX_REMEMBERED) remembered.clear();
    remembered.set(text, number);
    return number;
  }

  return ({ bodies, bodyStarts }, row, take) => {
    let isFound = false;
    for (const one of prepared) {
      walkField(bodies, bodyStarts[row] as number, one.steps, (start, end) => {
        const text = readText(bodies, start, end);
        const number = text === undefined ? NO_VALUE : read(one, text);
        if (number === NO_VALUE) return;
        isFound = true;
        take(number);
      });
      if (isFound) return;
    }
  };
}

/** The segments that a table has rows of. */
function listSegments({ segments, segmentOf }: Table): readonly Segment[] {
  const isUsed = new Uint8Array(segments.length);
  for (const segment of segmentOf) isUsed[segment] = 1;
  return segments.filter((_, segment) => isUsed[segment] === 1);
}

async function readColumn(segment: Segment, find: Finder, dictionary: Dictionary): Promise<Column> {
  const { count } = segment;
  const starts = new Uint32Array(count + 1);
  const numbers = createNumbers(count * 2);
  /** By number, the last row that had it, and one more, since 0 is none. */
  let lastRow = new Uint32Array(Math.max(1024, dictionary.count * 2));
  let row = 0;

  function take(number: number): void {
    if (number >= lastRow.length) {
      const larger = new Uint32Array(number * 2);
      larger.set(lastRow);
      lastRow = larger;
    }
    if (lastRow[number] === row + 1) return;
    lastRow[number] = row + 1;
    numbers.push(number);
  }

  for (; row < count; row++) {
    if (row % SLICE === SLICE - 1) await new Promise(setImmediate);
    if (isReport(segment, row)) find(segment, row, take);
    starts[row + 1] = numbers.length();
  }
  return { starts, numbers: numbers.cut() };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const LETTER_N = 0x6e;

/** Values that read the same are one: the number 1 and the text "1", a letter and its escape. An object and null are no value. */
function numberValue(bytes: Buffer, start: number, end: number, dictionary: Dictionary): number | undefined {
  const byte = bytes[start];
  if (byte === OPEN_BRACE || byte === LETTER_N) return undefined;
  if (byte !== QUOTE) return dictionary.number(bytes, start, end);
  for (let at = start + 1; at < end - 1; at++) {
    if (bytes[at] !== BACKSLASH) continue;
    const decoded = Buffer.from(decodeString(bytes, { start, end }));
    return dictionary.number(decoded, 0, Math.min(decoded.length, MAX_VALUE_BYTES));
  }
  return dictionary.number(bytes, start + 1, Math.min(end - 1, start + 1 + MAX_VALUE_BYTES));
}

/** A value as text; undefined for an object and null. */
function readText(bytes: Buffer, start: number, end: number): string | undefined {
  const byte = bytes[start];
  if (byte === OPEN_BRACE || byte === LETTER_N) return undefined;
  return byte === QUOTE ? decodeString(bytes, { start, end }) : bytes.toString("latin1", start, end);
}

/** A value that was cut ends in an ellipsis; half a letter at the cut goes. */
function toText(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return bytes.length < MAX_VALUE_BYTES ? text : `${text.replace(/\ufffd$/, "")}…`;
}

/** Numbers, as many as come. */
function createNumbers(expected: number) {
  let numbers = new Uint32Array(Math.max(16, expected));
  let length = 0;
  return {
    length: () => length,
    push(number: number): void {
      if (length === numbers.length) {
        const larger = new Uint32Array(length * 2);
        larger.set(numbers);
        numbers = larger;
      }
      numbers[length++] = number;
    },
    cut: () => numbers.slice(0, length),
  };
}
