// A step: what one entry does to the state that history has replayed so far. Entries of the log are
// read into it, and so are those of closed days.
import type { Problem } from "../report/problem.ts";
import type { Departure } from "../roll/departures.ts";
import type { Segment } from "../roll/segment.ts";
import type { Change } from "./change.ts";
import type { ListPatch } from "./list-patch.ts";
import type { Gap, RecordedFacts } from "./recorded.ts";

/** Where a slot's report stands. */
export const [ABSENT, REPORTS, ASIDE] = [0, 1, 2] as const;

/**
 * Reports with their bodies. The n-th row of all segments together goes to the n-th slot. A slot is
 * the number of one report: a key has one, or where several stores have the key one for each;
 * counted from the last whole step on, and never used again for another.
 */
export interface StepRows {
  readonly segments: readonly Segment[];
  /** Slots that are new come after all others, in the order of their keys. */
  readonly slots: Uint32Array;
  readonly places: Uint8Array;
  /** ms since the epoch. */
  readonly receivedAt: Float64Array;
}

/** Reports that came again and said the same, noise apart: their recorded bodies stay. */
export interface StepReceipts {
  readonly slots: Uint32Array;
  /** ms since the epoch. */
  readonly receivedAt: Float64Array;
  readonly updatedAt: Float64Array;
}

/** Reports that stand elsewhere now, though their bodies are the same. */
export interface StepMoves {
  readonly slots: Uint32Array;
  readonly places: Uint8Array;
}

/** What is new among the facts; undefined for what stays. */
export interface FactsPatch {
  readonly labels?: RecordedFacts["labels"];
  /** The hosts, where there is a list; else why there is none, or that nobody says. */
  readonly expected?:
    | { readonly hosts: ListPatch<string> }
    | { readonly mistake: string }
    | Record<string, never>;
  readonly clones?: ListPatch<Problem>;
  readonly bounds?: ListPatch<Problem>;
}

/** What one entry does. */
export interface Step {
  readonly number: number;
  /** The recorder's instant; ms since the epoch. */
  readonly at: number;
  /** How often its recorder looks; ms. */
  readonly everyMs: number;
  /** Number of the last step that is whole: from there on it can be replayed. Its own if it is. */
  readonly base: number;
  /** That nothing could be recorded before it, and why. */
  readonly gap?: Gap;
  readonly rows: StepRows;
  readonly receipts: StepReceipts;
  readonly moves: StepMoves;
  /** Slots whose report is not there any more. */
  readonly gone: Uint32Array;
  readonly problems?: ListPatch<Problem>;
  readonly problemCount: number;
  readonly departed?: ListPatch<Departure>;
  readonly facts: FactsPatch;
  /** Fields that are noise; the same in all steps up to the next whole one. */
  readonly noise: readonly string[];
  readonly changes: readonly Change[];
  /** Changes beyond the bounds. */
  readonly dropped: number;
}

/** Whether the state begins anew with it, whatever was before. */
export function isWhole({ number, base }: Pick<Step, "number" | "base">): boolean {
  return number === base;
}

export const DAY_MS = 86_400_000;

/** UTC days since the epoch. Each day's first step is whole. */
export function dayOf(at: number): number {
  return Math.floor(at / DAY_MS);
}
