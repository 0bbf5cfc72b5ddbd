// The newest: of each variant, and of versions that stand alone in each service; what values are
// compared with.

import type { Packaging } from "../grammar/package-version.ts";
import {
  compareVersions,
  findPackaging,
  joinPackaging,
  type ParsedVersion,
} from "../grammar/version-order.ts";
import type { Segment } from "../roll/segment.ts";
import { segmentAt } from "../roll/table.ts";
import { inSlices, ROW_BYTES, SHARED_YIELDER, type Yielder } from "../roll/yielder.ts";
import { type Column, EMPTY_COLUMN } from "./column.ts";
import type { FieldValues } from "./field-values.ts";
import type { HostSelection, Sources } from "./groups.ts";
import { readNamedValues } from "./named-values.ts";

/**
 * The label whose values have applications of their own. Of a version that stands alone (`2.10.0`)
 * nobody says whose it is: it says nothing of the `1.2.3` of another service.
 */
export const OWNER_LABEL = "service";

/** A value as it was split. */
export interface SplitValue {
  /** In the field's dictionary. */
  readonly number: number;
  readonly variant: string;
  readonly version: string;
  readonly order: ParsedVersion;
}

/** The newest version among some, and whose order they have. */
interface Newest {
  readonly version: string;
  readonly order: ParsedVersion;
  readonly packaging: Packaging | undefined;
}

/** What the values of one field are compared with. */
export interface Baseline {
  /** By variant. */
  readonly variants: ReadonlyMap<string, Newest>;
  /**
   * Of versions that stand alone, by the service that has them; undefined where they are compared
   * as one variant.
   */
  readonly services: ReadonlyMap<string, Newest> | undefined;
}

/**
 * By the number of a version that stands alone: the services that have it, "" for hosts of none.
 */
export type Owners = ReadonlyMap<number, readonly string[]>;

/** Finds what the values of some hosts are compared with. */
export function findBaseline(values: readonly SplitValue[], owners: Owners | undefined): Baseline {
  const variants = new Map<string, SplitValue[]>();
  const services = new Map<string, SplitValue[]>();
  for (const value of values) {
    if (value.version === "") continue;
    add(variants, value.variant, value);
    if (value.variant === "")
      for (const service of owners?.get(value.number) ?? []) add(services, service, value);
  }
  return { variants: findNewest(variants), services: owners && findNewest(services) };
}

function add(groups: Map<string, SplitValue[]>, name: string, value: SplitValue): void {
  const group = groups.get(name);
  if (group) group.push(value);
  else groups.set(name, [value]);
}

function findNewest(groups: ReadonlyMap<string, readonly SplitValue[]>): ReadonlyMap<string, Newest> {
  const newest = new Map<string, Newest>();
  for (const [name, group] of groups) {
    const packaging = findPackaging(group.map(({ order }) => order));
    const { version, order } = group.reduce((a, b) =>
      compareVersions(b.order, a.order, packaging) > 0 ? b : a,
    );
    newest.set(name, { version, order, packaging });
  }
  return newest;
}

/**
 * Finds the version that a value is behind; undefined if it is not. One that stands alone is behind
 * if there is a newer one in every service that has it; where they differ, the oldest of those is
 * what is newer everywhere.
 */
export function findNewer(
  value: SplitValue,
  { variants, services }: Baseline,
  owners: Owners | undefined,
): string | undefined {
  if (value.version === "") return undefined;
  const newest =
    value.variant === "" && services && owners
      ? (owners.get(value.number) ?? []).map((service) => services.get(service))
      : [variants.get(value.variant)];
  let least: Newest | undefined;
  for (const one of newest) {
    if (!one || compareVersions(value.order, one.order, one.packaging) >= 0) return undefined;
    if (!least || compareVersions(one.order, least.order, joinPackaging(one.packaging, least.packaging)) < 0)
      least = one;
  }
  return least?.version;
}

/** Pairs are kept by cell in a field of bits, unless there are more cells than this. */
const MAX_DENSE_CELLS = 4_000_000;

/**
 * Finds the services of versions that stand alone, if there are services, and several such
 * versions, or a standard that knows them by service. It is one pass over numbers.
 */
