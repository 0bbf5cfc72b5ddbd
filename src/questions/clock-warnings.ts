// What whoever asks should know of the times behind an answer: reports that are older by their own
// dates than by their receipt, and a window that is too short for hosts that are well.
import { judgeAge } from "../report/freshness.ts";
import { parseReportKey } from "../report/key.ts";
import { DEFAULT_WINDOW_MS } from "../report/limits.ts";
import type { Problem } from "../report/problem.ts";
import { bodyLength } from "../roll/segment.ts";
import { keyAt, segmentAt, type Table, updatedAtAt } from "../roll/table.ts";
import type { RollView } from "../roll/view.ts";
import { describeShortWindow } from "./short-window.ts";

/**
 * A report that was made so long before it came would not be fresh by its own date; ms. A host's
 * clock may be wrong, or the store's times are.
 */
const BACKDATED_MS = DEFAULT_WINDOW_MS;

/** Hosts that are named in a warning. */
const MAX_NAMED_BACKDATED = 3;

interface Backdated {
  /** Of the view, and until when no report changes its state by age alone; ms since the epoch. */
  readonly asOf: number;
  readonly validUntil: number;
  readonly fresh: number;
  /** Positions in the view's reports of the fresh ones that are backdated: the first ones. */
  readonly first: readonly number[];
  readonly count: number;
  /** The longest time between a date and a receipt; ms. */
  readonly furthestMs: number;
}

/** What was found in a table, by window. */
const found = new WeakMap<Table, Map<number, Backdated>>();

/** Windows of which it is kept: whoever asks chooses them. */
const MAX_KEPT_WINDOWS = 8;

/** As findBackdated, once for all questions of a view, and of later ones with the same reports. */
function recallBackdated(view: RollView, windowMs: number): Backdated {
  const kept = found.get(view.reports) ?? new Map<number, Backdated>();
  found.set(view.reports, kept);
  const known = kept.get(windowMs);
  if (known && view.asOf >= known.asOf && view.asOf <= known.validUntil) return known;
  const backdated = findBackdated(view, windowMs, MAX_NAMED_BACKDATED);
  if (kept.size >= MAX_KEPT_WINDOWS) kept.clear();
  kept.set(windowMs, backdated);
  return backdated;
}

function findBackdated({ reports: table, asOf }: RollView, windowMs: number, maxFirst: number): Backdated {
  const first: number[] = [];
  let [fresh, count, furthestMs] = [0, 0, 0];
  let validUntil = Number.POSITIVE_INFINITY;
  for (let at = 0; at < table.rowOf.length; at++) {
    const receivedAt = table.receivedAt[at] as number;
    const state = judgeAge(receivedAt, asOf, windowMs);
    if (state !== "fresh") continue;
    fresh++;
    validUntil = Math.min(validUntil, receivedAt + windowMs);
    const behindMs = receivedAt - updatedAtAt(table, at);
    if (behindMs <= BACKDATED_MS) continue;
    count++;
    furthestMs = Math.max(furthestMs, behindMs);
    if (first.length < maxFirst) first.push(at);
  }
  return { asOf, validUntil, fresh, first, count, furthestMs };
}

/**
 * In words: warnings about the reader's clock, of the times of receipt, and of the window. Nothing
 * is left out of an answer for them.
 */
export function describeClockWarnings(view: RollView, windowMs: number): string[] {
  const { fresh, first, count, furthestMs } = recallBackdated(view, windowMs);
  const warnings = [...(view.clockWarnings ?? []), ...describeShortWindow(view, windowMs)];
  if (count > 0) {
    const names = first.map((at) => parseReportKey(keyAt(view.reports, at))?.id ?? "").join(", ");
    const more = count > first.length ? ` and ${count - first.length} more` : "";
    warnings.push(
      `${count} of ${fresh} fresh reports came hours after they were made by their ` +
        `hosts' clocks, up to ${Math.round(furthestMs / 3_600_000)} h ` +
        `(${names}${more}): those clocks are wrong, or the store was copied without ` +
        "its times",
    );
  }
  return warnings;
}

/** The backdated ones as problems, though they are in the answers: the first ones. */
export function listBackdated(view: RollView, windowMs: number, max: number): Problem[] {
  const { reports: table } = view;
  return findBackdated(view, windowMs, max).first.map((at) => {
    const [segment, row] = [segmentAt(table, at), table.rowOf[at] as number];
    const receivedAt = table.receivedAt[at] as number;
    const hours = ((receivedAt - updatedAtAt(table, at)) / 3_600_000).toFixed(1);
    const detail = `its update_date lies ${hours} h before the store received it; it is in the answers`;
    return { key: keyAt(table, at), reason: "backdated", detail, receivedAt, size: bodyLength(segment, row) };
  });
}
