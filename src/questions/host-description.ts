// What is told of a host beside its id: its name and labels, as its report in a past roll has them.
import type { Change } from "../history/change.ts";
import { findKey, keyAt, segmentAt, type Table } from "../roll/table.ts";
import type { FieldValues } from "./field-values.ts";
import type { Sources } from "./groups.ts";

/** By the key of its report; undefined for one that is not in that roll. */
export type DescribeHost = (key: string) => Pick<Change, "instanceName" | "labels"> | undefined;

/** Prepares what describes the hosts of a roll. @param sources with the rules of then */
export async function describeHosts(table: Table, { reader, labels: all }: Sources): Promise<DescribeHost> {
  const names = await reader.read(["instance_name"], table);
  const labels: (readonly [string, FieldValues])[] = [];
  for (const [name, rules] of all) labels.push([name, await reader.readLabel(rules, table)]);

  return (key) => {
    const at = findKey(table, key);
    if (at >= table.rowOf.length || keyAt(table, at) !== key) return undefined;
    const [segment, row] = [segmentAt(table, at), table.rowOf[at] as number];
    const read = (values: FieldValues): string[] => {
      const { starts, numbers } = values.column(segment);
      return Array.from(numbers.subarray(starts[row], starts[row + 1]), (number) => values.text(number));
    };
    const own = labels.flatMap(([name, values]) => {
      const texts = read(values);
      return texts.length === 0 ? [] : [[name, texts.join(",")] as const];
    });
    return { instanceName: read(names)[0] ?? null, labels: Object.fromEntries(own) };
  };
}
