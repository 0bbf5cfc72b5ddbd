// Tables on a terminal: capital headings, two spaces between columns, no lines, cut to the
// terminal's width.
import stringWidth from "string-width";
import { sanitizeLine } from "../../report/safe-text.ts";
import { type StyleContext, style } from "./terminal-text.ts";

const GAP = 2;
const BETWEEN = " ".repeat(GAP);

/** What is seen as one character is never cut apart. */
const GRAPHEMES = new Intl.Segmenter();

/** A column is left out before the others are cut to less than this, or what is said of them. */
const USEFUL_WIDTH = 20;

/**
 * Lays out rows under headings. Where a terminal's width is known, trailing columns that do not fit
 * are left out, and then the widest cells are cut with "…". Widths are of what is seen, so
 * full-width characters count as two.
 *
 * @param columns the terminal's width; undefined leaves everything whole
 */
export function layOutTable(
  headings: readonly string[],
  rows: ReadonlyArray<readonly string[]>,
  columns: number | undefined,
): string {
  return fitTable(headings, rows, columns).text;
}

/** A table, and the headings of the columns that were left out of it. */
export interface FittedTable {
  readonly text: string;
  readonly hidden: readonly string[];
}

/**
 * Lays out a table likewise. @param useful by column, the width below which it is of no use: others
 * are left out before it is cut to less
 */
export function fitTable(
  unsafeHeadings: readonly string[],
  unsafeRows: ReadonlyArray<readonly string[]>,
  columns: number | undefined,
  useful: ReadonlyArray<number | undefined> = [],
): FittedTable {
  // No cell commands a terminal, wherever it came from.
  const headings = unsafeHeadings.map(sanitizeLine);
  const rows = unsafeRows.map((row) => row.map(sanitizeLine));
  const natural = headings.map((heading, index) => measureColumn(heading, rows, index));
  const widths = columns === undefined ? natural : fitWidths(natural, columns, useful);
  const text = [headings, ...rows]
    .map((row) =>
      widths
        .map((width, index) => fitCell(row[index] ?? "", width))
        .join(BETWEEN)
        .trimEnd(),
    )
    .join("\n");
  return { text, hidden: headings.slice(widths.length).map((heading) => heading.trim()) };
}

/** Columns that are named where they are not shown. */
const MAX_NAMED_COLUMNS = 8;

/**
 * A line that says which columns are not shown, and how to see them; nothing where all are. @param
 * remedy how else than on a wider terminal
 */
export function describeHidden(hidden: readonly string[], remedy = "and --json has all"): string[] {
  if (hidden.length === 0) return [];
  const more = hidden.length > MAX_NAMED_COLUMNS ? ` and ${hidden.length - MAX_NAMED_COLUMNS} more` : "";
  const named = hidden.slice(0, MAX_NAMED_COLUMNS).join(", ");
  return [`not shown: ${named}${more}; a wider terminal has room, ${remedy}`];
}

/** Dims a table's headings where styles are shown. What it gives is written by `writeStyled`. */
export function styleTable(table: string, io: StyleContext): string {
  const end = table.indexOf("\n");
  return end < 0 ? table : style("dim", table.slice(0, end), io) + table.slice(end);
}

/** Cuts or fills a cell to a width. */
function fitCell(text: string, width: number): string {
  const missing = width - stringWidth(text);
  if (missing >= 0) return text + " ".repeat(missing);
  let kept = "";
  let room = width - 1;
  for (const { segment } of GRAPHEMES.segment(text)) {
    room -= stringWidth(segment);
    if (room < 0) break;
    kept += segment;
  }
  const cut = `${kept}…`;
  return cut + " ".repeat(Math.max(0, width - stringWidth(cut)));
}

function measureColumn(heading: string, rows: ReadonlyArray<readonly string[]>, index: number): number {
  let widest = stringWidth(heading);
  for (const row of rows) widest = Math.max(widest, stringWidth(row[index] ?? ""));
  return widest;
}

/**
 * Drops columns from the right until the rest fits with each cut to its useful width at worst; then
 * takes from the widest that has more than that.
 */
function fitWidths(
  natural: readonly number[],
  columns: number,
  useful: ReadonlyArray<number | undefined>,
): number[] {
  const widths = [...natural];
  const least = natural.map((width, at) => Math.min(width, useful[at] ?? USEFUL_WIDTH));
  const total = (each: (width: number, at: number) => number): number =>
    widths.reduce((sum, width, at) => sum + each(width, at) + GAP, -GAP);
  while (widths.length > 1 && total((_, at) => least[at] ?? 0) > columns) widths.pop();
  for (let excess = total((width) => width) - columns; excess > 0; excess--) {
    const wide = widths.map((width, at) => (width > (least[at] ?? 0) ? width : 0));
    const most = Math.max(...wide);
    const widest = most > 0 ? wide.indexOf(most) : widths.indexOf(Math.max(...widths));
    widths[widest] = Math.max(1, (widths[widest] ?? 1) - 1);
  }
  return widths;
}
