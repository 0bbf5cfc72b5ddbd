// A selection: the reports of a view that a question asks for, and what the answer must say of the
// rest.
import type { Name } from "../grammar/condition.ts";
import { judgeAge, type State } from "../report/freshness.ts";
import { EXPIRY_MS } from "../report/limits.ts";
import { bodyLength } from "../roll/segment.ts";
import { segmentAt, type Table } from "../roll/table.ts";
import type { RollView } from "../roll/view.ts";
import { ROW_BYTES, SHARED_YIELDER } from "../roll/yielder.ts";
import { describeClockWarnings } from "./clock-warnings.ts";
import type { Cut } from "./cut.ts";
import { compileFilters } from "./filter-tests.ts";
import type { HostSelection, Sources } from "./groups.ts";
import { judgeNames, type NameUse } from "./known-names.ts";
import type { Query } from "./query.ts";
import { hasLabel } from "./report-labels.ts";

export interface Selection {
  /** The view's reports, and the positions of the chosen ones in it, ascending. */
  readonly table: Table;
  readonly positions: Uint32Array;
  /** Sum of the bodies' lengths. */
  readonly bytes: number;
  /** The silent hosts that the filters match, whatever state was asked for. */
  readonly silent: number;
  readonly problems: number;
  /** The hosts that filters judged by some of their values alone. */
  readonly cuts: readonly Cut[];
  /** What the one who asked should know, such as a filter on a field that no report has. */
  readonly warnings: readonly string[];
  /**
   * Until a report changes state by age alone; ms since the epoch. While the view's version stands,
   * so does the selection.
   */
  readonly validUntil: number;
}

/** What `state=all` asks for. */
const HELD: readonly State[] = ["fresh", "silent"];

/** Rows that are looked at for their age alone before their work is counted. */
const ROWS = 1024;

/**
 * Selects what a question asks for. Freshness is judged at the view's instant.
 *
 * @throws UnknownNameError for a filter or field that nobody knows
 */
export async function selectReports(view: RollView, query: Query, sources: Sources): Promise<Selection> {
  const { yielder = SHARED_YIELDER } = sources;
  const table = view.reports;
  const tests = await compileFilters(query, table, sources);
  const wanted = query.state === "all" ? HELD : [query.state];
  const chosen = new Uint32Array(table.rowOf.length);
  let count = 0;
  let bytes = 0;
  let silent = 0;
  let validUntil = Number.POSITIVE_INFINITY;
  for (let at = 0; at < table.rowOf.length; at++) {
    if (at % ROWS === ROWS - 1) await yielder.spend(ROWS * ROW_BYTES);
    const receivedAt = table.receivedAt[at] as number;
    const state = judgeAge(receivedAt, view.asOf, query.windowMs);
    if (!HELD.includes(state)) continue;
    validUntil = Math.min(validUntil, receivedAt + (state === "fresh" ? query.windowMs : EXPIRY_MS));
    const isWanted = wanted.includes(state);
    // Silent hosts are counted whether they are asked for or not.
    if (!isWanted && state !== "silent") continue;
    const [segment, row] = [segmentAt(table, at), table.rowOf[at] as number];
    const outcome = tests.matches(segment, row, isWanted, yielder);
    const isMatch = typeof outcome === "boolean" ? outcome : await outcome;
    if (!isMatch) continue;
    if (state === "silent") silent++;
    if (!isWanted) continue;
    chosen[count++] = at;
    bytes += bodyLength(segment, row);
  }
  const positions = chosen.slice(0, count);
  const unseen = [
    ...tests.listUnseen(),
    ...(await findUnseen({ table, positions }, query.fields ?? [], sources)),
  ];
  return {
    table,
    positions,
    bytes,
    silent,
    problems: view.problemCount,
    cuts: tests.listCuts(),
    warnings: [
      ...describeClockWarnings(view, query.windowMs),
      ...(await judgeNames(unseen, view, sources, query.lenient)),
      ...tests.listWarnings(),
    ],
    validUntil,
  };
}

/** The fields and labels to keep that none of the reports has. */
async function findUnseen(
  chosen: HostSelection,
  names: readonly Name[],
  sources: Sources,
): Promise<NameUse[]> {
  const { reader, yielder = SHARED_YIELDER } = sources;
  const unseen: NameUse[] = [];
  for (const name of names) {
    const isThere =
      (await hasLabel(chosen, name, sources)) ||
      (name.scope !== "label" && (await reader.isPresent(chosen, name.path, yielder)));
    if (!isThere) unseen.push({ name, parameter: "fields", isPresence: false });
  }
  return unseen;
}
