// Versions: for each value of a field, how many hosts have it, how it divides by label, and what is
// behind the newest.

import { parseGivenName } from "../grammar/condition.ts";
import { compareNames, compareVersions, parseVersion, splitVersion } from "../grammar/version-order.ts";
import type { Segment } from "../roll/segment.ts";
import { readReport } from "../roll/view.ts";
import { ROW_BYTES, SHARED_YIELDER, sortInSlices, type Yielder } from "../roll/yielder.ts";
import { createBehindHosts } from "./behind-hosts.ts";
import { EMPTY_COLUMN, MAX_HOST_VALUES } from "./column.ts";
import type { Cut } from "./cut.ts";
import type { FieldValues } from "./field-values.ts";
import { type Groups, groupHosts, type HostSelection, SEVERAL, type Sources } from "./groups.ts";
import { describeShared, readNamedValues } from "./named-values.ts";
import {
  type Baseline,
  findBaseline,
  findNewer,
  findOwners,
  type Owners,
  type SplitValue,
} from "./newest.ts";
import { TruncatedHosts } from "./truncated-hosts.ts";
import { countTotals, divide, shareOfVariant, type Totals } from "./variant-shares.ts";
import type { VersionQuestion } from "./version-query.ts";
import { visitRows } from "./visit-rows.ts";

/** One value of a field, and the hosts that have it. */
export interface VersionCount {
  /** The field, as it was asked for. */
  readonly field: string;
  /** As text; null stands for the hosts that have no value there. */
  readonly value: string | null;
  /** The value without its version: `A_red` of `A_red_1.9`. */
  readonly variant: string;
  /** `1.9` of `A_red_1.9`; "" where the value holds no version. */
  readonly version: string;
  /** Hosts. One whose array holds several values counts once for each distinct one. */
  readonly count: number;
  /** Of the hosts in question, those with no value included; 0 to 1, four decimals. */
  readonly share: number;
  /**
   * Of the hosts that have this variant, in any version; of a version that stands alone, of those
   * in the services that have it. null where there is none (no value), and where values were left
   * out, so that it cannot be told.
   */
  readonly share_of_variant: number | null;
  /**
   * Whether another value of the same variant has a newer version; for a version that stands alone,
   * in every service that has it.
   */
  readonly behind: boolean;
  /** The newest version of what it is behind. */
  readonly newest?: string;
  /** Hosts by the value of the label or field that was asked for; "" for hosts that have none. */
  readonly by?: Readonly<Record<string, number>>;
  /** Host ids. */
  readonly hosts?: readonly string[];
}

export interface Versions {
  /**
   * By field in the order of the question; then by variant, the newest version first; hosts without
   * a value last.
   */
  readonly values: readonly VersionCount[];
  /** The hosts in question. */
  readonly hosts: number;
  /**
   * Hosts of which some value is behind, each once; undefined where that cannot be told, since
   * values were left out, or not all of a host's were looked at.
   */
  readonly behind: number | undefined;
  /** Values that were left out, since there were too many: those of the fewest hosts. */
  readonly omitted: number;
  /** Of which hosts not all was counted. */
  readonly cuts: readonly Cut[];
  /** Which names mean two things, in words. */
  readonly warnings: readonly string[];
  /** Of the labels and fields to divide by, those that none of the hosts has. */
  readonly unknownGroups: readonly string[];
  /** By field, what the values were compared with. */
  readonly standards: ReadonlyMap<string, Baseline>;
}

/** Values of a field in one answer; who writes reports chooses how many there are. */
const MAX_ANSWER_VALUES = 10_000;
export interface CountSources extends Sources {
  /**
   * What values are compared with, where that is not the hosts in question but more: the standards
   * of an earlier answer about those.
   */
  readonly standards?: ReadonlyMap<string, Baseline>;
}

