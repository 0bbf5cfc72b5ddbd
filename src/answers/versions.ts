// Versions: for each value of a field, how many hosts have it, how it divides by label, and what is behind the newest.
import type { Segment } from "../roll/segment.ts";
import { segmentAt } from "../roll/table.ts";
import { readReport } from "../roll/view.ts";
import { EMPTY_COLUMN, type FieldValues } from "./field-values.ts";
import { type Chosen, type Groups, groupHosts, inSlices, type Sources } from "./groups.ts";
import { findNewer, findOwners, findStandard, type Owners, type SplitValue, type Standard } from "./newest.ts";
import { parseFieldPath } from "./path.ts";
import { compareNames, compareVersions, parseVersion, splitVersion } from "./version-order.ts";
import type { VersionQuestion } from "./version-query.ts";

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
  /** Whether another value of the same variant has a newer version; for a version that stands alone, in every service that has it. */
  readonly behind: boolean;
  /** The newest version of what it is behind. */
  readonly newest?: string;
  /** Hosts by the value of the label or field that was asked for; "" for hosts that have none. */
  readonly by?: Readonly<Record<string, number>>;
  /** Host ids. */
  readonly hosts?: readonly string[];
}

export interface Versions {
  /** By field in the order of the question; then by variant, the newest version first; hosts without a value last. */
  readonly values: readonly VersionCount[];
  /** The hosts in question. */
  readonly hosts: number;
  /** Values that were left out, since there were too many: those of the fewest hosts. */
  readonly omitted: number;
  /** Of the labels and fields to divide by, those that none of the hosts has. */
  readonly unknownGroups: readonly string[];
  /** By field, what the values were compared with. */
  readonly standards: ReadonlyMap<string, Standard>;
}

/** Values of a field in one answer; who writes reports chooses how many there are. */
const MAX_VALUES = 10_000;
export interface CountSources extends Sources {
  /** What values are compared with, where that is not the hosts in question but more: the standards of an earlier answer about those. */
  readonly standards?: ReadonlyMap<string, Standard>;
}

/** Counts. */
export async function countVersions(
  chosen: Chosen,
  { fields, by, hosts }: VersionQuestion,
  sources: CountSources,
): Promise<Versions> {
  const { table, positions } = chosen;
  const groups = by.length > 0 ? await groupHosts(chosen, by, sources) : undefined;
  const values: VersionCount[] = [];
  const standards = new Map<string, Standard>();
  let omitted = 0;
  for (const field of fields) {
    const path = parseFieldPath(field);
    if (!path) throw new Error(`${field} is no field`);
    const fieldValues = await sources.reader.read(path, table);
    const tally = await tallyField(chosen, fieldValues, groups, hosts);
    const counted = tally.sort((a, b) => b.count - a.count);
    omitted += Math.max(0, counted.length - MAX_VALUES);
    const split = counted.slice(0, MAX_VALUES).map(splitTally);
    const known = sources.standards?.get(field);
    const owners = await findOwners(chosen, fieldValues, split, sources, known);
    const standard = known ?? findStandard(split, owners);
    standards.set(field, standard);
    values.push(...describeValues(field, split, positions.length, { standard, owners }));
  }
  return { values, hosts: positions.length, omitted, unknownGroups: groups?.unknown ?? [], standards };
}

/** What was counted of one value. */
interface Tally {
  /** In the field's dictionary; the number after the last for hosts without a value. */
  readonly number: number;
  readonly value: string | null;
  readonly count: number;
  readonly by?: Record<string, number>;
  readonly hosts?: string[];
}

