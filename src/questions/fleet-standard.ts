// What versions are compared with where that is the whole fleet and not the hosts in question:
// found once for all questions about one listing.
import type { Table } from "../roll/table.ts";
import type { RollView } from "../roll/view.ts";
import type { Cut } from "./cut.ts";
import type { Sources } from "./groups.ts";
import type { Labels } from "./labels.ts";
import type { Baseline } from "./newest.ts";
import { parseQuery, type Query } from "./query.ts";
import { selectReports } from "./selection.ts";
import type { VersionQuery } from "./version-query.ts";
import { countVersions } from "./versions.ts";

/** The newest of each variant among all hosts. */
interface FleetStandards {
  /** By field. */
  readonly standards: ReadonlyMap<string, Baseline>;
  /** Values among which the newest was not looked for. */
  readonly cuts: readonly Cut[];
}

interface Kept extends FleetStandards {
  /** Of the view, and until when no host changes its state by age alone; ms since the epoch. */
  readonly asOf: number;
  readonly validUntil: number;
}

/** What was found in a table, by the labels that say whose a version is, and by question. */
const kept = new WeakMap<Table, WeakMap<Labels, Map<string, Kept>>>();

/** Questions of which it is kept: whoever asks chooses them. */
const MAX_KEPT_BASELINES = 16;

/**
 * Finds what the values of some fields are compared with among all hosts of the question's state.
 *
 * @returns undefined where the question compares the chosen hosts with each other, or chooses all
 */
export async function findFleetStandards(
  view: RollView,
  { newest, reports: query }: VersionQuery,
  fields: readonly string[],
  sources: Sources,
): Promise<FleetStandards | undefined> {
  if (newest !== "fleet" || query.filters.length === 0) return undefined;
  const ofTable = kept.get(view.reports) ?? new WeakMap<Labels, Map<string, Kept>>();
  kept.set(view.reports, ofTable);
  const byQuestion = ofTable.get(sources.labels) ?? new Map<string, Kept>();
  ofTable.set(sources.labels, byQuestion);
  const key = JSON.stringify([query.windowMs, query.state, fields]);
  const known = byQuestion.get(key);
  if (known && view.asOf >= known.asOf && view.asOf <= known.validUntil) return known;
  const found = await lookAtAll(view, query, fields, sources);
  if (byQuestion.size >= MAX_KEPT_BASELINES) byQuestion.clear();
  byQuestion.set(key, found);
  return found;
}

async function lookAtAll(
  view: RollView,
  { windowMs, state }: Query,
  fields: readonly string[],
  sources: Sources,
): Promise<Kept> {
  const selection = await selectReports(view, parseQuery([["state", state]], windowMs), sources);
  const { standards, cuts, omitted } = await countVersions(
    selection,
    { fields, by: [], hosts: false },
    sources,
  );
  const left: Cut[] =
    omitted > 0
      ? [
          {
            kind: "values",
            count: omitted,
            detail: `${omitted} values of the fewest hosts of the fleet were not looked at for the newest`,
          },
        ]
      : [];
  return { asOf: view.asOf, validUntil: selection.validUntil, standards, cuts: [...cuts, ...left] };
}
