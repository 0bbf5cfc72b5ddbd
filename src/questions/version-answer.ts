// The answer about versions: chosen reports, counted, and written as JSON.
import type { RollView } from "../roll/view.ts";
import type { Format } from "./array.ts";
import { discoverFields } from "./discovery.ts";
import { filterByLabels, type Sources } from "./groups.ts";
import { type Selection, selectReports } from "./selection.ts";
import type { VersionQuery } from "./version-query.ts";
import { countVersions, type VersionCount, type Versions } from "./versions.ts";

export interface VersionAnswer extends Versions {
  /** The hosts that are counted, but for filters by label. */
  readonly selection: Selection;
  /** What the one who asked should know. */
  readonly warnings: readonly string[];
}

/** Answers a question about a view. */
export async function answerVersions(
  view: RollView,
  query: VersionQuery,
  sources: Sources,
): Promise<VersionAnswer> {
  const selection = await selectReports(view, query.reports, sources.yielder);
  const bounds: string[] = [];
  const positions = await filterByLabels(selection, query.labelFilters, sources, bounds);
  const chosen = { table: selection.table, positions };
  const fields =
    query.question.fields.length > 0 ? query.question.fields : await discoverFields(chosen, sources.yielder);
  const versions = await countVersions(chosen, { ...query.question, fields }, sources);
  const missing =
    versions.hosts === 0 ? [] : query.question.fields.filter((field) => !hasField(versions.values, field));
  return {
    ...versions,
    selection,
    warnings: [
      ...bounds,
      ...versions.bounds,
      ...selection.warnings,
      ...missing.map((field) => `no report that was asked for has a field ${JSON.stringify(field)}`),
      ...(versions.hosts === 0 ? [] : versions.unknownGroups).map(
        (name) => `no report that was asked for has a label or field ${JSON.stringify(name)}`,
      ),
      ...(versions.omitted > 0 ? [`${versions.omitted} values of the fewest hosts were left out`] : []),
    ],
  };
}

function hasField(values: readonly VersionCount[], field: string): boolean {
  return values.some((one) => one.field === field && one.value !== null);
}

/** Writes the values: an array of JSON with an object a line, or lines alone. */
export function* writeVersions(values: readonly VersionCount[], format: Format): Generator<Buffer> {
  if (format === "ndjson") {
    for (const value of values) yield Buffer.from(`${JSON.stringify(value)}\n`);
    return;
  }
  let before = "[";
  for (const value of values) {
    yield Buffer.from(before + JSON.stringify(value));
    before = ",\n";
  }
  yield Buffer.from(before === "[" ? "[]\n" : "]\n");
}
