// The labels of hosts as columns of the table of their reports.
import { createHash } from "node:crypto";
import { createSegmentBuilder } from "../roll/segment.ts";
import { createTableBuilder, segmentAt } from "../roll/table.ts";
import type { HostReport } from "../roll/view.ts";
import type { FieldValues } from "./field-values.ts";
import type { HostSelection, Sources } from "./groups.ts";
import type { MoreColumns } from "./report-table.ts";

/** The labels that some host has, each as a column: `label.env`. */
export async function readLabels(
  { table, positions }: HostSelection,
  { labels, reader }: Sources,
): Promise<MoreColumns> {
  const read: { readonly name: string; readonly values: FieldValues }[] = [];
  if (positions.length > 0)
    for (const [name, rules] of labels)
      read.push({ name: `label.${name}`, values: await reader.readLabel(rules, table) });
  // Not by what the reader knows, which is other reports' too: the table follows from its reports.
  const columns = read.filter(({ values }) =>
    positions.some((at) => {
      const [{ starts }, row] = [values.column(segmentAt(table, at)), table.rowOf[at] as number];
      return (starts[row + 1] as number) > (starts[row] as number);
    }),
  );
  const rules = [...labels].map(([name, own]) => [name, own.map(({ path, pattern }) => [path, pattern])]);
  return {
    names: columns.map(({ name }) => name),
    // Another reader of the store may have other rules.
    digest: createHash("sha256").update(JSON.stringify(rules)).digest("base64url").slice(0, 8),
    cellsOf(place) {
      const at = positions[place] as number;
      const [segment, row] = [segmentAt(table, at), table.rowOf[at] as number];
      return columns.map(({ values }) => {
        const { starts, numbers } = values.column(segment);
        const own = Array.from(numbers.subarray(starts[row], starts[row + 1]), (number) =>
          values.text(number),
        );
        return own.length > 1 ? JSON.stringify(own) : (own[0] ?? "");
      });
    },
  };
}

/** The same of one host, at a cost that does not follow the fleet's. */
export async function readOwnLabels(report: HostReport, sources: Sources): Promise<MoreColumns> {
  const segment = createSegmentBuilder();
  const rows = createTableBuilder(1);
  rows.push(0, segment.add(report.key, report.etag, report), report.receivedAt);
  return await readLabels({ table: rows.build([segment.build()]), positions: Uint32Array.of(0) }, sources);
}
