// What a layout makes of an answer, and how that becomes lines: tables cut to the terminal's width,
// with what stands beside them. No text in it commands a terminal, wherever it came from.
import stringWidth from "string-width";
import { sanitizeLine } from "../../report/safe-text.ts";
import type { ScreenContent } from "./screen.ts";
import { describeHidden, fitTable, styleTable } from "./table.ts";
import { type StyleContext, style } from "./terminal-text.ts";

export interface Column {
  readonly heading: string;
  /** What it is called where there is no room for it: the field, say; its heading by default. */
  readonly name?: string;
  /** Whether its cells stand with their ends below each other. */
  readonly isNumber?: boolean;
  /**
   * What is never cut while another column can be left out: `cells` alone, or the heading with
   * them. Else a column may become narrow.
   */
  readonly whole?: "cells" | "all";
}

export interface Line {
  readonly cells: readonly string[];
  /** Whether it is shown in yellow. */
  readonly isNotable?: boolean;
  /** What stands below it, as many to a line as fit. */
  readonly below?: readonly string[];
}

export interface Table {
  /** Stands above it. */
  readonly title?: string;
  readonly columns: readonly Column[];
  readonly lines: readonly Line[];
  /** How many more lines there are that are not shown; said below it. */
  readonly more?: number;
}

/** An answer as it is shown. */
export interface Printout {
  /** Lines above the tables. */
  readonly lead?: readonly string[];
  /** Those without lines are not shown. */
  readonly tables: readonly Table[];
  /** One line of what the tables speak of: `3 fresh, 1 silent`. The instant follows it. */
  readonly summary: string;
  /** What else is to be said. */
  readonly notes?: readonly string[];
  /** How columns that found no room are seen, beside a wider terminal: `--fields NAMES chooses`. */
  readonly remedy?: string;
}

export interface RenderOptions extends StyleContext {
  /** The terminal's width; undefined leaves everything whole. */
  readonly columns: number | undefined;
}

/** Makes lines of a printout. What is said of it below (`notes`) begins with columns not shown. */
export function renderPrintout(
  { lead = [], tables, notes = [], remedy }: Printout,
  options: RenderOptions,
): ScreenContent {
  const lines = lead.map(sanitizeLine);
  const hidden = new Set<string>();
  for (const table of tables) {
    if (table.lines.length === 0) continue;
    if (lines.length > 0) lines.push("");
    if (table.title !== undefined) lines.push(style("bold", sanitizeLine(table.title), options));
    const laid = layOut(table, options);
    lines.push(...laid.lines);
    for (const name of laid.hidden) hidden.add(name);
    if (table.more !== undefined && table.more > 0)
      lines.push(`… and ${table.more} more; --json has them all`);
  }
  return { lines, notes: [...describeHidden([...hidden], remedy), ...notes.map(sanitizeLine)] };
}

function layOut(
  table: Table,
  options: RenderOptions,
): { readonly lines: readonly string[]; readonly hidden: readonly string[] } {
  const [headings, rows] = alignNumbers(table);
  const useful = table.columns.map(({ whole }, at) =>
    whole === undefined ? undefined : measure([...(whole === "all" ? [headings] : []), ...rows], at),
  );
  const { text, hidden } = fitTable(headings, rows, options.columns, useful);
  const names = table.columns
    .slice(table.columns.length - hidden.length)
    .map(({ heading, name = heading }) => sanitizeLine(name));
  const [head = "", ...rest] = styleTable(text, options).split("\n");
  const lines = table.lines.flatMap(({ isNotable, below = [] }, at) => {
    const line = rest[at] ?? "";
    return [isNotable ? style("yellow", line, options) : line, ...wrap(below, options.columns)];
  });
  return { lines: [head, ...lines], hidden: names };
}

/** A column is of no use when it is narrower, whatever it holds. */
const LEAST_WIDTH = 7;

function measure(rows: readonly (readonly string[])[], at: number): number {
  return Math.max(LEAST_WIDTH, ...rows.map((row) => stringWidth(row[at] ?? "")));
}

/** Numbers stand with their ends below each other. */
function alignNumbers(table: Table): [readonly string[], readonly (readonly string[])[]] {
  const columns = table.columns.map((column) => ({ ...column, heading: sanitizeLine(column.heading) }));
  const lines = table.lines.map(({ cells }) => ({ cells: cells.map(sanitizeLine) }));
  const widths = columns.map(({ heading }, at) =>
    Math.max(heading.length, ...lines.map(({ cells }) => cells[at]?.length ?? 0)),
  );
  const align = (row: readonly string[]) =>
    row.map((cell, at) => (columns[at]?.isNumber ? cell.padStart(widths[at] ?? 0) : cell));
  return [align(columns.map(({ heading }) => heading)), lines.map(({ cells }) => align(cells))];
}

const INDENT = "    ";
const GAP = "  ";

/** Words below their line, as many on a line as fit. */
function wrap(words: readonly string[], columns = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words.map(sanitizeLine)) {
    if (line !== "" && INDENT.length + line.length + GAP.length + word.length > columns) {
      lines.push(INDENT + line);
      line = "";
    }
    line += line === "" ? word : `${GAP}${word}`;
  }
  return line === "" ? lines : [...lines, INDENT + line];
}
