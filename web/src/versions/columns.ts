// The columns of the matrix: groups of hosts by label or field, with a heading for each level.
import type { VersionCount } from "./version-count.ts";

/**
 * What the API puts between the values of two labels, and how it calls the groups beyond its bound.
 */
const BETWEEN = "/";
const OTHERS = "…";

export interface Column {
  /** As the answer names it: `prod/service1`. */
  readonly key: string;
  /** Its value of each label, "" for hosts that have none; undefined where that cannot be told. */
  readonly values: readonly string[] | undefined;
  readonly isOthers: boolean;
}

/** A heading over one or more columns. */
export interface Heading {
  readonly key: string;
  /** The value; "" for hosts that have none. */
  readonly text: string;
  readonly columns: number;
  /** The values of the levels above and of this one; undefined where they cannot be told. */
  readonly values: readonly string[] | undefined;
  readonly isOthers: boolean;
}

/**
 * Finds the columns of an answer, in order: by each level's value, those without one last, then
 * what is counted together. A group whose hosts have none of the values has no column.
 */
export function findColumns(rows: readonly VersionCount[], by: readonly string[]): readonly Column[] {
  if (by.length === 0) return [];
  const keys = new Set<string>();
  for (const { value, by: groups } of rows) if (value !== null) for (const key in groups) keys.add(key);
  const columns = [...keys].map((key) => readColumn(key, by.length));
  return columns.sort(compareColumns);
}

function readColumn(key: string, levels: number): Column {
  const isOthers = key === OTHERS;
  const parts = key.split(BETWEEN);
  // A value that has the sign itself makes more parts, and none of them is sure then.
  return { key, values: !isOthers && parts.length === levels ? parts : undefined, isOthers };
}

const collator = new Intl.Collator("en", { numeric: true });

function compareColumns(a: Column, b: Column): number {
  if (a.isOthers !== b.isOthers) return Number(a.isOthers) - Number(b.isOthers);
  const [left, right] = [a.values ?? a.key.split(BETWEEN), b.values ?? b.key.split(BETWEEN)];
  for (let level = 0; level < Math.max(left.length, right.length); level++) {
    const [x, y] = [left[level], right[level]];
    if (x === undefined || y === undefined) return Number(y === undefined) - Number(x === undefined);
    const order = Number(x === "") - Number(y === "") || collator.compare(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

/** The headings, a row a level; what cannot be divided into levels stands in the last row whole. */
export function findHeadings(columns: readonly Column[], levels: number): readonly (readonly Heading[])[] {
  return Array.from({ length: levels }, (_, level) => {
    const headings: { -readonly [K in keyof Heading]: Heading[K] }[] = [];
    for (const { key, values, isOthers } of columns) {
      const above = values?.slice(0, level + 1);
      const isLast = level === levels - 1;
      const own = above ? JSON.stringify(above) : key;
      const before = headings.at(-1);
      if (!isLast && above && before?.key === own) {
        before.columns++;
        continue;
      }
      const text = above?.[level] ?? (isLast ? key : "");
      headings.push({ key: own, text, columns: 1, values: above, isOthers });
    }
    return headings;
  });
}
