// Groups of hosts: by the values of labels and fields, for dividing counts and for choosing hosts.
import { parseReportKey } from "../report/key.ts";
import { readKey, type Segment } from "../roll/segment.ts";
import type { Table } from "../roll/table.ts";
import { segmentAt } from "../roll/table.ts";
import { inSlices, ROW_BYTES, SHARED_YIELDER, type Yielder } from "../roll/yielder.ts";
import { parseGivenName } from "./condition.ts";
import { type FieldReader, MAX_HOST_VALUES } from "./field-values.ts";
import type { Labels } from "./labels.ts";
import { readNamedValues } from "./named-values.ts";
import { compareNames } from "./version-order.ts";

/** Some hosts of a table, by their positions in it. */
export interface Chosen {
  readonly table: Table;
  readonly positions: Uint32Array;
}

/** What labels and fields are read with. */
export interface Sources {
  readonly labels: Labels;
  readonly reader: FieldReader;
  /** Names that are known besides those in reports: the fields of published specs. */
  readonly furtherNames?: () => readonly string[];
  /** Shared by all where none are given. */
  readonly yielder?: Yielder;
}

/** A label, and a test of its values. */
export interface LabelFilter {
  readonly label: string;
  readonly matches: (value: string) => boolean;
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

/** Which groups each host is in, by its place among the chosen ones: one number, or several. */
export interface Groups {
  readonly names: readonly string[];
  /** Of the labels and fields, those that no host has. */
  readonly unknown: readonly string[];
  /** What was bounded, in words. */
  readonly bounds: readonly string[];
  of(place: number): readonly number[];
}

/** A group that some host is in. */
interface Found {
  readonly name: string;
  hosts: number;
  /**
   * The fewest groups that a host of it is in: who is in very many does not decide which ones are
   * shown.
   */
  fewest: number;
  /** Its number in the answer. */
  number: number;
}

/**
 * Finds the groups of each host. The names are in order; OTHERS, if there are so many, is the last.
 */
export async function groupHosts(chosen: Chosen, by: readonly string[], sources: Sources): Promise<Groups> {
  const { table, positions } = chosen;
  const dimensions: Dimension[] = [];
  for (const name of by) dimensions.push(await readDimension(chosen, name, sources));
  const isKnown = by.map(() => false);
  const found = new Map<string, Found>();
  const crowded = new Bounded();
  const longNamed = new Bounded();
  /**
   * Stand for all groups of a host that is in too many, and for those whose names are too long to
   * be shown.
   */
  const tooMany: readonly Found[] = [];
  const tooLong: Found = { name: OTHERS, hosts: 0, fewest: 0, number: 0 };
  const all: (readonly Found[])[] = [];

  function findGroup(name: string, among: number): Found {
    let group = found.get(name);
    if (!group) {
      group = { name, hosts: 0, fewest: among, number: 0 };
      found.set(name, group);
    }
    group.hosts++;
    group.fewest = Math.min(group.fewest, among);
    return group;
  }

  function takeHost(place: number): number {
    const lists = dimensions.map(({ valuesOf }) => valuesOf(place));
    let count = 1;
    for (const [index, values] of lists.entries()) {
      isKnown[index] ||= values !== NO_VALUES;
      count *= values.length;
    }
    if (count > MAX_HOST_GROUPS) {
      crowded.add(table, positions, place);
      all.push(tooMany);
      return count;
    }
    let names = lists[0] ?? [];
    for (const values of lists.slice(1))
      names = names.flatMap((name) => values.map((value) => `${name}${BETWEEN_LABELS}${value}`));
    const short = names.filter(({ length }) => length <= MAX_GROUP_NAME);
    if (short.length < names.length) longNamed.add(table, positions, place);
    const groups = short.map((name) => findGroup(name, count));
    all.push(short.length < names.length ? [...groups, tooLong] : groups);
    return count;
  }

  await inSlices(
    positions.length,
    (from, bytes) => {
      let place = from;
      for (let left = bytes; left > 0 && place < positions.length; place++)
        left -= ROW_BYTES * (1 + takeHost(place));
      return place;
    },
    sources.yielder ?? SHARED_YIELDER,
  );
  const ranked = [...found.values()].sort((a, b) => b.hosts - a.hosts || a.fewest - b.fewest);
  const hasOthers = ranked.length > MAX_ANSWER_GROUPS || crowded.count > 0 || longNamed.count > 0;
  // A value that reads like the name of the others is one of them.
  const nameable = ranked.filter(({ name }) => !hasOthers || name !== OTHERS);
  const shown = nameable.slice(0, MAX_ANSWER_GROUPS).sort((a, b) => compareNames(a.name, b.name));
  const names = shown.map(({ name }) => name);
  const omitted = nameable.length - shown.length;
  const others = names.length;
  if (hasOthers) names.push(OTHERS);
  for (const group of [tooLong, ...ranked]) group.number = others;
  for (const [number, group] of shown.entries()) group.number = number;
  const text = JSON.stringify(by.join(","));
  const numbersOf = (place: number): readonly number[] => {
    const groups = all[place] ?? [];
    if (groups === tooMany) return [others];
    if (groups.length === 1) return [(groups[0] as Found).number];
    return [...new Set(groups.map(({ number }) => number))];
  };
  return {
    names,
    unknown: by.filter((_, index) => !isKnown[index]),
    bounds: [
      ...crowded.tell(
        (who) =>
          `${who} in more than ${MAX_HOST_GROUPS} groups of ${text}, and counted ` +
          `under ${JSON.stringify(OTHERS)}`,
      ),
      ...longNamed.tell(
        (who) =>
          `${who} in a group of ${text} whose name is longer than ${MAX_GROUP_NAME} ` +
          `characters, and counted there under ${JSON.stringify(OTHERS)}`,
      ),
      ...(omitted > 0
        ? [`${omitted} groups of ${text} of the fewest hosts are counted under ${JSON.stringify(OTHERS)}`]
        : []),
    ],
    of: numbersOf,
  };
}

/** Hosts that are named where something was bounded; the others are counted. */
const MAX_TOLD = 3;

/** Hosts of which not all was counted. */
export class Bounded {
  readonly #ids: string[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(table: Table, positions: Uint32Array, place: number): void {
    const at = positions[place] as number;
    this.addRow(segmentAt(table, at), table.rowOf[at] as number);
  }

