// Groups of hosts: by the values of labels and fields, for dividing counts and for choosing hosts.
import type { Table } from "../roll/table.ts";
import { segmentAt } from "../roll/table.ts";
import type { FieldReader, FieldValues } from "./field-values.ts";
import type { Labels } from "./labels.ts";
import { parseFieldPath } from "./path.ts";
import { compareNames } from "./version-order.ts";
import type { LabelFilter } from "./version-query.ts";

/** Some hosts of a table, by their positions in it. */
export interface Chosen {
  readonly table: Table;
  readonly positions: Uint32Array;
}

/** What labels and fields are read with. */
export interface Sources {
  readonly labels: Labels;
  readonly reader: FieldReader;
}

/** Values to divide by; what comes after is counted together under OTHERS. */
const MAX_GROUPS = 200;
const OTHERS = "…";

/** Hosts looked at before other requests get their turn. */
const SLICE = 100_000;

/** Looks at all places, a slice at a time; others get their turn in between. The work is a plain loop, which runs several times as fast as one that may wait. */
export async function inSlices(length: number, work: (from: number, to: number) => void): Promise<void> {
  for (let from = 0; from < length; from += SLICE) {
    if (from > 0) await new Promise(setImmediate);
    work(from, Math.min(from + SLICE, length));
  }
}

/** What stands between the values of two labels. */
const BETWEEN_LABELS = "/";

/** Which groups each host is in, by its place among the chosen ones: one number, or several. */
export interface Groups {
  readonly names: readonly string[];
  /** Of the labels and fields, those that no host has. */
  readonly unknown: readonly string[];
  of(place: number): readonly number[];
}

/** Finds the groups of each host. Labels are tried before fields of the same name. The names are in order; OTHERS, if there are so many, is the last. */
export async function groupHosts(chosen: Chosen, by: readonly string[], sources: Sources): Promise<Groups> {
  const dimensions: Dimension[] = [];
  for (const name of by) dimensions.push(await readDimension(chosen, name, sources));
  const isKnown = by.map(() => false);
  const sizes = new Map<string, number>();
  const all: string[][] = [];
  await inSlices(chosen.positions.length, (from, to) => {
    for (let place = from; place < to; place++) {
      let names = [""];
      for (const [index, valuesOf] of dimensions.entries()) {
        const values = valuesOf(place);
        isKnown[index] ||= values !== NO_VALUES;
        names = index === 0 ? [...values] : names.flatMap((name) => values.map((value) => `${name}${BETWEEN_LABELS}${value}`));
        names.length = Math.min(names.length, MAX_GROUPS);
      }
      for (const name of names) sizes.set(name, (sizes.get(name) ?? 0) + 1);
      all.push(names);
    }
  });
  const largest = [...sizes].sort((a, b) => b[1] - a[1]).slice(0, MAX_GROUPS);
  const names = largest.map(([name]) => name).sort(compareNames);
  if (sizes.size > MAX_GROUPS) names.push(OTHERS);
  const numbers = new Map(names.map((name, number) => [name, number]));
  const others = names.length - 1;
  return {
    names,
    unknown: by.filter((_, index) => !isKnown[index]),
    of: (place) => [...new Set((all[place] ?? []).map((name) => numbers.get(name) ?? others))],
  };
}

/** The values of a label or field, by a host's place; NO_VALUES where it has none. */
type Dimension = (place: number) => readonly string[];

const NO_VALUES: readonly string[] = [""];

async function readDimension({ table, positions }: Chosen, name: string, sources: Sources): Promise<Dimension> {
  const values = await readValues(table, name, sources);
  if (!values) return () => NO_VALUES;
  return (place) => {
    const at = positions[place] as number;
    const { starts, numbers } = values.column(segmentAt(table, at));
    const row = table.rowOf[at] as number;
    const [start, end] = [starts[row] as number, starts[row + 1] as number];
    if (start === end) return NO_VALUES;
    return Array.from(numbers.subarray(start, end), (number) => values.text(number));
  };
}

/** The values of a label, or of a field that no label has the name of. */
async function readValues(table: Table, name: string, { labels, reader }: Sources): Promise<FieldValues | undefined> {
  const rules = labels.get(name);
  if (rules) return await reader.readLabel(rules, table);
  const path = parseFieldPath(name);
  return path && (await reader.read(path, table));
}

/** Keeps the hosts of which every label passes its test. */
export async function filterByLabels(
  { table, positions }: Chosen,
  filters: readonly LabelFilter[],
  sources: Sources,
): Promise<Uint32Array> {
  let kept = positions;
  for (const { label, matches } of filters) {
    const valuesOf = await readDimension({ table, positions: kept }, label, sources);
    kept = kept.filter((_, place) => valuesOf(place).some(matches));
  }
  return kept;
}
