// What the filters choose among objects that are no rows of the roll: reports that were set aside,
// and the last ones of hosts that left.

import type { Filter } from "../grammar/filter.ts";
import { compileValues, type ValueTest } from "../grammar/value-test.ts";
import { parseReportKey } from "../report/key.ts";
import { createTableBuilder, findKey, keyAt, segmentAt, type Table } from "../roll/table.ts";
import type { RollView } from "../roll/view.ts";
import { SHARED_YIELDER } from "../roll/yielder.ts";
import { compileFilters } from "./filter-tests.ts";
import type { Sources } from "./groups.ts";
import type { NameUse } from "./known-names.ts";
import { findLabel, readNamedValues } from "./named-values.ts";
import type { Query } from "./query.ts";

/** What was found out. */
export interface SetAsideChoice {
  /** Whether the filters choose what lies under a key; undefined where that cannot be told. */
  judge(key: string): boolean | undefined;
  /** The filters whose name nothing had that was looked at. */
  readonly unseen: readonly NameUse[];
  readonly warnings: readonly string[];
}

/**
 * Looks at what lies under some keys: at the report that is held of it, and else at the account,
 * which the key says.
 */
export async function chooseSetAside(
  keys: Iterable<string>,
  view: RollView,
  query: Query,
  sources: Sources,
): Promise<SetAsideChoice> {
  const { yielder = SHARED_YIELDER } = sources;
  const table = gatherRows([...new Set(keys)].sort(), view);
  const tests = await compileFilters(query, table, sources);
  const verdicts = new Map<string, boolean>();
  for (const [at, row] of table.rowOf.entries())
    verdicts.set(keyAt(table, at), await tests.matches(segmentAt(table, at), row, true, yielder));
  const placed = await listPlaced(query.filters, view.reports, sources);
  return {
    judge: (key) => verdicts.get(key) ?? judgePlace(key, placed, query.filters.length),
    unseen: tests.listUnseen(),
    warnings: tests.listWarnings(),
  };
}

/** The rows under some keys, which ascend; whatever the roll holds under them. */
function gatherRows(keys: readonly string[], { reports, aside }: RollView): Table {
  const rows = createTableBuilder(keys.length);
  for (const key of keys)
    for (const table of aside ? [aside, reports] : [reports]) {
      const at = findKey(table, key);
      if (at === table.rowOf.length || keyAt(table, at) !== key) continue;
      rows.push(table.segmentOf[at] as number, table.rowOf[at] as number, table.receivedAt[at] as number);
      break;
    }
  return rows.build(reports.segments);
}

/**
 * The filters that the place of a report decides: those of the account, unless a report says one.
 */
async function listPlaced(filters: readonly Filter[], table: Table, sources: Sources): Promise<ValueTest[]> {
  const placed: ValueTest[] = [];
  for (const filter of filters) {
    const rules = findLabel(filter, sources.labels) ?? [];
    if (rules.length === 0 || rules.some(({ path }) => path !== undefined)) continue;
    const { fieldRows } = await readNamedValues(filter, table, sources);
    if (fieldRows === 0) placed.push(compileValues(filter.values));
  }
  return placed;
}

function judgePlace(key: string, placed: readonly ValueTest[], filters: number): boolean | undefined {
  const place = parseReportKey(key);
  if (!place) return undefined;
  const { account } = place;
  const passes = (test: ValueTest) =>
    account === "" ? !test.needsValue : !test.rejects(account) && (test.accepts(account) || !test.needsValue);
  if (!placed.every(passes)) return false;
  return placed.length === filters ? true : undefined;
}
