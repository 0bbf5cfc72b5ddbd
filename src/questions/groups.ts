// Groups of hosts: by the values of labels and fields, for dividing counts and for choosing hosts.

import { parseGivenName } from "../grammar/condition.ts";
import { compareNames } from "../grammar/version-order.ts";
import type { Segment } from "../roll/segment.ts";
import type { Table } from "../roll/table.ts";
import { ROW_BYTES, SHARED_YIELDER, type Yielder } from "../roll/yielder.ts";
import { type Column, EMPTY_COLUMN } from "./column.ts";
import type { Cut } from "./cut.ts";
import type { FieldReader, FieldValues } from "./field-values.ts";
import type { Labels } from "./labels.ts";
import { describeShared, readNamedValues } from "./named-values.ts";
import { TruncatedHosts } from "./truncated-hosts.ts";
import { visitRows } from "./visit-rows.ts";

/** Some hosts of a table, by their positions in it, ascending. */
export interface HostSelection {
  readonly table: Table;
  readonly positions: Uint32Array;
}

/** Fields that reports may come to have. */
export interface FurtherNames {
  /** As filters write them, NFC. */
  readonly names: ReadonlySet<string>;
  /** Those of them of which nobody knows what is in them. */
  readonly open: ReadonlySet<string>;
}

/** What labels and fields are read with. */
export interface Sources {
  readonly labels: Labels;
  readonly reader: FieldReader;
  /**
   * Names that are known besides those in reports: the fields of published specs. Asked where a
   * name is in no report. It gives undefined where they cannot be told.
   */
  readonly furtherNames?: () => Promise<FurtherNames | undefined>;
  /** Shared by all where none are given. */
  readonly yielder?: Yielder;
}

/** Values to divide by; what comes after is counted together under OTHERS. */
const MAX_ANSWER_GROUPS = 200;
export const OTHERS = "…";

/**
 * Groups that one host may be in, and the longest name of one; characters. A host of more, and a
 * group of a longer name, are counted under OTHERS: counts are multiplied by groups, and a name
 * stands at each of them.
 */
const MAX_HOST_GROUPS = 64;
const MAX_GROUP_NAME = 256;

/** What stands between the values of two labels. */
const BETWEEN_LABELS = "/";

/** Which groups each host is in, by its place among the chosen ones. */
export interface Groups {
  readonly names: readonly string[];
  /** Of the labels and fields, those that no host has. */
  readonly unknown: readonly string[];
  readonly cuts: readonly Cut[];
  /** Which names mean two things, in words. */
  readonly warnings: readonly string[];
  /** The number of the one group that a host is in; SEVERAL for the others. */
  readonly single: Uint32Array;
  /** The groups of hosts that are in several. */
  readonly several: ReadonlyMap<number, readonly number[]>;
}

/** Stands for the groups of a host that is in more than one. */
export const SEVERAL = 0xffff_ffff;

/**
 * Finds the groups of each host. The names are in order; OTHERS, if there are so many, is the last.
 */
