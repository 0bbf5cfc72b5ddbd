// What of the table is to be seen: which rows, in which order, in which groups.
import { type Order, rankValues, sortRows } from "./column-order.ts";
import { CONTAINER, type Column } from "./table.ts";

/** A line of the list: a row of the table, or the head of a group. */
export type Line = { readonly row: number } | { readonly group: Group };

export interface Group {
  /** undefined: the hosts that have no value there. */
  readonly value: string | undefined;
  readonly count: number;
  readonly isOpen: boolean;
}

/** The lines of the list, without making one of each. */
export interface Lines {
  readonly length: number;
  /** Distinct hosts in them, closed groups included. */
  readonly hosts: number;
  at(line: number): Line | undefined;
  /** The rows in the order of the list; of groups that are closed too. */
  readonly rows: Uint32Array;
}

/** Rows by their keys. @param keys by row; the smallest first */
export function orderRows(count: number, keys: readonly Uint32Array[]): Uint32Array {
  let rows: Uint32Array = Uint32Array.from({ length: count }, (_, row) => row);
  // The last key first: those of one key stay in their order.
  for (const own of keys.toReversed()) rows = sortRows(rows, own);
  return rows;
}

/** The rows that are chosen, in the order of `ordered`. */
export function pickRows(ordered: Uint32Array, chosen: Uint8Array): Uint32Array {
  const picked = new Uint32Array(ordered.length);
  let count = 0;
  for (let at = 0; at < ordered.length; at++) {
    const row = ordered[at] as number;
    if (chosen[row] === 1) picked[count++] = row;
  }
  return picked.slice(0, count);
}

/** Lines without groups. */
export function listLines(rows: Uint32Array): Lines {
  return {
    length: rows.length,
    hosts: rows.length,
    rows,
    at: (line) => (line < rows.length ? { row: rows[line] as number } : undefined),
  };
}

/**
 * Lines in groups by the values of a column, in their order. A host that has several values stands
 * in each of their groups.
 *
 * @param isOpen whether a group's hosts are to be seen
 */
export function groupLines(
  rows: Uint32Array,
  column: Column,
  order: Order,
  isOpen: (value: string | undefined) => boolean,
): Lines {
  const ranks = rankValues(column, order);
  const none = ranks.length;
  const members = new Map<number, number[]>();
  const add = (rank: number, row: number): void => {
    const known = members.get(rank);
    if (known) known.push(row);
    else members.set(rank, [row]);
  };
  const { starts, numbers, dictionary } = column;
  for (const row of rows) {
    let isNone = true;
    for (let at = starts[row] as number; at < (starts[row + 1] as number); at++) {
      const number = numbers[at] as number;
      if (number === CONTAINER) continue;
      isNone = false;
      add(ranks[number] as number, row);
    }
    if (isNone) add(none, row);
  }
  const texts = new Map<number, string>();
  for (let number = 0; number < ranks.length; number++)
    if (members.has(ranks[number] as number)) texts.set(ranks[number] as number, dictionary.text(number));
  const groups: { readonly start: number; readonly group: Group; readonly rows: readonly number[] }[] = [];
  let length = 0;
  for (const [rank, own] of [...members].sort(([a], [b]) => a - b)) {
    const value = texts.get(rank);
    const open = isOpen(value);
    groups.push({ start: length, group: { value, count: own.length, isOpen: open }, rows: own });
    length += 1 + (open ? own.length : 0);
  }
  return {
    length,
    hosts: rows.length,
    rows,
    at(line) {
      if (line < 0 || line >= length) return undefined;
      let [low, high] = [0, groups.length - 1];
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if ((groups[middle]?.start ?? 0) <= line) low = middle;
        else high = middle - 1;
      }
      const found = groups[low];
      if (!found) return undefined;
      if (line === found.start) return { group: found.group };
      return { row: found.rows[line - found.start - 1] as number };
    },
  };
}
