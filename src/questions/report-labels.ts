// The labels of hosts as columns of the table of their reports, and as members of reports that are
// cut to some fields.
import { createHash } from "node:crypto";
import type { Name } from "../grammar/condition.ts";
import type { FieldPath } from "../grammar/path.ts";
import { walkChildren } from "../report/json-walk.ts";
import { normalizeText } from "../report/normal-text.ts";
import { createSegmentBuilder } from "../roll/segment.ts";
import { createTableBuilder, segmentAt } from "../roll/table.ts";
import type { HostReport } from "../roll/view.ts";
import type { HostSelection, Sources } from "./groups.ts";
import type { Label, Labels } from "./labels.ts";
import { findLabel } from "./named-values.ts";
import type { MoreColumns } from "./report-table.ts";

/** The values of one label, by the place of a report among those that were chosen. */
type ValuesOf = (place: number) => readonly string[];

/** Labels that were asked for by name, as members of the reports that are cut to some fields. */
export interface LabelMembers {
  /** Of the rules that the values are made by; letters that may stand in an ETag. */
  readonly digest: string;
  /** @returns a report with its labels, which come last; a field of a label's name wins */
  add(cut: Buffer, place: number): Buffer;
}

/** The labels that some host has, each as a column: `label.env`. */
export async function readLabels(chosen: HostSelection, sources: Sources): Promise<MoreColumns> {
  const { positions } = chosen;
  const read: { readonly name: string; readonly valuesOf: ValuesOf }[] = [];
  if (positions.length > 0)
    for (const [name, rules] of sources.labels)
      read.push({ name: `label.${name}`, valuesOf: await readValues(chosen, rules, sources) });
  // Not by what the reader knows, which is other reports' too: the table follows from its reports.
  const columns = read.filter(({ valuesOf }) => positions.some((_, place) => valuesOf(place).length > 0));
  return {
    names: columns.map(({ name }) => name),
    digest: digestRules(sources.labels),
    cellsOf: (place) =>
      columns.map(({ valuesOf }) => {
        const own = valuesOf(place);
        return own.length > 1 ? JSON.stringify(own) : (own[0] ?? "");
      }),
  };
}

/**
 * The labels among the fields to keep: `label.env`, and `env` where a report has no field of that
 * name. @returns undefined where there is none
 */
export async function readLabelMembers(
  fields: readonly Name[] | undefined,
  chosen: HostSelection,
  sources: Sources,
): Promise<LabelMembers | undefined> {
  const members: { readonly name: Name; readonly valuesOf: ValuesOf }[] = [];
  for (const name of fields ?? []) {
    const rules = findLabel(name, sources.labels);
    if (rules) members.push({ name, valuesOf: await readValues(chosen, rules, sources) });
  }
  if (members.length === 0) return undefined;
  return {
    digest: digestRules(sources.labels),
    add(cut, place) {
      const fieldNames = new Set<string>();
      walkChildren(cut, 0, (key = "") => {
        fieldNames.add(normalizeText(key));
        return false;
      });
      const pieces = members.flatMap(({ name, valuesOf }) => {
        const own = valuesOf(place);
        // What is written first stands: no object has a name twice.
        if (own.length === 0 || fieldNames.has(normalizeText(name.text))) return [];
        fieldNames.add(normalizeText(name.text));
        return `${JSON.stringify(name.text)}:${JSON.stringify(own.length > 1 ? own : own[0])}`;
      });
      if (pieces.length === 0) return cut;
      const [end, text] = [cut.lastIndexOf("}"), pieces.join(",")];
      const separator = fieldNames.size > pieces.length ? "," : "";
      return Buffer.concat([cut.subarray(0, end), Buffer.from(`${separator}${text}}`)]);
    },
  };
}

/** Whether some of the reports have the label that a name may stand for. */
export async function hasLabel(chosen: HostSelection, name: Name, sources: Sources): Promise<boolean> {
  const rules = findLabel(name, sources.labels);
  if (!rules) return false;
  const valuesOf = await readValues(chosen, rules, sources);
  return chosen.positions.some((_, place) => valuesOf(place).length > 0);
}

async function readValues(
  { table, positions }: HostSelection,
  rules: readonly Label[],
  { reader }: Sources,
): Promise<ValuesOf> {
  const values = await reader.readLabel(rules, table);
  return (place) => {
    const at = positions[place] as number;
    const [{ starts, numbers }, row] = [values.column(segmentAt(table, at)), table.rowOf[at] as number];
    return Array.from(numbers.subarray(starts[row], starts[row + 1]), (number) => values.text(number));
  };
}

/** The fields that the labels among some names, or among all labels, are read out of. */
export function listLabelFields(names: readonly Name[] | "all", labels: Labels): FieldPath[] {
  const rules = names === "all" ? [...labels.values()] : names.map((name) => findLabel(name, labels) ?? []);
  return rules.flat().flatMap(({ path }) => (path ? [path] : []));
}

/** Another reader of the store may have other rules. */
function digestRules(labels: Labels): string {
  const rules = [...labels].map(([name, own]) => [name, own.map(({ path, pattern }) => [path, pattern])]);
  return createHash("sha256").update(JSON.stringify(rules)).digest("base64url").slice(0, 8);
}

/** One host as a selection, so that its labels cost what does not follow the fleet's. */
export function selectOne(report: HostReport): HostSelection {
  const segment = createSegmentBuilder();
  const rows = createTableBuilder(1);
  rows.push(0, segment.add(report.key, report.etag, report), report.receivedAt);
  return { table: rows.build([segment.build()]), positions: Uint32Array.of(0) };
}