export async function findOwners(
  { table, positions }: HostSelection,
  values: FieldValues,
  split: readonly SplitValue[],
  { labels, reader, yielder = SHARED_YIELDER }: Sources,
  baseline: Baseline | undefined,
): Promise<Owners | undefined> {
  const alone = split.filter(({ variant, version }) => variant === "" && version !== "");
  const isNeeded = baseline ? baseline.services !== undefined : alone.length > 1;
  if (!labels.has(OWNER_LABEL) || !isNeeded || alone.length === 0) return undefined;
  const services = await readNamedValues({ scope: "any", path: [OWNER_LABEL] }, table, { labels, reader });
  // The last service is that of hosts without one.
  const width = services.count + 1;
  const owners = new Map<number, string[]>(alone.map(({ number }) => [number, []]));
  for (const pair of await findPairs({ table, positions }, { values, services, alone, yielder })) {
    const service = pair % width;
    const { number } = alone[Math.floor(pair / width)] as SplitValue;
    owners.get(number)?.push(service === services.count ? "" : services.text(service));
  }
  return owners;
}

interface PairSources {
  readonly values: FieldValues;
  readonly services: FieldValues;
  readonly alone: readonly SplitValue[];
  readonly yielder: Yielder;
}

/**
 * Services of one host that own its versions; a host has one, mostly, and who writes reports may
 * claim any number.
 */
export const MAX_HOST_SERVICES = 16;

/**
 * Finds which of some values occur with which services. A pair is the value's place among them,
 * times the services and one, plus the service.
 */
async function findPairs(
  { table, positions }: HostSelection,
  { values, services, alone, yielder }: PairSources,
): Promise<Iterable<number>> {
  const width = services.count + 1;
  /** By number, the place among those that stand alone, and one more, since 0 is none. */
  const placeOf = new Uint32Array(values.count);
  for (const [place, { number }] of alone.entries()) placeOf[number] = place + 1;
  const pairs = createPairs(alone.length, width);

  /** @returns pairs */
  function addRow(column: Column, owner: Column, row: number): number {
    const start = owner.starts[row] as number;
    const end = Math.min(owner.starts[row + 1] as number, start + MAX_HOST_SERVICES);
    const last = column.starts[row + 1] as number;
    for (let index = column.starts[row] as number; index < last; index++) {
      const place = placeOf[column.numbers[index] as number] as number;
      if (place === 0) continue;
      const first = (place - 1) * width;
      if (start === end) pairs.add(first + services.count);
      for (let service = start; service < end; service++)
        pairs.add(first + (owner.numbers[service] as number));
    }
    return (last - (column.starts[row] as number)) * (1 + end - start);
  }

  function addSlice(from: number, bytes: number): number {
    let segment: Segment | undefined;
    let [column, owner] = [EMPTY_COLUMN, EMPTY_COLUMN];
    let index = from;
    for (let left = bytes; left > 0 && index < positions.length; index++) {
      const at = positions[index] as number;
      const own = segmentAt(table, at);
      // Neighbours mostly lie in one segment.
      if (own !== segment) [segment, column, owner] = [own, values.column(own), services.column(own)];
      left -= ROW_BYTES * (1 + addRow(column, owner, table.rowOf[at] as number));
    }
    return index;
  }
  await inSlices(positions.length, addSlice, yielder);
  return pairs.list();
}

/** A set of pairs: a number below `rows` times `width`, and one below `width`. */
function createPairs(
  rows: number,
  width: number,
): { add: (pair: number) => void; list: () => Iterable<number> } {
  const limit = rows * width;
  if (limit > MAX_DENSE_CELLS) {
    // One set for all could meet the limit of V8, some 16 million.
    const sparse = Array.from({ length: rows }, () => new Set<number>());
    return {
      add: (pair) => void sparse[Math.floor(pair / width)]?.add(pair),
      *list() {
        for (const row of sparse) yield* row;
      },
    };
  }
  const dense = new Uint8Array(limit);
  return {
    add: (pair) => {
      dense[pair] = 1;
    },
    *list() {
      for (let pair = 0; pair < limit; pair++) if (dense[pair] === 1) yield pair;
    },
  };
}