  addRow(segment: Segment, row: number): void {
    this.#count++;
    if (this.#ids.length < MAX_TOLD) this.#ids.push(parseReportKey(readKey(segment, row))?.id ?? "");
  }

  /** A sentence that names the hosts; none where there are none. */
  tell(say: (who: string) => string): string[] {
    if (this.#count === 0) return [];
    const names = this.#ids.map((id) => JSON.stringify(id)).join(", ");
    const more = this.#count - this.#ids.length;
    const who =
      more > 0 ? `${names} and ${more} more hosts are` : `${names} ${this.#count === 1 ? "is" : "are"}`;
    return [say(who)];
  }
}

/** The values of a label or field, by a host's place. */
interface Dimension {
  /** NO_VALUES where it has none. */
  valuesOf(place: number): readonly string[];
  /** Whether it has more than are read. */
  isCut(place: number): boolean;
}

const NO_VALUES: readonly string[] = [""];

async function readDimension(
  { table, positions }: Chosen,
  name: string,
  sources: Sources,
): Promise<Dimension> {
  const values = await readNamedValues(parseGivenName(name), table, sources);
  return {
    valuesOf(place) {
      const at = positions[place] as number;
      const { starts, numbers } = values.column(segmentAt(table, at));
      const row = table.rowOf[at] as number;
      const [start, end] = [starts[row] as number, starts[row + 1] as number];
      if (start === end) return NO_VALUES;
      return Array.from(numbers.subarray(start, end), (number) => values.text(number));
    },
    isCut(place) {
      const at = positions[place] as number;
      return values.column(segmentAt(table, at)).cut.has(table.rowOf[at] as number);
    },
  };
}

/**
 * Keeps the hosts of which every label passes its test. @param bounds gets what was bounded, in
 * words
 */
export async function filterByLabels(
  { table, positions }: Chosen,
  filters: readonly LabelFilter[],
  sources: Sources,
  bounds: string[] = [],
): Promise<Uint32Array> {
  let kept = positions;
  for (const { label, matches } of filters) {
    const before = kept;
    const { valuesOf, isCut } = await readDimension({ table, positions: before }, label, sources);
    const cut = new Bounded();
    const passed = new Uint32Array(before.length);
    let count = 0;
    await inSlices(
      before.length,
      (from, bytes) => {
        let place = from;
        for (let left = bytes; left > 0 && place < before.length; place++) {
          const values = valuesOf(place);
          if (values.some(matches)) passed[count++] = before[place] as number;
          else if (isCut(place)) cut.add(table, before, place);
          for (const { length } of values) left -= ROW_BYTES + length;
        }
        return place;
      },
      sources.yielder ?? SHARED_YIELDER,
    );
    kept = passed.slice(0, count);
    const text = JSON.stringify(label);
    bounds.push(
      ...cut.tell(
        (who) => `${who} left out, judged by the first ${MAX_HOST_VALUES} values of ${text} alone, of more`,
      ),
    );
  }
  return kept;
}