export async function groupHosts(
  chosen: HostSelection,
  by: readonly string[],
  sources: Sources,
): Promise<Groups> {
  const { table, positions } = chosen;
  const found = createFound();
  const dimensions: GroupDimension[] = [];
  const warnings: string[] = [];
  for (const text of by) {
    const name = parseGivenName(text);
    const values = await readNamedValues(name, table, sources);
    warnings.push(...describeShared(name, values));
    dimensions.push({ values, width: values.count + 1, pairs: createPairs(), column: EMPTY_COLUMN });
  }
  const isKnown = by.map(() => false);
  const crowded = new TruncatedHosts();
  const single = new Uint32Array(positions.length);
  const several = new Map<number, readonly number[]>();

  /** A host that has several values: every combination is a group. @returns how many */
  function takeSeveral(place: number, row: number): number {
    const lists = dimensions.map(({ values, column: { starts, numbers } }) => {
      const own = numbers.subarray(starts[row], starts[row + 1]);
      return own.length === 0 ? Uint32Array.of(values.count) : own;
    });
    const count = lists.reduce((product, { length }) => product * length, 1);
    single[place] = SEVERAL;
    if (count > MAX_HOST_GROUPS) {
      crowded.add(table, positions, place);
      several.set(place, [CROWDED]);
      return count;
    }
    let codes = [0];
    for (const [index, list] of lists.entries())
      codes = codes.flatMap((left) => Array.from(list, (number) => combine(dimensions, index, left, number)));
    for (const code of codes) found.note(code, count);
    several.set(place, codes);
    return count;
  }

  /** The code of a host that has one value of each at most; SEVERAL for others. */
  function readCode(row: number): number {
    let code = 0;
    for (let index = 0; index < dimensions.length; index++) {
      const { column, width } = dimensions[index] as GroupDimension;
      const start = column.starts[row] as number;
      const length = (column.starts[row + 1] as number) - start;
      if (length > 0) isKnown[index] = true;
      if (length > 1) code = SEVERAL;
      const number = length === 0 ? width - 1 : (column.numbers[start] as number);
      if (code !== SEVERAL) code = combine(dimensions, index, code, number);
    }
    return code;
  }

  function open(segment: Segment): void {
    for (const dimension of dimensions) dimension.column = dimension.values.column(segment);
  }
  function visit(place: number, row: number): number {
    const code = readCode(row);
    if (code === SEVERAL) return ROW_BYTES * (1 + takeSeveral(place, row));
    found.note(code, 1);
    single[place] = code;
    return ROW_BYTES;
  }
  await visitRows(chosen, open, visit, sources.yielder ?? SHARED_YIELDER);

  const text = JSON.stringify(by.join(","));
  const others = JSON.stringify(OTHERS);
  const named = nameGroups(found.list(), crowded.count > 0, (code) => nameCode(dimensions, code));
  const longNamed = numberPlaces(chosen, { single, several }, named);
  return {
    names: named.names,
    unknown: by.filter((_, index) => !isKnown[index]),
    warnings,
    cuts: [
      ...crowded.tell(
        "host_groups",
        (who) => `${who} in more than ${MAX_HOST_GROUPS} groups of ${text}, and counted under ${others}`,
      ),
      ...longNamed.tell(
        "host_groups",
        (who) =>
          `${who} in a group of ${text} whose name is longer than ${MAX_GROUP_NAME} ` +
          `characters, and counted there under ${others}`,
      ),
      ...(named.omitted > 0
        ? [
            {
              kind: "groups" as const,
              count: named.omitted,
              detail: `${named.omitted} groups of ${text} of the fewest hosts are counted under ${others}`,
            },
          ]
        : []),
    ],
    single,
    several,
  };
}

/** A label or field to divide by. */
interface GroupDimension {
  readonly values: FieldValues;
  /** Its values, and one for hosts that have none. */
  readonly width: number;
  /** Codes of what stands before it, together with its own values. */
  readonly pairs: Pairs;
  /** Of the segment that is looked at. */
  column: Column;
}

/** Stands for all groups of a host that is in too many. */
const CROWDED = 0xffff_fffe;

/** Numbers for pairs, from 0 in the order in which they come. */
interface Pairs {
  number(left: number, right: number, width: number): number;
  read(number: number): readonly [left: number, right: number];
}

function createPairs(): Pairs {
  const numbers = new Map<number, number>();
  const pairs: (readonly [number, number])[] = [];
  return {
    number(left, right, width) {
      // Both are below some 64 million, and their product is a whole number still.
      const key = left * width + right;
      const known = numbers.get(key);
      if (known !== undefined) return known;
      numbers.set(key, pairs.length);
      pairs.push([left, right]);
      return pairs.length - 1;
    },
    read: (number) => pairs[number] as readonly [number, number],
  };
}

/** The code of a combination of values: of the first dimension the value's own number. */
function combine(dimensions: readonly GroupDimension[], index: number, left: number, number: number): number {
  if (index === 0) return number;
  const { pairs, width } = dimensions[index] as GroupDimension;
  return pairs.number(left, number, width);
}

function nameCode(dimensions: readonly GroupDimension[], code: number): string {
  const texts: string[] = [];
  let rest = code;
  for (const [index, { values, pairs }] of [...dimensions.entries()].reverse()) {
    const [left, number] = index === 0 ? [0, rest] : pairs.read(rest);
    texts.unshift(number === values.count ? "" : values.text(number));
    rest = left;
  }
  return texts.join(BETWEEN_LABELS);
}

