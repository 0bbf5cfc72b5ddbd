// The answer about versions: chosen reports, counted, and written as JSON.

import { parseGivenName } from "../grammar/condition.ts";
import type { RollView } from "../roll/view.ts";
import type { Format } from "./array.ts";
import { type Cut, listDetails } from "./cut.ts";
import { discoverFields } from "./discovery.ts";
import { findFleetStandards } from "./fleet-standard.ts";
import type { Sources } from "./groups.ts";
import { judgeNames, type NameUse } from "./known-names.ts";
import { type Selection, selectReports } from "./selection.ts";
import type { VersionQuery } from "./version-query.ts";
import { countVersions, type VersionCount, type Versions } from "./versions.ts";

export interface VersionAnswer extends Versions {
  /** The hosts that are counted. */
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
  const selection = await selectReports(view, query.reports, sources);
  const chosen = { table: selection.table, positions: selection.positions };
  const fields =
    query.question.fields.length > 0 ? query.question.fields : await discoverFields(chosen, sources.yielder);
  const fleet = await findFleetStandards(view, query, fields, sources);
  const versions = await countVersions(
    chosen,
    { ...query.question, fields },
    { ...sources, ...(fleet && { standards: fleet.standards }) },
  );
  // Of nobody it cannot be seen what they have.
  const isEmpty = versions.hosts === 0;
  const missing = query.question.fields.filter((field) => isEmpty || !hasField(versions.values, field));
  const unknown = isEmpty ? query.question.by : versions.unknownGroups;
  const uses = [...missing.map((name) => toUse("field", name)), ...unknown.map((name) => toUse("by", name))];
  const absent = await judgeNames(uses, view, sources, query.reports.lenient);
  const { omitted } = versions;
  const left: Cut[] =
    omitted > 0
      ? [{ kind: "values", count: omitted, detail: `${omitted} values of the fewest hosts were left out` }]
      : [];
  const unseen = fleet?.cuts ?? [];
  return {
    ...versions,
    selection,
    cuts: [...versions.cuts, ...selection.cuts, ...left, ...unseen],
    warnings: [
      ...versions.warnings,
      ...listDetails(versions.cuts),
      ...selection.warnings,
      ...(isEmpty && view.reports.rowOf.length > 0 ? [] : absent),
      ...listDetails(left),
      ...listDetails(unseen),
    ],
  };
}

function toUse(parameter: string, name: string): NameUse {
  return { name: parseGivenName(name), parameter, isPresence: false };
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
