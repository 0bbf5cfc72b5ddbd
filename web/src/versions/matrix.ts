// The matrix: what the table shows, made of an answer. Pure.
import type { Column } from "./columns.ts";
import type { VersionCount } from "./version-count.ts";

export interface Section {
  readonly field: string;
  readonly rows: readonly Row[];
  /** Rows of the answer that are not among `rows`, since there are so many. */
  readonly more: number;
  /** How many of those come when more are asked for. */
  readonly next: number;
  /** Hosts that have a value, and those that have none. */
  readonly hosts: number;
  readonly without: number;
}

export interface Row {
  readonly count: VersionCount;
  /** Whether its variant is another than that of the row before. */
  readonly isFirstOfVariant: boolean;
  /** By column; 0 where no host is. */
  readonly cells: readonly Cell[];
}

export interface Cell {
  readonly hosts: number;
  /** How deep it is shaded: its share of the column within the field; 0 to SHADES. */
  readonly shade: number;
}

/** The deepest shade (style.css has one rule for each). */
export const SHADES = 8;

/** Cells of all sections together that are shown at first. */
const MAX_CELLS = 20_000;

/** Rows of a section at first: at most, and at least where columns are very many. */
const MAX_ROWS = 100;
const MIN_ROWS = 8;

/** Rows of a section, and their cells, that are shown when more are asked for. */
const MAX_MORE_ROWS = 1000;
const MAX_MORE_CELLS = 60_000;

export interface Wish {
  /** Text that a row's value or field has. */
  readonly text: string;
  readonly isOnlyBehind: boolean;
  /** Fields of which all rows are wished for. */
  readonly whole: ReadonlySet<string>;
}

export interface Matrix {
  readonly sections: readonly Section[];
  /** Rows of the answer, and those of them that the wish leaves. */
  readonly all: number;
  readonly left: number;
  /** How wide the widest variant is; characters. */
  readonly variantWidth: number;
}

/** @param hosts how many the answer counted */
export function createMatrix(
  counts: readonly VersionCount[],
  columns: readonly Column[],
  hosts: number,
  { text, isOnlyBehind, whole }: Wish,
): Matrix {
  // Hosts without a value are told of beside the field's name.
  const values = counts.filter(({ value }) => value !== null);
  const byField = groupByField(values);
  const needle = text.toLowerCase();
  const sought = [...byField].map(([field, all]) => ({
    field,
    all,
    found: all.filter(
      ({ value, behind }) =>
        (!isOnlyBehind || behind) &&
        (needle === "" ||
          field.toLowerCase().includes(needle) ||
          (value ?? "").toLowerCase().includes(needle)),
    ),
  }));
  const shown = sought.filter(({ found }) => found.length > 0);
  const perSection = Math.floor(MAX_CELLS / Math.max(1, columns.length) / Math.max(1, shown.length));
  const limit = Math.min(MAX_ROWS, Math.max(MIN_ROWS, perSection));
  const most = Math.min(MAX_MORE_ROWS, Math.floor(MAX_MORE_CELLS / Math.max(1, columns.length)));
  const sections = shown.map(({ field, all, found }): Section => {
    const totals = columns.map(({ key }) => all.reduce((sum, { by }) => sum + (by?.[key] ?? 0), 0));
    const rows = found.slice(0, whole.has(field) ? most : limit);
    const without = counts.find((one) => one.field === field && one.value === null)?.count ?? 0;
    return {
      field,
      next: whole.has(field) ? 0 : Math.min(found.length, most) - rows.length,
      more: found.length - rows.length,
      hosts: hosts - without,
      without,
      rows: rows.map((count, index) => ({
        count,
        isFirstOfVariant: rows[index - 1]?.variant !== count.variant || index === 0,
        cells: columns.map(({ key }, column) => {
          const own = count.by?.[key] ?? 0;
          return { hosts: own, shade: findShade(own, totals[column] ?? 0) };
        }),
      })),
    };
  });
  return {
    sections,
    all: values.length,
    left: sought.reduce((sum, { found }) => sum + found.length, 0),
    variantWidth: Math.max(0, ...sections.flatMap(({ rows }) => rows.map(findVariantWidth))),
  };
}

function groupByField(counts: readonly VersionCount[]): Map<string, VersionCount[]> {
  const groups = new Map<string, VersionCount[]>();
  for (const count of counts) {
    const group = groups.get(count.field);
    if (group) group.push(count);
    else groups.set(count.field, [count]);
  }
  return groups;
}

function findVariantWidth({ count: { variant, version } }: Row): number {
  return version === "" ? 0 : variant.length;
}

function findShade(hosts: number, of: number): number {
  return hosts === 0 ? 0 : Math.max(1, Math.round((SHADES * hosts) / of));
}
