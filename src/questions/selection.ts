// A selection: the reports of a view that a question asks for, and what the answer must say of the
// rest.
import { createHash, type Hash } from "node:crypto";
import { judgeFreshness } from "../report/freshness.ts";
import { EXPIRY_MS } from "../report/limits.ts";
import { bodyLength, SEPARATOR, type Segment } from "../roll/segment.ts";
import { segmentAt, type Table } from "../roll/table.ts";
import type { RollView } from "../roll/view.ts";
import { ROW_BYTES, SHARED_YIELDER } from "../roll/yielder.ts";
import { describeClockWarnings } from "./clock-warnings.ts";
import { compileFilter } from "./filter.ts";
import type { Query } from "./query.ts";

export interface Selection {
  /** The view's reports, and the positions of the chosen ones in it, ascending. */
  readonly table: Table;
  readonly positions: Uint32Array;
  /** Sum of the bodies' lengths. */
  readonly bytes: number;
  /** All silent hosts, whatever the filters. */
  readonly silent: number;
  readonly problems: number;
  /** What the one who asked should know, such as a filter on a field that no report has. */
  readonly warnings: readonly string[];
  /** The same for the same reports, on every reader of the store. */
  readonly digest: string;
  /**
   * Until a report changes state by age alone; ms since the epoch. While the view's version stands,
   * so does the selection.
   */
  readonly validUntil: number;
}

/** Rows that are looked at for their age alone before their work is counted. */
const ROWS = 1024;

/** Selects what a question asks for. Freshness is judged at the view's instant. */
export async function selectReports(
  view: RollView,
  query: Query,
  yielder = SHARED_YIELDER,
): Promise<Selection> {
  const table = view.reports;
  const tests = query.filters.map(compileFilter);
  const fieldSeen = query.filters.map(() => false);
  const chosen = new Uint32Array(table.rowOf.length);
  let count = 0;
  let bytes = 0;
  let silent = 0;
  let validUntil = Number.POSITIVE_INFINITY;

  /** Whether all filters match; each is asked, so that fields nobody has are known. */
  async function matches({ bodies, bodyStarts }: Segment, row: number): Promise<boolean> {
    const [start, end] = [bodyStarts[row] as number, (bodyStarts[row + 1] as number) - SEPARATOR.length];
    let isMatch = true;
    for (const [index, test] of tests.entries()) {
      const wait = yielder.spend(end - start);
      if (wait !== undefined) await wait;
      const outcome = test(bodies, start, end);
      fieldSeen[index] ||= outcome !== "no field";
      isMatch &&= outcome === "match";
    }
    return isMatch;
  }

  for (let at = 0; at < table.rowOf.length; at++) {
    if (at % ROWS === ROWS - 1) await yielder.spend(ROWS * ROW_BYTES);
    const receivedAt = table.receivedAt[at] as number;
    const state = judgeFreshness(receivedAt, view.asOf, query.windowMs);
    if (state === "gone" || state === "future") continue;
    if (state === "silent") silent++;
    validUntil = Math.min(validUntil, receivedAt + (state === "fresh" ? query.windowMs : EXPIRY_MS));
    if (query.state !== "all" && query.state !== state) continue;
    const [segment, row] = [segmentAt(table, at), table.rowOf[at] as number];
    if (tests.length > 0 && !(await matches(segment, row))) continue;
    chosen[count++] = at;
    bytes += bodyLength(segment, row);
  }
  const positions = chosen.slice(0, count);
  const unseen = table.rowOf.length > 0 ? query.filters.filter((_filter, index) => !fieldSeen[index]) : [];
  return {
    table,
    positions,
    bytes,
    silent,
    problems: view.problemCount,
    warnings: [
      ...describeClockWarnings(view, query.windowMs),
      ...unseen.map(({ field }) => `no report that was asked for has a field ${JSON.stringify(field)}`),
    ],
    digest: digestReports(table, positions, query.meta),
    validUntil,
  };
}

/**
 * Identifies the chosen bytes by their keys and etags; with meta, the times of receipt too, since
 * they then are in the answer.
 */
function digestReports(table: Table, positions: Uint32Array, meta: boolean): string {
  const hash = createHash("sha256");
  hashNames(hash, table, positions);
  if (meta) {
    const times = Float64Array.from(positions, (at) => table.receivedAt[at] as number);
    hash.update(new Uint8Array(times.buffer));
  }
  return hash.digest("base64url").slice(0, 22);
}

/** Keys and etags lie side by side where rows do, so that a run of rows is hashed at once. */
function hashNames(hash: Hash, table: Table, positions: Uint32Array): void {
  let names: Buffer | undefined;
  let start = 0;
  let end = 0;
  for (const at of positions) {
    const [segment, row] = [segmentAt(table, at), table.rowOf[at] as number];
    const from = segment.nameStarts[row] as number;
    if (segment.names !== names || from !== end) {
      if (names) hash.update(names.subarray(start, end));
      names = segment.names;
      start = from;
    }
    end = segment.nameStarts[row + 1] as number;
  }
  if (names) hash.update(names.subarray(start, end));
}
