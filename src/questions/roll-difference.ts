// What differs between two rolls, host by host, as changes.

import { findFieldChanges } from "../history/field-changes.ts";
import { compileNoise } from "../history/noise.ts";
import { judgeAge } from "../report/freshness.ts";
import { parseReportKey } from "../report/key.ts";
import { readBody } from "../roll/segment.ts";
import { etagAt, keyAt, segmentAt, type Table } from "../roll/table.ts";
import type { RollView } from "../roll/view.ts";
import type { Yielder } from "../roll/yielder.ts";
import type { ToldChange } from "./change-groups.ts";
import type { Sources } from "./groups.ts";
import { type DescribeHost, describeHosts } from "./host-description.ts";

/** The roll at an instant, of the past or of now. */
export interface RollAt {
  /** Of the entry; 0 for now. */
  readonly entry: number;
  readonly view: RollView;
  /** Fields that make no difference. */
  readonly noise: readonly string[];
  readonly sources: Sources;
}

/** A roll, and the reports in it that are asked for. */
export interface ChosenRoll extends RollAt {
  /** Positions in its table, ascending. */
  readonly positions: Uint32Array;
}

export interface DiffOptions {
  /** After how long a host is silent; ms. */
  readonly windowMs: number;
  readonly yielder: Yielder;
  /** Told of changes beyond the bounds of one report. */
  readonly onDropped: (count: number) => void;
}

/**
 * Compares. A host is in question where its later report is chosen; one that is not there any more,
 * where its earlier one is.
 */
export async function* diffRolls(
  earlier: ChosenRoll,
  later: ChosenRoll,
  { windowMs, yielder, onDropped }: DiffOptions,
): AsyncGenerator<ToldChange> {
  const [before, after] = [earlier.view, later.view];
  const noise = compileNoise([...new Set([...earlier.noise, ...later.noise])]);
  const [describeOld, describeNow] = [
    await describeHosts(before.reports, earlier.sources),
    await describeHosts(after.reports, later.sources),
  ];
  const departed = new Set(after.departed.map(({ key }) => key));
  const reasons = new Map(after.problems.map(({ key, reason }) => [key, reason]));
  const chosenBefore = new Set(earlier.positions);
  const isFresh = (table: Table, at: number, asOf: number) =>
    judgeAge(table.receivedAt[at] as number, asOf, windowMs) === "fresh";

  function make(table: Table, at: number, describe: DescribeHost, change: Partial<ToldChange>): ToldChange {
    const key = keyAt(table, at);
    const { id: host = "", account = "" } = parseReportKey(key) ?? {};
    const described = describe(key) ?? { instanceName: null, labels: {} };
    return {
      entry: later.entry,
      at: after.asOf,
      receivedAt: table.receivedAt[at] as number,
      key,
      host,
      account,
      ...described,
      kind: "changed",
      field: "",
      before: null,
      after: null,
      ...change,
    };
  }

  function* compare(old: number, now: number): Generator<ToldChange> {
    const [wasFresh, is] = [
      isFresh(before.reports, old, before.asOf),
      isFresh(after.reports, now, after.asOf),
    ];
    if (wasFresh !== is) yield make(after.reports, now, describeNow, { kind: is ? "returned" : "silent" });
    if (etagAt(before.reports, old) === etagAt(after.reports, now)) return;
    const [one, other] = [bodyAt(before.reports, old), bodyAt(after.reports, now)];
    const { changes, dropped } = findFieldChanges(one, other, noise);
    onDropped(dropped);
    for (const change of changes) yield make(after.reports, now, describeNow, change);
  }

  function leave(old: number): ToldChange {
    const key = keyAt(before.reports, old);
    const reason = reasons.get(key);
    // Marks of departures are kept for a day.
    const kind = departed.has(key) ? "departed" : "left";
    return make(
      before.reports,
      old,
      describeOld,
      reason === undefined ? { kind } : { kind: "set_aside", after: reason },
    );
  }

  let old = 0;
  const { length } = before.reports.rowOf;
  for (const now of later.positions) {
    const wait = yielder.spend(ROW_BYTES);
    if (wait !== undefined) await wait;
    const key = keyAt(after.reports, now);
    old = seek(before.reports, key, old);
    if (old < length && keyAt(before.reports, old) === key) yield* compare(old, now);
    else yield make(after.reports, now, describeNow, { kind: "arrived" });
  }
  let now = 0;
  for (let at = 0; at < length; at++) {
    if (!chosenBefore.has(at)) continue;
    const key = keyAt(before.reports, at);
    now = seek(after.reports, key, now);
    if (now < after.reports.rowOf.length && keyAt(after.reports, now) === key) continue;
    yield leave(at);
  }
}

/** What a host costs to look at, in bytes of a report. */
const ROW_BYTES = 1024;

/** The first position from one on whose key is not before another. */
function seek(table: Table, key: string, from: number): number {
  let at = from;
  while (at < table.rowOf.length && keyAt(table, at) < key) at++;
  return at;
}

function bodyAt(table: Table, at: number): Buffer {
  return readBody(segmentAt(table, at), table.rowOf[at] as number);
}
