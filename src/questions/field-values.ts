// The values of a field or label: read from the packed reports once, and kept as numbers beside
// each segment as long as that is in memory.

import type { FieldPath } from "../grammar/path.ts";
import { BACKSLASH, OPEN_BRACE, QUOTE } from "../report/ascii.ts";
import { decodeString, toKeySteps, walkField } from "../report/json-walk.ts";
import { parseReportKey } from "../report/key.ts";
import { normalizeText } from "../report/normal-text.ts";
import { bodyLength, isReport, readKey, type Segment } from "../roll/segment.ts";
import type { Table } from "../roll/table.ts";
import { SHARED_YIELDER, type Yielder } from "../roll/yielder.ts";
import { type Column, MAX_HOST_VALUES } from "./column.ts";
import { type ContentReader, createContentReader } from "./content-reader.ts";
import { createDictionary, type Dictionary } from "./dictionary.ts";
import { createPresenceReader, type PresenceReader } from "./field-presence.ts";
import { createNameReader, type NameReader } from "./held-names.ts";
import { MAX_LABEL_TEXT } from "./label-rule.ts";
import type { Label } from "./labels.ts";

/** A field's values in all segments of a table. */
export interface FieldValues {
  readonly count: number;
  /** Where a label was asked for: reports that have a field of its name, which counts for them. */
  readonly fieldRows: number;
  /** The value as text: a string as it is, a number as the host wrote it, true or false. */
  text(number: number): string;
  /** A row's values lie in `column.numbers` from `column.starts[row]`. */
  column(segment: Segment): Column;
}

/** The fields and labels whose values are kept. */
export interface FieldReader {
  /** Reads a field's values where that has not been done; others get their turn meanwhile. */
  read(path: FieldPath, table: Table): Promise<FieldValues>;
  /**
   * Reads a label's values likewise. @param rules the same array for the same label; the first that
   * finds something counts
   */
  readLabel(rules: readonly Label[], table: Table): Promise<FieldValues>;
  /**
   * Reads what a name means that is a label's and may be a field's: of reports that have the field,
   * the field's values, of others the label's.
   */
  readEither(path: FieldPath, rules: readonly Label[], table: Table): Promise<FieldValues>;
  /** The names that the reports have. */
  readonly names: NameReader;
  readonly isPresent: PresenceReader;
  readonly contents: ContentReader;
}

/**
 * Fields and labels that are kept, and the most that one may take of values no report has any more;
 * hosts choose how many values there are.
 */
const MAX_KEPT_FIELDS = 16;
const MAX_KEPT_VALUES = 1_000_000;
const MAX_KEPT_VALUES_BYTES = 64 * 1024 * 1024;

/** Of a value, bytes that tell it from others. */
const MAX_COMPARED_VALUE_BYTES = 4096;

interface CachedField {
  readonly dictionary: Dictionary;
  readonly texts: Map<number, string>;
  readonly columns: WeakMap<Segment, Column>;
}

/** A field's path as JSON, a label's rules, or what stands for both. */
type FieldKey = string | object;

/** Makes the reader; it holds what was read. */
export function createFieldReader(yielder: Yielder = SHARED_YIELDER): FieldReader {
  const kept = new Map<FieldKey, CachedField>();
  /** Stand for a label together with the field of its name. */
  const eithers = new WeakMap<readonly Label[], object>();

  function open(name: FieldKey): CachedField {
    const known = kept.get(name);
    kept.delete(name);
    const isUsable =
      known && known.dictionary.count < MAX_KEPT_VALUES && known.dictionary.bytes < MAX_KEPT_VALUES_BYTES;
    const field = isUsable
      ? known
      : { dictionary: createDictionary(), texts: new Map<number, string>(), columns: new WeakMap() };
    // The last one used is the last to go.
    kept.set(name, field);
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_KEPT_FIELDS) break;
      kept.delete(oldest);
    }
    return field;
  }

  async function readAll(name: FieldKey, table: Table, makeFinder: MakeFinder): Promise<FieldValues> {
    const { dictionary, texts, columns } = open(name);
    const find = makeFinder(dictionary);
    // What this question needs stays, whatever others do meanwhile.
    const own = new Map<Segment, Column>();
    for (const segment of listSegments(table)) {
      const column = columns.get(segment) ?? (await readColumn(segment, find, dictionary, yielder));
      columns.set(segment, column);
      own.set(segment, column);
    }
    return {
      count: dictionary.count,
      fieldRows: countFieldRows(table, own),
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
    read: (path, table) =>
      readAll(JSON.stringify(path), table, (dictionary) => findInField(path, dictionary)),
    readLabel: (rules, table) => readAll(rules, table, (dictionary) => findInLabel(rules, dictionary)),
    readEither(path, rules, table) {
      const key = eithers.get(rules) ?? {};
      eithers.set(rules, key);
      return readAll(key, table, (dictionary) => findInEither(path, rules, dictionary));
    },
    names: createNameReader(yielder),
    isPresent: createPresenceReader(),
    contents: createContentReader(),
  };
}

