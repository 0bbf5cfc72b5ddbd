// Which changes are asked for. A filter on a label speaks of the host's labels as they were
// recorded with the change; every other one of the host's report as the change left it, and of a
// host that went of its last report.

import { type Filter, isPresenceTest } from "../grammar/filter.ts";
import { compileValues, type ValueTest } from "../grammar/value-test.ts";
import type { Change, ChangeKind } from "../history/change.ts";
import { isUntold, type Recorded } from "../history/recorded.ts";
import { findKey, keyAt, segmentAt } from "../roll/table.ts";
import type { ChangeQuery } from "./change-query.ts";
import type { ChangeEntry } from "./change-stream.ts";
import { compileFilters } from "./filter-tests.ts";
import { judgeNames, type NameUse } from "./known-names.ts";
import { type Past, readLabelsOf } from "./past.ts";
import type { QuestionSources } from "./question.ts";

/** A change, and where it stands. */
export interface PlacedChange {
  readonly change: Change;
  readonly entry: ChangeEntry;
  /** Among the changes of its entry. */
  readonly place: number;
}

/** Kinds after which a host's report is in the roll no more. */
const GONE: ReadonlySet<ChangeKind> = new Set(["departed", "expired", "removed", "set_aside"]);

/** Chooses changes. */
export interface ChangeFilter {
  /** Those of an entry that are asked for, as far as they say it themselves. */
  screen(entry: ChangeEntry): PlacedChange[];
  /** Those of several entries, in order, whose reports match too. */
  judge(changes: readonly PlacedChange[], signal: AbortSignal): Promise<readonly PlacedChange[]>;
  /**
   * What to say of filters that found nothing. @throws UnknownNameError for a name that nobody
   * knows
   */
  listWarnings(): Promise<string[]>;
}

/** Makes a filter. */
export function createChangeFilter(query: ChangeQuery, past: Past, sources: QuestionSources): ChangeFilter {
  const { filters, same, lenient } = query.reports;
  const tests = filters.map((filter) => ({ filter, test: compileValues(filter.values) }));
  const seen = new Set<Filter>();
  const untold = new Set<string>();

  /** Whether a filter speaks of a label of a change, and not of a report. */
  function isLabel({ scope, path: [name = "", ...inner] }: Filter, { labels }: Change): boolean {
    if (scope === "field" || inner.length > 0) return false;
    return scope === "label" || Object.hasOwn(labels, name) || sources.labels.has(name);
  }

  function isAsked(change: Change): boolean {
    const { kind, host, instanceName, field, labels } = change;
    if (!query.kinds.has(kind) || !query.isHost(host, instanceName) || !query.isField(field)) return false;
    let isMatch = true;
    for (const { filter, test } of tests) {
      if (!isLabel(filter, change)) continue;
      const name = filter.path[0] ?? "";
      const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
      if (value !== undefined) seen.add(filter);
      isMatch &&= testLabel(value, test);
    }
    return isMatch;
  }

  /** Those whose hosts' reports in a past roll match. */
  async function judgeReports(
    recorded: Recorded,
    own: readonly PlacedChange[],
    asked: readonly Filter[],
  ): Promise<PlacedChange[]> {
    const { reports: table } = recorded.view;
    const then = { ...sources, ...readLabelsOf(recorded, past) };
    const compiled = await compileFilters({ filters: asked, same }, table, then);
    const matching: PlacedChange[] = [];
    for (const one of own) {
      const at = findKey(table, one.change.key);
      if (at >= table.rowOf.length || keyAt(table, at) !== one.change.key) continue;
      const [segment, row] = [segmentAt(table, at), table.rowOf[at] as number];
      if (await compiled.matches(segment, row, true, sources.yielder)) matching.push(one);
    }
    const missing = new Set(compiled.listUnseen().map(({ name }) => name.text));
    for (const filter of asked) if (!missing.has(filter.field)) seen.add(filter);
    return matching;
  }

  return {
    screen(entry) {
      const chosen: PlacedChange[] = [];
      for (const [place, change] of entry.changes.entries())
        if (isAsked(change)) chosen.push({ change, entry, place });
      return chosen;
    },

    async judge(changes, signal) {
      const own = filters.filter((filter) => changes.some(({ change }) => !isLabel(filter, change)));
      if (own.length === 0) return changes;
      const instantOf = ({ change, entry }: PlacedChange) => entry.at - (GONE.has(change.kind) ? 1 : 0);
      const byInstant = new Map<number, PlacedChange[]>();
      for (const one of changes) {
        const together = byInstant.get(instantOf(one));
        if (together) together.push(one);
        else byInstant.set(instantOf(one), [one]);
      }
      const instants = [...byInstant.keys()].sort((a, b) => a - b);
      const kept = new Set<PlacedChange>();
      let at = 0;
      for await (const recorded of past.history.viewsAt(instants, signal)) {
        const mine = byInstant.get(instants[at++] ?? 0) ?? [];
        if (isUntold(recorded)) {
          untold.add(recorded.untold);
          continue;
        }
        for (const one of await judgeReports(recorded, mine, own)) kept.add(one);
      }
      return changes.filter((one) => kept.has(one));
    },

    async listWarnings() {
      const unseen = filters.filter((filter) => !seen.has(filter)).map(toUse);
      const names =
        unseen.length === 0 ? [] : await judgeNames(unseen, await sources.viewAt(), sources, lenient);
      return [
        ...names,
        ...[...untold].map((reason) => `of some changes the host's report cannot be told: ${reason}`),
      ];
    },
  };
}

function toUse({ field: text, scope, path, values }: Filter): NameUse {
  return {
    name: { text, scope, path },
    parameter: text.slice(0, 64),
    isPresence: isPresenceTest(values),
  };
}

/** Several values of a label are joined by commas, and one may have a comma itself. */
function testLabel(text: string | undefined, test: ValueTest): boolean {
  if (text === undefined) return !test.needsValue;
  const values = text.includes(",") ? [text, ...text.split(",")] : [text];
  if (values.some((value) => test.rejects(value))) return false;
  return !test.needsValue || values.some((value) => test.accepts(value));
}
