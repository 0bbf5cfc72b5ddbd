// A selection: the reports of a view that a question asks for, and what the answer must say of the rest.
import { createHash } from "node:crypto";
import { judgeFreshness } from "../report/freshness.ts";
import { EXPIRY_MS } from "../report/limits.ts";
import type { HostReport, RollView } from "../roll/view.ts";
import { compileFilter } from "./filter.ts";
import type { Query } from "./query.ts";

export interface Selection {
  /** By key, ascending. */
  readonly reports: readonly HostReport[];
  /** Sum of the bodies' lengths. */
  readonly bytes: number;
  /** All silent hosts, whatever the filters. */
  readonly silent: number;
  readonly problems: number;
  /** What the one who asked should know, such as a filter on a field that no report has. */
  readonly warnings: readonly string[];
  /** The same for the same reports, on every reader of the store. */
  readonly digest: string;
  /** Until a report changes state by age alone; ms since the epoch. While the view's version stands, so does the selection. */
  readonly validUntil: number;
}

/** Reports looked at before other requests get their turn. */
const SLICE = 5000;

/** Selects what a question asks for. Freshness is judged at the view's instant. */
export async function selectReports(view: RollView, query: Query): Promise<Selection> {
  const tests = query.filters.map(compileFilter);
  const fieldSeen = query.filters.map(() => false);
  const chosen: HostReport[] = [];
  let silent = 0;
  let validUntil = Number.POSITIVE_INFINITY;
  let looked = 0;
  for (const report of view.reports) {
    if (++looked % SLICE === 0 && tests.length > 0) await new Promise(setImmediate);
    const state = judgeFreshness(report.receivedAt, view.asOf, query.windowMs);
    if (state === "gone" || state === "future") continue;
    if (state === "silent") silent++;
    validUntil = Math.min(validUntil, report.receivedAt + (state === "fresh" ? query.windowMs : EXPIRY_MS));
    if (query.state !== "all" && query.state !== state) continue;
    const outcomes = tests.map((test) => test(report.body));
    for (const [index, outcome] of outcomes.entries()) fieldSeen[index] ||= outcome !== "no field";
    if (outcomes.every((outcome) => outcome === "match")) chosen.push(report);
  }
  const unseen = looked > 0 ? query.filters.filter((_filter, index) => !fieldSeen[index]) : [];
  return {
    reports: chosen,
    bytes: chosen.reduce((sum, { body }) => sum + body.length, 0),
    silent,
    problems: view.problems.length,
    warnings: unseen.map(({ field }) => `no report that was asked for has a field ${JSON.stringify(field)}`),
    digest: digestReports(chosen, query.meta),
    validUntil,
  };
}

/** Identifies the chosen bytes; with meta, the times of receipt too, since they then are in the answer. */
function digestReports(reports: readonly HostReport[], meta: boolean): string {
  const hash = createHash("sha256");
  for (let at = 0; at < reports.length; at += SLICE) {
    const lines = reports
      .slice(at, at + SLICE)
      .map(({ key, etag, receivedAt }) => `${key}\n${etag}\n${meta ? receivedAt : ""}\n`);
    hash.update(lines.join(""));
  }
  return hash.digest("base64url").slice(0, 22);
}
