// The overview that publishers publish: coverage, versions by environment, and the same for each
// service with the hosts that are behind. All of it is what questions answer, so that a page says
// no other number than the API and the command line do.
import { coverage, type ShownCoverage } from "../questions/coverage-question.ts";
import type { Cut } from "../questions/cut.ts";
import type { ParameterValues, QuestionSources } from "../questions/question.ts";
import type { VersionCount } from "../questions/versions.ts";
import { versions } from "../questions/versions-question.ts";
import { type Ask, createAsk, listIds } from "./ask.ts";
import { findParts, formatPartFilters } from "./parts.ts";
import { selectShown } from "./shown-values.ts";

/** What an overview shows. */
export interface OverviewSettings {
  readonly title: string;
  /** Fields whose versions are shown; those that hold versions, where none is named. */
  readonly fields: readonly string[];
  /** The label or field that makes the columns; "" for none. */
  readonly by: string;
  /** The label or field each value of which gets a part of its own; "" for none. */
  readonly parts: string;
}

/** The versions of one field. */
export interface FieldVersions {
  readonly field: string;
  readonly values: readonly VersionCount[];
  /** Values that are not among them, since there are too many to show. */
  readonly omitted: number;
}

/** A host, and what it has that is behind. */
export interface HostBehind {
  readonly id: string;
  /** Field, value, and the newest version of what it is behind. */
  readonly values: readonly { readonly field: string; readonly value: string; readonly newest: string }[];
}

/** How many hosts have something that is behind. */
export interface BehindCount {
  readonly behindCount: number;
  /** Whether there may be more, since not all values or parts were looked at. */
  readonly isBehindLeast: boolean;
}

/** One service, say. */
export interface OverviewPart extends BehindCount {
  /** "" for the hosts that have none. */
  readonly name: string;
  readonly hosts: number;
  readonly fields: readonly FieldVersions[];
  /** By id; at most MAX_BEHIND. */
  readonly behind: readonly HostBehind[];
}

/**
 * Which hosts there are, and what each has: all of it, where the rest of an overview is trimmed.
 */
export interface Inventory {
  /** Ids of the fresh hosts, in the roll's order. */
  readonly hosts: readonly string[];
  /** The same of the silent ones. */
  readonly silent: readonly string[];
  /** Every value with the ids of its hosts, in the order of the answer about versions. */
  readonly fields: readonly FieldVersions[];
  /** Values that even here were left out, since there were too many: those of the fewest hosts. */
  readonly omitted: number;
}

export interface Overview extends BehindCount {
  readonly settings: OverviewSettings;
  /** ms since the epoch. */
  readonly asOf: number;
  readonly hosts: number;
  readonly coverage: ShownCoverage;
  readonly fields: readonly FieldVersions[];
  readonly inventory: Inventory;
  /** Those of most hosts first; what comes after MAX_OVERVIEW_PARTS is left out, and counted. */
  readonly parts: readonly OverviewPart[];
  readonly partsOmitted: number;
  /** Of the settings' fields and labels, those that no host has: mistyped, mostly. */
  readonly absent: readonly string[];
  /** What was bounded, in words: of which hosts not all was counted. */
  readonly bounds: readonly string[];
}

/** Who writes reports chooses how many services there are, and how many values. */
const MAX_OVERVIEW_PARTS = 40;
const MAX_BEHIND = 1000;
const MAX_PART_VALUES = 200;

/**
 * Gathers an overview of the fresh reports, all of one instant.
 *
 * @throws PublishError where a question has no answer; whatever viewAt of the sources throws
 */
