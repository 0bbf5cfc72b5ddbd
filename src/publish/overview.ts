// The overview that publishers publish: coverage, versions by environment, and the same for each
// service with the hosts that are behind.
import { type Coverage, judgeCoverage } from "../questions/coverage.ts";
import { discoverFields } from "../questions/discovery.ts";
import { groupHosts, type HostSelection, OTHERS, SEVERAL, type Sources } from "../questions/groups.ts";
import { parseQuery } from "../questions/query.ts";
import { selectReports } from "../questions/selection.ts";
import { countVersions, type VersionCount } from "../questions/versions.ts";
import type { RollView } from "../roll/view.ts";
import { readReport } from "../roll/view.ts";
import { HOST_NAME_BYTES, inSlices, ROW_BYTES, SHARED_YIELDER, type Yielder } from "../roll/yielder.ts";
import { selectShown } from "./shown-values.ts";

/** What an overview shows. */
export interface OverviewSettings {
  readonly title: string;
  /** Fields whose versions are shown; those that hold versions, where none is named. */
  readonly fields: readonly string[];
  /** The label or field that makes the columns. */
  readonly by: string;
  /** The label or field each value of which gets a part of its own; "" for none. */
  readonly parts: string;
}

/** The versions of one field. */
export interface FieldVersions {
  readonly field: string;
  readonly values: readonly VersionCount[];
}

/** A host, and what it has that is behind. */
export interface HostBehind {
  readonly id: string;
  /** Field, value, and the newest version of what it is behind. */
  readonly values: readonly { readonly field: string; readonly value: string; readonly newest: string }[];
}

/** One service, say. */
export interface OverviewPart {
  /** "" for the hosts that have none. */
  readonly name: string;
  readonly hosts: number;
  readonly fields: readonly FieldVersions[];
  /** By id; at most MAX_BEHIND. */
  readonly behind: readonly HostBehind[];
  readonly behindCount: number;
}

/**
 * Which hosts there are, and what each has: all of it, where the rest of an overview is trimmed.
 */
export interface Inventory {
  /** Ids of the fresh hosts, in the roll's order. */
  readonly hosts: readonly string[];
  /** Every value with the ids of its hosts, in the order of the answer about versions. */
  readonly fields: readonly FieldVersions[];
  /** Values that even here were left out, since there were too many: those of the fewest hosts. */
  readonly omitted: number;
}

export interface Overview {
  readonly settings: OverviewSettings;
  /** ms since the epoch. */
  readonly asOf: number;
  readonly hosts: number;
  readonly coverage: Coverage;
  readonly fields: readonly FieldVersions[];
  readonly inventory: Inventory;
  /** Of all hosts, how many have something that is behind. */
  readonly behindCount: number;
  /** Those of most hosts first; what comes after MAX_OVERVIEW_PARTS is left out, and counted. */
  readonly parts: readonly OverviewPart[];
  readonly partsOmitted: number;
  /** Of the settings' fields and labels, those that no host has: mistyped, mostly. */
  readonly absent: readonly string[];
  /** What was bounded, in words: of which hosts not all was counted. */
  readonly bounds: readonly string[];
}

/** Who writes reports chooses how many services there are, and how many values. */
const MAX_OVERVIEW_PARTS = 40;
const MAX_BEHIND = 1000;
const MAX_PART_VALUES = 200;

export interface OverviewSources extends Sources {
  readonly windowMs: number;
  readonly expected?: ReadonlySet<string> | undefined;
}

/** Gathers an overview of the fresh reports of a view. */
export async function gatherOverview(
  view: RollView,
  settings: OverviewSettings,
  sources: OverviewSources,
): Promise<Overview> {
  const selection = await selectReports(view, parseQuery([], sources.windowMs), sources);
  const all = { table: selection.table, positions: selection.positions };
  const fields = settings.fields.length > 0 ? settings.fields : await discoverFields(all, sources.yielder);
  const question = { fields, by: [settings.by], hosts: true };
  const { values, standards, unknownGroups, bounds, omitted } = await countVersions(all, question, sources);
  const whole = groupByField(fields, values);
  const { found, bounds: partBounds } =
    settings.parts === "" ? { found: [], bounds: [] } : await listParts(all, settings.parts, sources);
  const isAbsent = (field: string) => !values.some((one) => one.field === field && one.value !== null);
  const absent = [
    ...settings.fields.filter(isAbsent),
    ...unknownGroups,
    ...(found.some(({ name }) => name !== "") ? [] : [settings.parts]),
  ];
  const parts: OverviewPart[] = [];
  const behindIds = new Set<string>();
  for (const { name, hosts } of found.slice(0, MAX_OVERVIEW_PARTS)) {
    const positions = await hosts();
    // A part that has no host with the newest version is behind all the same: the whole fleet is
    // the standard.
    const counted = await countVersions({ table: all.table, positions }, question, { ...sources, standards });
    const own = groupByField(fields, counted.values);
    const behind = findBehind(own);
    for (const { id } of behind) behindIds.add(id);
    parts.push({
      name,
      hosts: positions.length,
      fields: own.map(trim),
      behind: behind.slice(0, MAX_BEHIND),
      behindCount: behind.length,
    });
  }
  return {
    settings,
    asOf: view.asOf,
    hosts: all.positions.length,
    coverage: await judgeCoverage(view, sources.windowMs, sources.expected, sources.yielder),
    fields: whole.map(trim),
    inventory: { hosts: await listIds(all, sources.yielder ?? SHARED_YIELDER), fields: whole, omitted },
    behindCount: parts.length > 0 ? behindIds.size : findBehind(whole).length,
    parts,
    partsOmitted: Math.max(0, found.length - MAX_OVERVIEW_PARTS),
    bounds: [...new Set([...bounds, ...partBounds])],
    absent: all.positions.length === 0 ? [] : [...new Set(absent.filter((name) => name !== ""))],
  };
}

