// Labels as the question `fields` tells of them: how many hosts have each, and their most frequent
// values.
import type { Segment } from "../roll/segment.ts";
import { ROW_BYTES, SHARED_YIELDER } from "../roll/yielder.ts";
import { EMPTY_COLUMN } from "./column.ts";
import { describeValues, type FieldCount, MAX_COUNTED_VALUES } from "./fields.ts";
import type { HostSelection, Sources } from "./groups.ts";
import { readNamedValues } from "./named-values.ts";
import { visitRows } from "./visit-rows.ts";

/** The kind of a name that is no field. */
export const LABEL_KIND = "label";

/** Counts the labels that some of the hosts have. @param isField whether a field has a name */
export async function countLabels(
  chosen: HostSelection,
  sources: Sources,
  isField: (name: string) => boolean,
): Promise<FieldCount[]> {
  const counts: FieldCount[] = [];
  for (const label of sources.labels.keys()) {
    const count = await countLabel(label, chosen, sources);
    const name = isField(label) ? `label.${label}` : label;
    if (count.hosts > 0) counts.push({ ...count, name });
  }
  return counts;
}

async function countLabel(label: string, chosen: HostSelection, sources: Sources): Promise<FieldCount> {
  const { yielder = SHARED_YIELDER } = sources;
  const labelled = await readNamedValues({ scope: "label", path: [label] }, chosen.table, sources);
  const hostsOf = new Uint32Array(labelled.count);
  let hosts = 0;
  /** Whether a host has more values than are looked at. */
  let isCut = false;
  let column = EMPTY_COLUMN;
  const open = (segment: Segment) => {
    column = labelled.column(segment);
  };
  const visit = (_place: number, row: number): number => {
    const [start, end] = [column.starts[row] as number, column.starts[row + 1] as number];
    if (end > start) hosts++;
    isCut ||= column.cut.has(row);
    for (let index = start; index < end; index++) {
      const number = column.numbers[index] as number;
      hostsOf[number] = (hostsOf[number] as number) + 1;
    }
    return ROW_BYTES;
  };
  await visitRows(chosen, open, visit, yielder);
  const found = [...hostsOf.entries()].filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
  const counted = found.slice(0, MAX_COUNTED_VALUES);
  const values = new Map(counted.map(([number, count]) => [labelled.text(number), { hosts: count }]));
  return {
    name: label,
    kinds: [LABEL_KIND],
    hosts,
    ...describeValues(label, values),
    cut: isCut || found.length > counted.length,
  };
}