export async function gatherOverview(
  settings: OverviewSettings,
  sources: QuestionSources,
  signal: AbortSignal,
): Promise<Overview> {
  const ask = await createAsk(sources, signal);
  const columns: ParameterValues = settings.by === "" ? [] : [["by", settings.by]];
  const named = settings.fields.map((field): [string, string] => ["field", field]);
  const { facts, body } = await ask(versions, [...named, ...columns, ["hosts", "true"]]);
  const fields = [...new Set(named.length > 0 ? settings.fields : body.rows.map(({ field }) => field))];
  const whole = groupByField(fields, body.rows);
  const omitted = sumLeftOut(facts.cuts);
  const found = await findParts(settings.parts, ask);
  const asked = fields.map((field): [string, string] => ["field", field]);
  const parts: OverviewPart[] = [];
  const behindIds = new Set(findBehind(whole).map(({ id }) => id));
  const bounds = [...(facts.cuts ?? []), ...found.cuts].map(({ detail }) => detail);
  for (const part of found.parts.slice(0, MAX_OVERVIEW_PARTS)) {
    const filters = formatPartFilters(settings.parts, part, found, sources.labels);
    // A part that has no host with the newest version is behind all the same: the whole fleet is
    // the standard.
    const own = await ask(versions, [
      ...(asked.length > 0 ? asked : [["field", settings.parts] as const]),
      ...columns,
      ["hosts", "true"],
      ["newest", "fleet"],
      ...filters,
    ]);
    const hosts = own.facts.count ?? 0;
    const ownFields = groupByField(fields, own.body.rows);
    const behind = findBehind(ownFields);
    for (const { id } of behind) behindIds.add(id);
    if (hosts < part.hosts)
      bounds.push(
        `${part.hosts - hosts} hosts whose ${settings.parts} is empty, null or an object are in no part`,
      );
    if (hosts === 0) continue;
    parts.push({
      name: part.name,
      hosts,
      fields: ownFields.map(trim),
      behind: behind.slice(0, MAX_BEHIND),
      behindCount: behind.length,
      isBehindLeast: sumLeftOut(own.facts.cuts) > 0,
    });
  }
  const judged = await ask(coverage, []);
  const hosts = facts.count ?? 0;
  const partsOmitted = Math.max(0, found.parts.length - MAX_OVERVIEW_PARTS) + found.omitted;
  return {
    settings,
    asOf: facts.asOf,
    hosts,
    coverage: judged.body.document,
    fields: whole.map(trim),
    inventory: {
      hosts: await listIds("fresh", ask, sources.yielder),
      silent: await listIds("silent", ask, sources.yielder),
      fields: whole,
      omitted,
    },
    behindCount: behindIds.size,
    isBehindLeast: omitted > 0 || partsOmitted > 0,
    parts,
    partsOmitted,
    bounds: [...new Set(bounds)],
    absent: hosts === 0 ? [] : await listAbsent(settings, body.rows, found.isKnown, ask),
  };
}

/** How many values an answer left out. */
function sumLeftOut(cuts: readonly Cut[] = []): number {
  return cuts.reduce((sum, { kind, count = 0 }) => (kind === "values" ? sum + count : sum), 0);
}

/** Of the settings' names, those that no host has. */
async function listAbsent(
  { fields, by, parts }: OverviewSettings,
  rows: readonly VersionCount[],
  hasParts: boolean,
  ask: Ask,
): Promise<string[]> {
  const absent = fields.filter((field) => !rows.some((row) => row.field === field && row.value !== null));
  const isDivided = rows.some((row) => Object.keys(row.by ?? {}).some((group) => group !== ""));
  if (by !== "" && !isDivided) {
    // A value that is empty has the same column as none.
    const { body } = await ask(versions, [["field", by]]);
    if (body.rows.every(({ value }) => value === null)) absent.push(by);
  }
  return [...new Set([...absent, ...(hasParts || parts === "" ? [] : [parts])])];
}

function groupByField(fields: readonly string[], values: readonly VersionCount[]): FieldVersions[] {
  return fields.map((field) => ({
    field,
    values: values.filter((value) => value.field === field),
    omitted: 0,
  }));
}

/** The hosts that have something that is behind. */
function findBehind(fields: readonly FieldVersions[]): HostBehind[] {
  const hosts = new Map<string, HostBehind["values"][number][]>();
  for (const { field, values } of fields) {
    for (const { value, newest, hosts: ids = [] } of values) {
      if (value === null || newest === undefined) continue;
      for (const id of ids) {
        const known = hosts.get(id);
        if (known) known.push({ field, value, newest });
        else hosts.set(id, [{ field, value, newest }]);
      }
    }
  }
  return [...hosts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, values]) => ({ id, values }));
}

/** Without the hosts' names, and without the values of the fewest hosts. */
function trim({ field, values }: FieldVersions): FieldVersions {
  const shown = selectShown(values, MAX_PART_VALUES);
  const count = (some: readonly VersionCount[]) => some.filter(({ value }) => value !== null).length;
  return {
    field,
    values: shown.map(({ hosts: _, ...value }) => value),
    omitted: count(values) - count(shown),
  };
}