async function listIds({ table, positions }: HostSelection, yielder: Yielder): Promise<string[]> {
  const ids: string[] = [];
  for (const at of positions) {
    const wait = yielder.spend(HOST_NAME_BYTES);
    if (wait !== undefined) await wait;
    ids.push(readReport(table, at).id);
  }
  return ids;
}

function groupByField(fields: readonly string[], values: readonly VersionCount[]): FieldVersions[] {
  return fields.map((field) => ({ field, values: values.filter((value) => value.field === field) }));
}

/** What may have a part of its own. */
interface FoundPart {
  readonly name: string;
  /** The positions of its hosts, ascending. */
  hosts(): Promise<Uint32Array>;
}

/** The values of a label or field, those of most hosts first. */
async function listParts(
  all: HostSelection,
  name: string,
  sources: OverviewSources,
): Promise<{ readonly found: readonly FoundPart[]; readonly bounds: readonly string[] }> {
  const groups = await groupHosts(all, [name], sources);
  const yielder = sources.yielder ?? SHARED_YIELDER;
  const groupsOf = (place: number): readonly number[] => {
    const single = groups.single[place] as number;
    return single === SEVERAL ? (groups.several.get(place) ?? []) : [single];
  };
  const sizes = new Uint32Array(groups.names.length);
  const countSlice = (from: number, bytes: number): number => {
    let place = from;
    for (let left = bytes; left > 0 && place < all.positions.length; place++) {
      const numbers = groupsOf(place);
      for (const number of numbers) sizes[number] = (sizes[number] as number) + 1;
      left -= ROW_BYTES * (1 + numbers.length);
    }
    return place;
  };
  await inSlices(all.positions.length, countSlice, yielder);
  const listHosts = async (number: number): Promise<Uint32Array> => {
    const positions = new Uint32Array(sizes[number] as number);
    let count = 0;
    const takeSlice = (from: number, bytes: number): number => {
      let place = from;
      for (let left = bytes; left > 0 && place < all.positions.length; place++, left -= ROW_BYTES)
        if (groupsOf(place).includes(number)) positions[count++] = all.positions[place] as number;
      return place;
    };
    await inSlices(all.positions.length, takeSlice, yielder);
    return positions;
  };
  const found = groups.names
    .map((value, number) => ({ value, number, hosts: sizes[number] as number }))
    // What is counted together has no part of its own; the bounds say so.
    .filter(
      ({ value, number }) =>
        !(value === OTHERS && groups.bounds.length > 0 && number === groups.names.length - 1),
    )
    .sort((a, b) => b.hosts - a.hosts || (a.value < b.value ? -1 : 1))
    .map(({ value, number }) => ({ name: value, hosts: () => listHosts(number) }));
  return { found, bounds: groups.bounds };
}

/** The hosts that have something that is behind. */
function findBehind(fields: readonly FieldVersions[]): HostBehind[] {
  const hosts = new Map<string, HostBehind["values"][number][]>();
  for (const { field, values } of fields) {
    for (const { value, newest, hosts: ids = [] } of values) {
      if (value === null || newest === undefined) continue;
      for (const id of ids) {
        const known = hosts.get(id);
        if (known) known.push({ field, value, newest });
        else hosts.set(id, [{ field, value, newest }]);
      }
    }
  }
  return [...hosts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, values]) => ({ id, values }));
}

/** Without the hosts' names, and without the values of the fewest hosts. */
function trim({ field, values }: FieldVersions): FieldVersions {
  return { field, values: selectShown(values, MAX_PART_VALUES).map(({ hosts: _, ...value }) => value) };
}
