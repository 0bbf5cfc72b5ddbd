// What of the hosts is shown, as the address has it: columns, order, groups, which hosts by age;
// and which columns the worker needs for that.
import { readConditions } from "../../../src/grammar/filter-line.ts";
import { parseFilter } from "../address/filter.ts";
import type { Parameters } from "../address/parameters.ts";
import { askAt } from "../address/past.ts";
import { AGE, type Choice, TABLE_PARAMETERS } from "../columns/chosen-hosts.ts";
import {
  ACCOUNT_COLUMN,
  findFilterColumn,
  ID_COLUMN,
  isOneName,
  type KnownName,
  type Names,
  readNames,
  toColumnName,
} from "../columns/held-names.ts";
import type { TableQuestion } from "../columns/table-source.ts";

/** As the API's parameter `fields` takes them. */
const MAX_HELD_COLUMNS = 64;

/** Columns that hold versions, of those that are shown or held without being asked for. */
const MAX_SHOWN_VERSIONS = 3;
const MAX_HELD_VERSIONS = 16;

/** What is shown first where the hosts have it; versions come after them. */
const USUAL = ["instance_name", ID_COLUMN, "instance_type", "instance_life_cycle", ACCOUNT_COLUMN];

/** Columns that are shown without being asked for where hosts have no usual names. */
const MAX_OTHERS = 5;

export const STATES = ["fresh", "silent", "all"] as const;

export interface HostChoices {
  readonly choice: Choice;
  readonly question: TableQuestion;
  readonly names: Names;
  readonly state: (typeof STATES)[number];
  /** Whether the columns are those that nobody chose. */
  readonly areUsual: boolean;
}

export function readHostChoices(parameters: Parameters, known: readonly KnownName[]): HostChoices {
  const names = readNames(known);
  const { conditions, text } = parseFilter(parameters.q);
  const chosen = splitNames(parameters.columns);
  const columns = chosen.length > 0 ? chosen : findUsual(known, names);
  const sort = parameters.sort ?? columns[0];
  const { group } = parameters;
  const read = readConditions(conditions);
  const state = STATES.find((one) => one === parameters.state) ?? "fresh";
  const own = read.parameters.filter(([name]) => TABLE_PARAMETERS.includes(name));
  const needed = [
    ID_COLUMN,
    ACCOUNT_COLUMN,
    ...columns,
    ...[group, sort?.replace(/^-/, "")].filter((name) => name !== undefined),
    ...read.filters.flatMap((filter) => findFilterColumn(filter, names) ?? []),
    ...[...names.labels].map((label) => toColumnName(label, true)),
    ...[...names.versions].slice(0, MAX_HELD_VERSIONS),
  ];
  return {
    names,
    state,
    areUsual: chosen.length === 0,
    choice: { conditions, text, columns, sort, group, open: readOpen(parameters.open) },
    question: askAt(
      {
        parameters: own.length > 0 ? own : state === "fresh" ? [] : [["state", state]],
        columns: [...new Set(needed)]
          .filter((name) => name !== AGE && isOneName(name))
          .slice(0, MAX_HELD_COLUMNS),
      },
      parameters.at,
    ),
  };
}

function findUsual(known: readonly KnownName[], { fields, labels, versions }: Names): string[] {
  const has = (name: string) => fields.has(name) || labels.has(name.replace(/^label\./, ""));
  const usual = USUAL.filter(has);
  const others = known
    .filter(
      ({ name, kinds }) => kinds.some((kind) => kind === "string" || kind === "number") && !OTHERS.test(name),
    )
    .map(({ name }) => toColumnName(name, false))
    .filter((name) => !usual.includes(name) && !versions.has(name) && isOneName(name));
  const shownVersions = [...versions].filter(isOneName).slice(0, MAX_SHOWN_VERSIONS);
  const more = usual.length > 2 ? [] : others.slice(0, MAX_OTHERS - usual.length);
  return [...usual, ...more, ...shownVersions];
}

/** What changes with each report, or is Rollcall's own. */
const OTHERS = /^(?:update_date|rollcall(?:\.|$))/;

/** What is shown: the age as well, at the end. */
export function withAge(columns: readonly string[]): readonly string[] {
  return [...columns.filter((name) => name !== AGE), AGE];
}

/** The parameter `columns`; a name with a comma cannot be one. */
export function formatColumns(columns: readonly string[]): string | undefined {
  return columns.length === 0 ? undefined : columns.join(",");
}

function splitNames(text: string | undefined): string[] {
  return [...new Set((text ?? "").split(",").filter((name) => name !== ""))];
}

/** Open groups: JSON of an array of texts and null. */
function readOpen(text: string | undefined): string[] {
  if (text === undefined) return [];
  try {
    const values = JSON.parse(text) as unknown;
    return Array.isArray(values) ? values.map((value) => JSON.stringify(value)) : [];
  } catch {
    // An address that somebody has cut.
    return [];
  }
}

export function formatOpen(open: readonly string[]): string | undefined {
  return open.length === 0 ? undefined : `[${open.join(",")}]`;
}