function countFieldRows(
  { segments, segmentOf, rowOf }: Table,
  columns: ReadonlyMap<Segment, Column>,
): number {
  const flags = segments.map((segment) => columns.get(segment)?.ofField);
  if (flags.every((flag) => flag === undefined)) return 0;
  let count = 0;
  for (const [at, row] of rowOf.entries()) count += flags[segmentOf[at] as number]?.[row] ?? 0;
  return count;
}

/** Takes the values of one row. */
interface Row {
  /** A value by its number in the dictionary; one may come several times. */
  take(number: number): void;
  /** How many it has. */
  readonly length: number;
  /** Whether no further value is taken in; those that are known may still be given. */
  readonly isFull: boolean;
  /** That there is a value more than are taken in. */
  leaveOut(): void;
}

/** Finds the values of one row. @returns whether they are a field's, where a label was asked for */
type Finder = (segment: Segment, row: number, into: Row) => boolean;
type MakeFinder = (dictionary: Dictionary) => Finder;

function findInField(path: FieldPath, dictionary: Dictionary): Finder {
  const steps = toKeySteps(path);
  // One function for all rows, which are many.
  let bytes: Buffer = Buffer.alloc(0);
  let into: Row | undefined;
  function visit(start: number, end: number): void {
    if (into) takeValue(bytes, start, end, dictionary, into);
  }
  return ({ bodies, bodyStarts }, row, rowInto) => {
    bytes = bodies;
    into = rowInto;
    walkField(bodies, bodyStarts[row] as number, steps, visit);
    return false;
  };
}

function findInEither(path: FieldPath, rules: readonly Label[], dictionary: Dictionary): Finder {
  const inField = findInField(path, dictionary);
  const inLabel = findInLabel(rules, dictionary);
  return (segment, row, into) => {
    inField(segment, row, into);
    return into.length > 0 || inLabel(segment, row, into);
  };
}

/**
 * Texts of which the label's value is remembered, since a pattern takes long; and of each,
 * characters that a pattern sees.
 */
const MAX_REMEMBERED_LABEL_TEXTS = 10_000;
const NO_VALUE = -1;

function findInLabel(rules: readonly Label[], dictionary: Dictionary): Finder {
  const prepared = rules.map((rule) => ({
    rule,
    steps: rule.path && toKeySteps(rule.path),
    remembered: new Map<string, number>(),
  }));

  /** @returns undefined where a pattern would have to be tried, and may not be */
  function read(
    { rule, remembered }: (typeof prepared)[number],
    text: string,
    mayTry: boolean,
  ): number | undefined {
    const known = remembered.get(text);
    if (known !== undefined || !mayTry) return known;
    const value = rule.read(text);
    const bytes = Buffer.from(value ?? "");
    const number = value === undefined ? NO_VALUE : dictionary.number(bytes, 0, bytes.length);
    if (remembered.size === MAX_REMEMBERED_LABEL_TEXTS) remembered.clear();
    remembered.set(text, number);
    return number;
  }

  return (segment, row, into) => {
    const { bodies, bodyStarts } = segment;
    let isFound = false;
    let tried = 0;
    for (const one of prepared) {
      const take = (text: string | undefined): void => {
        if (text === undefined) return;
        const size = one.remembered.size;
        const number = read(one, text, tried < MAX_HOST_VALUES && !into.isFull);
        if (one.remembered.size !== size) tried++;
        if (number === undefined) into.leaveOut();
        if (number === undefined || number === NO_VALUE) return;
        isFound = true;
        into.take(number);
      };
      if (one.steps)
        walkField(bodies, bodyStarts[row] as number, one.steps, (start, end) =>
          take(readText(bodies, start, end)),
        );
      else take(parseReportKey(readKey(segment, row))?.account);
      if (isFound) return false;
    }
    return false;
  };
}

