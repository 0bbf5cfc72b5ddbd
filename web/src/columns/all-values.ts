// The values of a name: out of the table's column where it is held, else as the server counts them.

import { askAt } from "../address/past.ts";
import { ask } from "../api/answer.ts";
import type { components } from "../api/openapi.d.ts";
import { findColumn } from "./column-filter.ts";
import { isOneName, type Names, toColumnName } from "./held-names.ts";
import type { HeldValue } from "./messages.ts";
import type { Table } from "./table.ts";

type VersionCount = components["schemas"]["VersionCount"];

/** Values that are told at a time. */
const MAX_FOUND_VALUES = 12;

/** So long the server's word holds; ms. */
const KEPT_MS = 60_000;

let counted:
  | { readonly key: string; readonly countedAt: number; readonly values: readonly HeldValue[] }
  | undefined;

/**
 * Finds values that have a text in them, those of most hosts first.
 *
 * @param wanted.name as /v1/fields has it
 * @throws Failure
 */
export async function findValues(
  { name, text, at }: { readonly name: string; readonly text: string; readonly at: string | undefined },
  names: Names,
  table: Table | undefined,
): Promise<readonly HeldValue[]> {
  const all = listColumn(name, names, table) ?? (await countValues(name, at));
  const wanted = text.toLowerCase();
  return all
    .filter(({ value }) => value.toLowerCase().includes(wanted))
    .toSorted((a, b) => b.hosts - a.hosts || (a.value < b.value ? -1 : 1))
    .slice(0, MAX_FOUND_VALUES);
}

function listColumn(name: string, names: Names, table: Table | undefined): readonly HeldValue[] | undefined {
  const isLabel = !names.fields.has(name) && names.labels.has(name.replace(/^label\./, ""));
  const column = table && findColumn(table, toColumnName(name, isLabel));
  if (!column) return undefined;
  const { dictionary, numbers } = column;
  const hosts = new Uint32Array(dictionary.count);
  for (const number of numbers) if (number < hosts.length) hosts[number] = (hosts[number] as number) + 1;
  return Array.from(hosts, (count, number) => ({ value: dictionary.text(number), hosts: count }));
}

async function countValues(name: string, at: string | undefined): Promise<readonly HeldValue[]> {
  // In a list, which the parameter takes, it would be two names.
  if (!isOneName(name)) return [];
  const now = performance.now();
  const key = `${at ?? ""} ${name}`;
  if (counted?.key === key && now - counted.countedAt < KEPT_MS) return counted.values;
  const parameters = [
    ["field", name],
    ["lenient", "true"],
  ] as const;
  const { body } = await ask<readonly VersionCount[]>(askAt({ path: "versions", parameters }, at));
  const values = body.flatMap(({ value, count }) => (value === null ? [] : [{ value, hosts: count }]));
  counted = { key, countedAt: now, values };
  return values;
}