/** Counts. */
export async function countVersions(
  chosen: HostSelection,
  { fields, by, hosts }: VersionQuestion,
  sources: CountSources,
): Promise<Versions> {
  const { positions } = chosen;
  const yielder = sources.yielder ?? SHARED_YIELDER;
  const groups = by.length > 0 ? await groupHosts(chosen, by, sources) : undefined;
  const values: VersionCount[] = [];
  const standards = new Map<string, Baseline>();
  const cuts: Cut[] = [...(groups?.cuts ?? [])];
  const warnings: string[] = [...(groups?.warnings ?? [])];
  const behindHosts = createBehindHosts(chosen, yielder);
  let omitted = 0;
  let isAllSeen = true;
  for (const field of fields) {
    const name = parseGivenName(field);
    const fieldValues = await readNamedValues(name, chosen.table, sources);
    warnings.push(...describeShared(name, fieldValues));
    const counts = await countHosts(chosen, fieldValues, yielder);
    const shown = chooseShown(counts);
    omitted += counts.distinct - shown.length;
    isAllSeen &&= counts.cut.count === 0;
    cuts.push(
      ...counts.cut.tell(
        "host_values",
        (who) =>
          `${who} counted with the first ${MAX_HOST_VALUES} values of ` +
          `${JSON.stringify(field)} alone, of more`,
      ),
    );
    const details =
      groups || hosts ? await tallyShown(chosen, fieldValues, shown, { groups, hosts, yielder }) : undefined;
    const split: SplitTally[] = [];
    for (const [place, number] of shown.entries()) {
      const value = number === fieldValues.count ? null : fieldValues.text(number);
      await yielder.spend(SPLIT_BYTES + (value?.length ?? 0));
      const count = counts.hosts[number] as number;
      split.push(splitTally({ number, value, count, ...details?.(place) }));
    }
    const known = sources.standards?.get(field);
    const owners = await findOwners(chosen, fieldValues, split, sources, known);
    const baseline = known ?? findBaseline(split, owners);
    standards.set(field, baseline);
    const old = split.filter((one) => findNewer(one, baseline, owners) !== undefined);
    await behindHosts.note(
      fieldValues,
      old.map(({ number }) => number),
    );
    const isWhole = counts.distinct === shown.length;
    const counted = { split, several: counts.several, owners, isWhole };
    const total = await countTotals(chosen, fieldValues, counted, sources);
    for (const value of await describeValues(field, split, total, { baseline, owners, yielder }))
      values.push(value);
  }
  return {
    values,
    hosts: positions.length,
    behind: isAllSeen && omitted === 0 ? behindHosts.count() : undefined,
    omitted,
    cuts,
    warnings,
    unknownGroups: groups?.unknown ?? [],
    standards,
  };
}

/** What looking for the version in a value costs besides its length; bytes. */
const SPLIT_BYTES = 512;

/** What was counted of one value. */
interface Tally {
  /** In the field's dictionary; the number after the last for hosts without a value. */
  readonly number: number;
  readonly value: string | null;
  readonly count: number;
  readonly by?: Record<string, number>;
  readonly hosts?: string[];
}

/** How many hosts have each value. */
interface Counts {
  /** By number; the last one is of hosts without a value. */
  readonly hosts: Uint32Array;
  /** By number, the fewest values that a host of it has. */
  readonly fewest: Uint16Array;
  /** Values that some host has. */
  readonly distinct: number;
  /** Hosts that have more values than were read. */
  readonly cut: TruncatedHosts;
  /** The places of hosts that have several values. */
  readonly several: readonly number[];
}

async function countHosts(
  { table, positions }: HostSelection,
  values: FieldValues,
  yielder: Yielder,
): Promise<Counts> {
  const none = values.count;
  const hosts = new Uint32Array(none + 1);
  const fewest = new Uint16Array(none + 1).fill(0xffff);
  const cut = new TruncatedHosts();
  const several: number[] = [];

  let column = EMPTY_COLUMN;
  function open(segment: Segment): void {
    column = values.column(segment);
  }
  function visit(place: number, row: number): number {
    const end = column.starts[row + 1] as number;
    const first = column.starts[row] as number;
    const among = end - first;
    if (among === 0) hosts[none] = (hosts[none] as number) + 1;
    for (let index = first; index < end; index++) {
      const number = column.numbers[index] as number;
      hosts[number] = (hosts[number] as number) + 1;
      if ((fewest[number] as number) > among) fewest[number] = among;
    }
    if (among > 1) several.push(place);
    if (among >= MAX_HOST_VALUES && column.cut.has(row)) cut.add(table, positions, place);
    return ROW_BYTES + among * NUMBER_BYTES;
  }
  await visitRows({ table, positions }, open, visit, yielder);
  if ((hosts[none] as number) > 0) fewest[none] = 0;
  let distinct = 0;
  for (const count of hosts) if (count > 0) distinct++;
  return { hosts, fewest, distinct, cut, several };
}

/** What a number costs where it is looked at; bytes. */
const NUMBER_BYTES = 4;

/**
 * The values that are shown: all, or those of the most hosts, and of as many those of hosts that
 * have few values, so that one that has very many pushes nobody else's out. Hosts without a value
 * are always shown.
 */
function chooseShown({ hosts, fewest, distinct }: Counts): number[] {
  const none = hosts.length - 1;
  const rank = (number: number) => (number === none ? Number.POSITIVE_INFINITY : (hosts[number] as number));
  const found: number[] = [];
  for (const [number, count] of hosts.entries()) if (count > 0) found.push(number);
  if (distinct > MAX_ANSWER_VALUES) {
    const order = (a: number, b: number) =>
      rank(b) - rank(a) || (fewest[a] as number) - (fewest[b] as number);
    found.sort(order).length = MAX_ANSWER_VALUES;
  }
  return found;
}