const usedSegments = new WeakMap<Table, readonly Segment[]>();

/** The segments that a table has rows of. */
function listSegments(table: Table): readonly Segment[] {
  const known = usedSegments.get(table);
  if (known) return known;
  const { segments, segmentOf } = table;
  const isUsed = new Uint8Array(segments.length);
  for (const segment of segmentOf) isUsed[segment] = 1;
  const used = segments.filter((_, segment) => isUsed[segment] === 1);
  usedSegments.set(table, used);
  return used;
}

async function readColumn(
  segment: Segment,
  find: Finder,
  dictionary: Dictionary,
  yielder: Yielder,
): Promise<Column> {
  const { count } = segment;
  const starts = new Uint32Array(count + 1);
  const numbers = createNumbers(count * 2);
  const cut = new Set<number>();
  /** By number, the last row that had it, and one more, since 0 is none. */
  let lastRow = new Uint32Array(Math.max(1024, dictionary.count * 2));
  let row = 0;
  let first = 0;
  let ofField: Uint8Array | undefined;

  const into: Row = {
    take(number) {
      if (number >= lastRow.length) {
        const larger = new Uint32Array(number * 2);
        larger.set(lastRow);
        lastRow = larger;
      }
      if (lastRow[number] === row + 1) return;
      if (into.isFull) into.leaveOut();
      else {
        lastRow[number] = row + 1;
        numbers.push(number);
      }
    },
    get length() {
      return numbers.length() - first;
    },
    get isFull() {
      return into.length >= MAX_HOST_VALUES;
    },
    leaveOut() {
      cut.add(row);
    },
  };

  for (; row < count; row++) {
    const wait = yielder.spend(bodyLength(segment, row));
    if (wait !== undefined) await wait;
    first = numbers.length();
    if (isReport(segment, row) && find(segment, row, into)) {
      ofField ??= new Uint8Array(count);
      ofField[row] = 1;
    }
    starts[row + 1] = numbers.length();
  }
  return { starts, numbers: numbers.cut(), cut, ofField };
}

const LETTER_N = 0x6e;

/**
 * Values that read the same are one: the number 1 and the text "1", a letter and its escape, `é` in
 * one character and in two (Unicode's NFC). An object and null are no value.
 */
function takeValue(bytes: Buffer, start: number, end: number, dictionary: Dictionary, into: Row): void {
  const byte = bytes[start];
  if (byte === OPEN_BRACE || byte === LETTER_N) return;
  if (byte !== QUOTE) {
    takeBytes(bytes, start, end, dictionary, into);
    return;
  }
  for (let at = start + 1; at < end - 1; at++) {
    const letter = bytes[at] as number;
    if (letter !== BACKSLASH && letter < 0x80) continue;
    const decoded = Buffer.from(normalizeText(decodeString(bytes, { start, end })));
    takeBytes(decoded, 0, Math.min(decoded.length, MAX_COMPARED_VALUE_BYTES), dictionary, into);
    return;
  }
  takeBytes(bytes, start + 1, Math.min(end - 1, start + 1 + MAX_COMPARED_VALUE_BYTES), dictionary, into);
}

function takeBytes(bytes: Buffer, start: number, end: number, dictionary: Dictionary, into: Row): void {
  const known = into.isFull ? dictionary.find(bytes, start, end) : dictionary.number(bytes, start, end);
  if (known === undefined) into.leaveOut();
  else into.take(known);
}

/** A value as text, as far as labels look; undefined for an object and null. */
export function readText(bytes: Buffer, start: number, end: number): string | undefined {
  const byte = bytes[start];
  if (byte === OPEN_BRACE || byte === LETTER_N) return undefined;
  const text =
    byte === QUOTE
      ? normalizeText(decodeString(bytes, { start, end }))
      : bytes.toString("latin1", start, end);
  // A slice would keep all of the text in memory.
  return text.length <= MAX_LABEL_TEXT ? text : Buffer.from(text.slice(0, MAX_LABEL_TEXT)).toString();
}

/** A value that was cut ends in an ellipsis; half a letter at the cut goes. */
function toText(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return bytes.length < MAX_COMPARED_VALUE_BYTES ? text : `${text.replace(/\ufffd$/, "")}…`;
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
