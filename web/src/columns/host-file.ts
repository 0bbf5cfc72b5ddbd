// The chosen hosts as a file: CSV (RFC 4180) or JSON, with the columns that are shown.
import { AGE, type Chosen, readHost, readTexts } from "./chosen-hosts.ts";
import { findColumn } from "./column-filter.ts";
import type { FileWish } from "./messages.ts";
import type { Held } from "./shown-lines.ts";

/** How the age is called there; a field of the hosts' own that is called so is not touched. */
const AGE_NAMES = ["age_seconds", "rollcall.age_seconds"] as const;

/** Texts of a cell: as the host wrote them. A number is ours. */
type Cell = readonly string[] | number;

interface FileColumn {
  readonly name: string;
  cell(row: number): Cell;
}

export function writeHosts(held: Held, { lines }: Chosen, wish: FileWish): string {
  const columns = listColumns(held, wish);
  const rows = Array.from(lines.rows, (row) => columns.map(({ cell }) => cell(row)));
  if (wish.format === "json") {
    const written = rows.map((cells) => {
      const members = cells.flatMap((cell, at) => {
        const value = typeof cell === "number" || cell.length > 1 ? cell : cell[0];
        return value === undefined ? [] : [`${JSON.stringify(columns[at]?.name)}:${JSON.stringify(value)}`];
      });
      return `{${members.join(",")}}`;
    });
    return `[${written.join(",\n")}]\n`;
  }
  const toLine = (cells: readonly string[]) => `${cells.map(quoteCell).join(",")}\r\n`;
  return [toLine(columns.map(({ name }) => name)), ...rows.map((cells) => toLine(cells.map(toText)))].join(
    "",
  );
}

function listColumns({ table, ages }: Held, { columns, now }: FileWish): FileColumn[] {
  return columns.flatMap((name): FileColumn[] => {
    const column = findColumn(table, name);
    if (name !== AGE) return column ? [{ name, cell: (row) => readTexts(column, row) }] : [];
    const free = AGE_NAMES.find((one) => !columns.includes(one)) ?? AGE_NAMES[0];
    const cell = (row: number) => {
      const received = ages?.hosts.get(readHost(table, row))?.received;
      return received === undefined ? [] : Math.max(0, Math.round(now / 1000 - received));
    };
    return [{ name: free, cell }];
  });
}

function toText(cell: Cell): string {
  if (typeof cell === "number") return String(cell);
  return cell.length > 1 ? JSON.stringify(cell) : (cell[0] ?? "");
}

function quoteCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
