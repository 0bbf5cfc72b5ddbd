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

/** Values that are suggested. */
const MAX_SUGGESTED_VALUES = 12;

interface Held {
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

/** The values of a column that have a text in them, those of most hosts first. */
export function listValues(
  table: Table,
  { column: name, text }: { readonly column: string; readonly text: string },
): { readonly value: string; readonly hosts: number }[] {
  const column = findColumn(table, name);
  if (!column) return [];
  const { dictionary, numbers } = column;
  const hosts = new Uint32Array(dictionary.count);
  for (const number of numbers) if (number < hosts.length) hosts[number] = (hosts[number] as number) + 1;
  const wanted = text.toLowerCase();
  const found: { value: string; hosts: number }[] = [];
  for (let number = 0; number < hosts.length; number++) {
    const value = dictionary.text(number);
    if (value.toLowerCase().includes(wanted)) found.push({ value, hosts: hosts[number] as number });
  }
  return found
    .sort((a, b) => b.hosts - a.hosts || (a.value < b.value ? -1 : 1))
    .slice(0, MAX_SUGGESTED_VALUES);
}

/** All chosen hosts as CSV (RFC 4180) or JSON, with the columns that are shown. */
export function writeHosts(
  table: Table,
  { lines }: Chosen,
  { format, columns }: { readonly format: "csv" | "json"; readonly columns: readonly string[] },
): string {
  const held = columns.flatMap((name) => findColumn(table, name) ?? []);
  const rows = Array.from(lines.rows, (row) => held.map((column) => readTexts(column, row)));
  if (format === "json") {
    const written = rows.map((cells) => {
      const members = cells.flatMap((texts, at) =>
        texts.length === 0
          ? []
          : [`${JSON.stringify(held[at]?.name)}:${JSON.stringify(texts.length === 1 ? texts[0] : texts)}`],
      );
      return `{${members.join(",")}}`;
    });
    return `[${written.join(",\n")}]\n`;
  }
  const toLine = (cells: readonly string[]) => `${cells.map(quoteCell).join(",")}\r\n`;
  return [
    toLine(held.map(({ name }) => name)),
    ...rows.map((cells) =>
      toLine(cells.map((texts) => (texts.length > 1 ? JSON.stringify(texts) : (texts[0] ?? "")))),
    ),
  ].join("");
}

function quoteCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