/** Counts hosts by code. */
function createFound() {
  let hosts = new Uint32Array(1024);
  let fewest = new Uint8Array(1024);
  return {
    /** @param among groups that the host is in, at most MAX_HOST_GROUPS */
    note(code: number, among: number): void {
      if (code >= hosts.length) {
        hosts = enlarge(hosts, new Uint32Array(code * 2));
        fewest = enlarge(fewest, new Uint8Array(code * 2));
      }
      const before = hosts[code] as number;
      hosts[code] = before + 1;
      if (before === 0 || (fewest[code] as number) > among) fewest[code] = among;
    },
    list(): Found[] {
      const found: Found[] = [];
      for (const [code, count] of hosts.entries())
        if (count > 0) found.push({ code, hosts: count, fewest: fewest[code] as number });
      return found;
    },
  };
}

function enlarge<T extends Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** A group that some host is in. */
interface Found {
  readonly code: number;
  readonly hosts: number;
  /**
   * The fewest groups that a host of it is in: who is in very many does not decide which ones are
   * shown.
   */
  readonly fewest: number;
}

interface NamedGroups {
  readonly names: readonly string[];
  /** By code, the group's number in the answer; undefined for one whose name is too long. */
  readonly numbers: ReadonlyMap<number, number | undefined>;
  /** The number of OTHERS. */
  readonly others: number;
  readonly omitted: number;
}

/** Names groups, and says which ones are shown. */
function nameGroups(
  found: readonly Found[],
  hasCrowded: boolean,
  nameOf: (code: number) => string,
): NamedGroups {
  const byName = new Map<string, { hosts: number; fewest: number; codes: number[] }>();
  const numbers = new Map<number, number | undefined>();
  for (const { code, hosts, fewest } of found) {
    const name = nameOf(code);
    if (name.length > MAX_GROUP_NAME) {
      numbers.set(code, undefined);
      continue;
    }
    // `a/b` and `c` read like `a` and `b/c`.
    const known = byName.get(name) ?? { hosts: 0, fewest, codes: [] };
    byName.set(name, known);
    known.hosts += hosts;
    known.fewest = Math.min(known.fewest, fewest);
    known.codes.push(code);
  }
  const ranked = [...byName].sort(([, a], [, b]) => b.hosts - a.hosts || a.fewest - b.fewest);
  const hasOthers = ranked.length > MAX_ANSWER_GROUPS || hasCrowded || numbers.size > 0;
  // A value that reads like the name of the others is one of them.
  const nameable = ranked.filter(([name]) => !hasOthers || name !== OTHERS);
  const shown = nameable.slice(0, MAX_ANSWER_GROUPS).sort(([a], [b]) => compareNames(a, b));
  const others = shown.length;
  for (const [, { codes }] of ranked) for (const code of codes) numbers.set(code, others);
  for (const [number, [, { codes }]] of shown.entries()) for (const code of codes) numbers.set(code, number);
  const names = shown.map(([name]) => name);
  return {
    names: hasOthers ? [...names, OTHERS] : names,
    numbers,
    others,
    omitted: nameable.length - shown.length,
  };
}

/**
 * Puts groups' numbers in the place of their codes. @returns the hosts of groups with long names
 */
function numberPlaces(
  { table, positions }: HostSelection,
  { single, several }: { readonly single: Uint32Array; readonly several: Map<number, readonly number[]> },
  { numbers, others }: NamedGroups,
): TruncatedHosts {
  const longNamed = new TruncatedHosts();
  const isLong = (code: number) => code !== CROWDED && numbers.get(code) === undefined;
  if ([...numbers.values()].includes(undefined))
    for (const [place, code] of single.entries())
      if ((code === SEVERAL ? (several.get(place) ?? []) : [code]).some(isLong))
        longNamed.add(table, positions, place);
  const toNumber = (code: number) => numbers.get(code) ?? others;
  for (const [place, codes] of several) several.set(place, [...new Set(codes.map(toNumber))]);
  const tabled = tabulate(numbers, others);
  for (let place = 0; place < single.length; place++) {
    const code = single[place] as number;
    if (code !== SEVERAL) single[place] = tabled ? (tabled[code] as number) : toNumber(code);
  }
  return longNamed;
}

/**
 * Numbers by code; undefined where codes are too many for an array, which is quicker than a map.
 */
function tabulate(numbers: NamedGroups["numbers"], others: number): Uint32Array | undefined {
  let codes = 0;
  for (const code of numbers.keys()) codes = Math.max(codes, code + 1);
  if (codes > MAX_COUNT_CELLS) return undefined;
  const tabled = new Uint32Array(codes).fill(others);
  for (const [code, number] of numbers) tabled[code] = number ?? others;
  return tabled;
}

const MAX_COUNT_CELLS = 1_000_000;