/**
 * Divides the hosts of the shown values by group, and names them. @returns by a value's place among
 * the shown ones
 */
async function tallyShown(
  { table, positions }: HostSelection,
  values: FieldValues,
  shown: readonly number[],
  {
    groups,
    hosts,
    yielder,
  }: { readonly groups: Groups | undefined; readonly hosts: boolean; readonly yielder: Yielder },
): Promise<(place: number) => Pick<Tally, "by" | "hosts">> {
  const none = values.count;
  /** By number, its place among the shown ones, and one more, since 0 is none. */
  const placeOf = new Uint32Array(none + 1);
  for (const [place, number] of shown.entries()) placeOf[number] = place + 1;
  const cells = groups && createCells(groups.names.length, shown.length);
  const named = hosts ? shown.map((): string[] => []) : undefined;

  function note(number: number, group: number | readonly number[], id: string): void {
    const place = (placeOf[number] as number) - 1;
    if (place < 0) return;
    if (typeof group === "number") cells?.add(group, place);
    else for (const one of group) cells?.add(one, place);
    named?.[place]?.push(id);
  }

  /** A host's group; several in a list, which is seldom. */
  function groupOf(place: number): number | readonly number[] {
    const single = groups?.single[place] ?? 0;
    return single === SEVERAL ? (groups?.several.get(place) ?? []) : single;
  }

  let column = EMPTY_COLUMN;
  function open(segment: Segment): void {
    column = values.column(segment);
  }
  function visit(place: number, row: number): number {
    const { starts, numbers } = column;
    const [first, end] = [starts[row] as number, starts[row + 1] as number];
    const group = groupOf(place);
    const id = named ? readReport(table, positions[place] as number).id : "";
    if (first === end) note(none, group, id);
    for (let index = first; index < end; index++) note(numbers[index] as number, group, id);
    return ROW_BYTES + (end - first) * (typeof group === "number" ? 2 : 1 + group.length) * NUMBER_BYTES;
  }
  await visitRows({ table, positions }, open, visit, yielder);
  return (place) => ({
    ...(groups && cells && { by: describeGroups(groups.names, (group) => cells.read(group, place)) }),
    ...(named && { hosts: named[place] ?? [] }),
  });
}

function describeGroups(names: readonly string[], count: (group: number) => number): Record<string, number> {
  // fromEntries defines even a group that is called __proto__, where an assignment would not.
  return Object.fromEntries(
    names.map((name, group) => [name, count(group)] as const).filter(([, hosts]) => hosts > 0),
  );
}

/** Counts by group and shown value; both are bounded, and so are the cells, to some two million. */
function createCells(groups: number, values: number) {
  const cells = new Uint32Array(groups * values);
  return {
    add: (group: number, value: number) => {
      const cell = group * values + value;
      cells[cell] = (cells[cell] as number) + 1;
    },
    read: (group: number, value: number) => cells[group * values + value] as number,
  };
}

/** A value that was counted and split. */
interface SplitTally extends SplitValue {
  readonly tally: Tally;
}

function splitTally(tally: Tally): SplitTally {
  const { variant, version } =
    tally.value === null ? { variant: "", version: "" } : splitVersion(tally.value);
  return { tally, number: tally.number, variant, version, order: parseVersion(version) };
}

/** Orders values, and says what is behind. */
async function describeValues(
  field: string,
  split: readonly SplitTally[],
  total: Totals,
  {
    baseline,
    owners,
    yielder,
  }: { readonly baseline: Baseline; readonly owners: Owners | undefined; readonly yielder: Yielder },
): Promise<VersionCount[]> {
  const ordered = await sortInSlices(
    split,
    (a, b) =>
      Number(a.tally.value === null) - Number(b.tally.value === null) ||
      compareNames(a.variant, b.variant) ||
      Number(a.version === "") - Number(b.version === "") ||
      compareVersions(b.order, a.order, baseline.variants.get(a.variant)?.packaging) ||
      compareNames(a.tally.value ?? "", b.tally.value ?? ""),
    yielder,
  );
  return ordered.map((one) => {
    const { value, count, by, hosts: ids } = one.tally;
    const newest = findNewer(one, baseline, owners);
    return {
      field,
      value,
      variant: one.variant,
      version: one.version,
      count,
      share: divide(count, total.hosts),
      share_of_variant: shareOfVariant(one, total, owners),
      behind: newest !== undefined,
      ...(newest !== undefined && { newest }),
      ...(by && { by }),
      ...(ids && { hosts: ids }),
    };
  });
}