async function tallyField(
  { table, positions }: Chosen,
  values: FieldValues,
  groups: Groups | undefined,
  withHosts: boolean,
): Promise<Tally[]> {
  // The last number is that of hosts without a value.
  const none = values.count;
  const counts = new Uint32Array(none + 1);
  const cells = groups && createCells(groups.names.length, none + 1);
  const named = withHosts ? new Map<number, string[]>() : undefined;

  function note(number: number, place: number): void {
    if (groups && cells) for (const group of groups.of(place)) cells.add(group, number);
    if (!named) return;
    const ids = named.get(number) ?? [];
    if (ids.length === 0) named.set(number, ids);
    ids.push(readReport(table, positions[place] as number).id);
  }

  const isPlain = !groups && !named;
  function countSlice(from: number, to: number): void {
    let segment: Segment | undefined;
    let { starts, numbers } = EMPTY_COLUMN;
    for (let place = from; place < to; place++) {
      const at = positions[place] as number;
      const own = segmentAt(table, at);
      // Neighbours mostly lie in one segment.
      if (own !== segment) {
        segment = own;
        ({ starts, numbers } = values.column(own));
      }
      const row = table.rowOf[at] as number;
      const end = starts[row + 1] as number;
      const first = starts[row] as number;
      for (let index = first; index < end || index === first; index++) {
        const number = first === end ? none : (numbers[index] as number);
        counts[number] = (counts[number] as number) + 1;
        if (!isPlain) note(number, place);
      }
    }
  }
  await inSlices(positions.length, countSlice);

  const tallies: Tally[] = [];
  for (const [number, hostCount] of counts.entries()) {
    if (hostCount === 0) continue;
    tallies.push({
      number,
      value: number === none ? null : values.text(number),
      count: hostCount,
      ...(groups && cells && { by: describeGroups(groups.names, (group) => cells.read(group, number)) }),
      ...(named && { hosts: named.get(number) ?? [] }),
    });
  }
  return tallies;
}

function describeGroups(names: readonly string[], count: (group: number) => number): Record<string, number> {
  // fromEntries defines even a group that is called __proto__, where an assignment would not.
  return Object.fromEntries(names.map((name, group) => [name, count(group)] as const).filter(([, hosts]) => hosts > 0));
}

/** Counts in more cells are kept by cell: most of them are 0 then. */
const MAX_DENSE_CELLS = 4_000_000;

/** Counts by group and value. */
function createCells(groups: number, values: number) {
  const sparse = new Map<number, number>();
  if (groups * values > MAX_DENSE_CELLS) {
    return {
      add: (group: number, value: number) => sparse.set(value * groups + group, (sparse.get(value * groups + group) ?? 0) + 1),
      read: (group: number, value: number) => sparse.get(value * groups + group) ?? 0,
    };
  }
  const dense = new Uint32Array(groups * values);
  return {
    add: (group: number, value: number) => {
      const cell = group * values + value;
      dense[cell] = (dense[cell] as number) + 1;
    },
    read: (group: number, value: number) => dense[group * values + value] as number,
  };
}

/** A value that was counted and split. */
interface SplitTally extends SplitValue {
  readonly tally: Tally;
}

function splitTally(tally: Tally): SplitTally {
  const { variant, version } = tally.value === null ? { variant: "", version: "" } : splitVersion(tally.value);
  return { tally, number: tally.number, variant, version, order: parseVersion(version) };
}

/** Orders values, and says what is behind. */
function describeValues(
  field: string,
  split: readonly SplitTally[],
  hosts: number,
  { standard, owners }: { readonly standard: Standard; readonly owners: Owners | undefined },
): VersionCount[] {
  const ordered = split.toSorted(
    (a, b) =>
      Number(a.tally.value === null) - Number(b.tally.value === null) ||
      compareNames(a.variant, b.variant) ||
      Number(a.version === "") - Number(b.version === "") ||
      compareVersions(b.order, a.order, standard.variants.get(a.variant)?.packaging) ||
      compareNames(a.tally.value ?? "", b.tally.value ?? ""),
  );
  return ordered.map((one) => {
    const { value, count, by, hosts: ids } = one.tally;
    const newest = findNewer(one, standard, owners);
    return {
      field,
      value,
      variant: one.variant,
      version: one.version,
      count,
      share: Math.round((count / hosts) * 10_000) / 10_000,
      behind: newest !== undefined,
      ...(newest !== undefined && { newest }),
      ...(by && { by }),
      ...(ids && { hosts: ids }),
    };
  });
}
