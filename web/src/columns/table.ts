// The table of hosts as columns: for each name the numbers of its values in a dictionary, a row a
// host, read from NDJSON as it comes.

import type { FieldPath } from "../../../src/grammar/path.ts";
import { createDictionary, type Dictionary } from "./dictionary.ts";
import { compileFieldTree, walkLine } from "./line-values.ts";

/** In the place of a value's number: an object or array stands there, which has no text. */
export const CONTAINER = 0xffff_ffff;

/** One column. Immutable. */
export interface Column {
  /** As the API names it: `app_version`, `label.env`. */
  readonly name: string;
  readonly dictionary: Dictionary;
  /** Where each row's values begin in `numbers`, and one more for the end. */
  readonly starts: Uint32Array;
  /** A value that a row has twice stands there once. */
  readonly numbers: Uint32Array;
  /** Whether all that the hosts wrote is here, so that filters can be judged by it. */
  readonly isWhole: boolean;
}

export interface Table {
  readonly count: number;
  readonly columns: readonly Column[];
}

/** Values of one host in one column that are held. */
const MAX_ROW_VALUES = 1000;

/** Hosts in a table, and bytes of all its values: what a page may take of its reader's memory. */
const MAX_PAGE_HOSTS = 500_000;
const MAX_PAGE_TABLE_BYTES = 512 * 1024 * 1024;

/** There are more hosts, or longer values, than a page holds. */
export class TableTooLarge extends Error {
  override name = "TableTooLarge";
}

export interface TableReader {
  /** Takes bytes as they come; a line may be split among them. @throws TableTooLarge */
  take(chunk: Uint8Array): void;
  /** The table of all that was taken. @returns undefined where the last line was cut off */
  finish(): Table | undefined;
}

const NEWLINE = 0x0a;

/** Begins a table. @param names with the path of each in a line */
export function createTableReader(
  names: readonly { readonly name: string; readonly path: FieldPath }[],
): TableReader {
  const tree = compileFieldTree(names.map(({ path }) => path));
  const builders = names.map(() => createBuilder());
  let count = 0;
  let rest = new Uint8Array(0);

  function takeLine(bytes: Uint8Array, start: number): void {
    if (count === MAX_PAGE_HOSTS) throw new TableTooLarge();
    walkLine(bytes, start, tree, (column, from, valueStart, valueEnd) =>
      builders[column]?.take(from, valueStart, valueEnd),
    );
    for (const builder of builders) builder.endRow();
    count++;
    if (count % 1024 === 0 && builders.reduce((sum, { bytes: own }) => sum + own(), 0) > MAX_PAGE_TABLE_BYTES)
      throw new TableTooLarge();
  }

  return {
    take(chunk) {
      let start = 0;
      if (rest.length > 0) {
        const end = chunk.indexOf(NEWLINE);
        const joined = new Uint8Array(rest.length + (end < 0 ? chunk.length : end + 1));
        joined.set(rest);
        joined.set(end < 0 ? chunk : chunk.subarray(0, end + 1), rest.length);
        if (end < 0) {
          rest = joined;
          return;
        }
        takeLine(joined, 0);
        start = end + 1;
      }
      for (let end = chunk.indexOf(NEWLINE, start); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        takeLine(chunk, start);
        start = end + 1;
      }
      rest = chunk.slice(start);
    },
    finish: () =>
      rest.length > 0
        ? undefined
        : {
            count,
            columns: names.map(({ name }, index) => ({ name, ...(builders[index] as Builder).build(count) })),
          },
  };
}

interface Builder {
  take(bytes: Uint8Array, start: number, end: number): void;
  endRow(): void;
  bytes(): number;
  build(count: number): Omit<Column, "name">;
}

function createBuilder(): Builder {
  const dictionary = createDictionary();
  let starts = new Uint32Array(1024);
  let numbers = new Uint32Array(1024);
  /** By number, the last row that had it, and one more, since 0 is none. */
  let lastRow = new Uint32Array(1024);
  let length = 0;
  let row = 0;
  let hasContainer = false;
  let isWhole = true;

  function push(number: number): void {
    if (length - (starts[row] as number) >= MAX_ROW_VALUES) {
      isWhole = false;
      return;
    }
    if (length === numbers.length) numbers = enlarge(numbers, length * 2);
    numbers[length++] = number;
  }

  return {
    take(bytes, start, end) {
      if (start < 0) {
        if (!hasContainer) push(CONTAINER);
        hasContainer = true;
        return;
      }
      const number = dictionary.number(bytes, start, end);
      if (number >= lastRow.length) lastRow = enlarge(lastRow, number * 2);
      if (lastRow[number] === row + 1) return;
      lastRow[number] = row + 1;
      push(number);
    },
    endRow() {
      row++;
      hasContainer = false;
      if (row === starts.length) starts = enlarge(starts, row * 2);
      starts[row] = length;
    },
    bytes: () => dictionary.bytes + 4 * (length + row),
    build: (count) => ({
      dictionary,
      starts: starts.slice(0, count + 1),
      numbers: numbers.slice(0, length),
      isWhole: isWhole && !dictionary.hasCut,
    }),
  };
}

function enlarge(from: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length);
  larger.set(from);
  return larger;
}
