// The hosts of a table that a filter line chooses, in the order and the groups that are wanted:
// found over the columns, and by the server where they cannot tell.

import type { Filter } from "../../../src/grammar/filter.ts";
import { readConditions } from "../../../src/grammar/filter-line.ts";
import { formatFieldPath } from "../../../src/grammar/path.ts";
import { type Ages, formatHost } from "./ages.ts";
import { groupLines, type Lines, listLines, orderRows, pickRows } from "./choice.ts";
import { applyFilter, applyText, findColumn } from "./column-filter.ts";
import { rankRows } from "./column-order.ts";
import { ACCOUNT_COLUMN, findFilterColumn, ID_COLUMN, type Names } from "./held-names.ts";
import type { Column, Table } from "./table.ts";

/** What is to be seen. */
export interface Choice {
  /** As they were typed: `env=prod`. */
  readonly conditions: readonly string[];
  /** Text that some cell has in it. */
  readonly text: string;
  /** The columns that are shown, in their order. */
  readonly columns: readonly string[];
  /** A column's name, or `age`; a dash in front turns it round. */
  readonly sort: string | undefined;
  readonly group: string | undefined;
  /** The groups whose hosts are shown: JSON of a text, or of null for those without a value. */
  readonly open: readonly string[];
}

/** Stands for the time since a host was heard of, which is no column of the table. */
export const AGE = ".age";

/** Parameters that say which table it is, and not which of its hosts. */
export const TABLE_PARAMETERS: readonly string[] = ["state", "within"];

export interface Chosen {
  readonly lines: Lines;
  /** Why a filter asks for nothing; then nothing is chosen. */
  readonly mistakes: readonly string[];
}

/** What of a filter line the columns can judge, and what the server is asked. */
export interface Division {
  readonly local: readonly { readonly filter: Filter; readonly column: Column }[];
  /** As a URL has them; all are in question where one and the same element must meet several. */
  readonly asked: readonly (readonly [name: string, value: string])[];
  readonly mistakes: readonly string[];
}

export function divideConditions(conditions: readonly string[], table: Table, names: Names): Division {
  const { filters, parameters, mistakes } = readConditions(conditions);
  const others = parameters.filter(([name]) => !TABLE_PARAMETERS.includes(name));
  const toAsked = ({ field, scope, path, values }: Filter) => {
    // A dot in front, which says that it is a field, was left out of the name.
    const name = scope === "field" ? `.${formatFieldPath(path)}` : field;
    return values.map((value) => [name, value] as const);
  };
  if (others.length > 0) return { local: [], asked: [...others, ...filters.flatMap(toAsked)], mistakes };
  const local: { filter: Filter; column: Column }[] = [];
  const asked: (readonly [string, string])[] = [];
  for (const filter of filters) {
    const name = findFilterColumn(filter, names);
    const column = name === undefined ? undefined : findColumn(table, name);
    if (column?.isWhole) local.push({ filter, column });
    else asked.push(...toAsked(filter));
  }
  return { local, asked, mistakes };
}

/**
 * Chooses.
 *
 * @param hosts those that the server chose by `asked`; undefined where nothing is asked
 */
export function chooseHosts(
  { table, ages, names }: { readonly table: Table; readonly ages: Ages | undefined; readonly names: Names },
  choice: Choice,
  { local, mistakes }: Division,
  hosts: ReadonlySet<string> | undefined,
): Chosen {
  const chosen = new Uint8Array(table.count).fill(mistakes.length > 0 ? 0 : 1);
  for (const { filter, column } of local) applyFilter(filter, column, chosen);
  const shown = choice.columns.flatMap((name) => findColumn(table, name) ?? []);
  applyText(choice.text, shown, chosen);
  if (hosts)
    for (let row = 0; row < chosen.length; row++)
      if (chosen[row] === 1 && !hosts.has(readHost(table, row))) chosen[row] = 0;
  const rows = pickRows(orderTable(table, ages, names, choice.sort), chosen);
  const grouped = choice.group === undefined ? undefined : findColumn(table, choice.group);
  const open = new Set(choice.open);
  return {
    lines: grouped
      ? groupLines(rows, grouped, findOrder(grouped.name, names), (value) =>
          open.has(JSON.stringify(value ?? null)),
        )
      : listLines(rows),
    mistakes,
  };
}

/** Whose row it is, as formatHost has it. */
export function readHost(table: Table, row: number): string {
  return formatHost(readFirst(table, ID_COLUMN, row) ?? "", readFirst(table, ACCOUNT_COLUMN, row) ?? "");
}

/** The first value of a row in a column. */
export function readFirst(table: Table, name: string, row: number): string | undefined {
  const column = findColumn(table, name);
  return column && readTexts(column, row)[0];
}

/** All values of a row in a column. */
export function readTexts({ dictionary, starts, numbers }: Column, row: number): string[] {
  const texts: string[] = [];
  for (let at = starts[row] as number; at < (starts[row + 1] as number); at++) {
    const number = numbers[at] as number;
    if (number < dictionary.count) texts.push(dictionary.text(number));
  }
  return texts;
}

function findOrder(name: string, { versions }: Names): "versions" | "names" {
  return versions.has(name) ? "versions" : "names";
}

/** Rows of a table in order, as long as it is in memory; those by age follow from the ages. */
const kept = new WeakMap<Table, Map<string, Uint32Array>>();

/** Orders that are kept of one table. */
const MAX_KEPT_ORDERS = 8;

function orderTable(
  table: Table,
  ages: Ages | undefined,
  names: Names,
  sort: string | undefined,
): Uint32Array {
  const isDescending = sort?.startsWith("-") ?? false;
  const name = isDescending ? sort?.slice(1) : sort;
  if (name === AGE) return orderRows(table.count, [listReceived(table, ages, isDescending)]);
  const orders = kept.get(table) ?? new Map<string, Uint32Array>();
  kept.set(table, orders);
  const column = name === undefined ? undefined : findColumn(table, name);
  const order = column ? findOrder(column.name, names) : "names";
  const key = `${order} ${column ? sort : ""}`;
  const known = orders.get(key);
  if (known) return known;
  const ordered = orderRows(table.count, column ? [rankRows(column, order, isDescending)] : []);
  if (orders.size >= MAX_KEPT_ORDERS) orders.clear();
  orders.set(key, ordered);
  return ordered;
}

/**
 * Keys by age: the host that was heard of last has the smallest; of whom nothing is known the
 * largest.
 */
function listReceived(table: Table, ages: Ages | undefined, isDescending: boolean): Uint32Array {
  return Uint32Array.from({ length: table.count }, (_, row) => {
    const received = ages?.hosts.get(readHost(table, row))?.received;
    if (received === undefined) return 0xffff_ffff;
    return isDescending ? received : 0xffff_fffe - received;
  });
}
