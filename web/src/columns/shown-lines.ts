// What the page gets of the chosen hosts: the lines that are seen, values to suggest, a file.

import type { Ages } from "./ages.ts";
import { type Choice, type Chosen, readFirst, readHost, readTexts } from "./chosen-hosts.ts";
import { findColumn } from "./column-filter.ts";
import { ACCOUNT_COLUMN, ID_COLUMN } from "./held-names.ts";
import type { ShownHost, ShownLine, ShownLines, Stretch } from "./messages.ts";
import type { Table } from "./table.ts";

/** Of a cell, characters of a value and values: what stands in one line. */
const MAX_CELL_LENGTH = 200;
const MAX_CELL_VALUES = 12;

/** Lines in one message. */
const MAX_SENT_LINES = 1200;

/** What the worker holds. */
export interface Held {
  readonly table: Table;
  readonly ages: Ages | undefined;
}

export function showLines(
  held: Held,
  { lines }: Chosen,
  { columns }: Choice,
  { from, to }: Stretch,
): ShownLines {
  const shown: ShownLine[] = [];
  const last = Math.min(to, lines.length, from + MAX_SENT_LINES);
  for (let at = Math.max(0, from); at < last; at++) {
    const line = lines.at(at);
    if (!line) break;
    shown.push("group" in line ? { group: line.group } : { host: showHost(held, columns, line.row) });
  }
  return { from: Math.max(0, from), lines: shown };
}

function showHost({ table, ages }: Held, columns: readonly string[], row: number): ShownHost {
  const age = ages?.hosts.get(readHost(table, row));
  return {
    id: readFirst(table, ID_COLUMN, row) ?? "",
    account: readFirst(table, ACCOUNT_COLUMN, row) ?? "",
    received: age?.received,
    skew: age?.skew,
    cells: columns.map((name) => {
      const column = findColumn(table, name);
      const texts = column ? readTexts(column, row) : [];
      const cut = texts.slice(0, MAX_CELL_VALUES).map(cutText);
      return texts.length > MAX_CELL_VALUES ? [...cut, "…"] : cut;
    }),
  };
}

function cutText(text: string): string {
  return text.length > MAX_CELL_LENGTH ? `${text.slice(0, MAX_CELL_LENGTH)}…` : text;
}
