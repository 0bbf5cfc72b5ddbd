// What history gives: the roll as it was, what answers were made of beside it, and what cannot be
// told.
import type { Problem } from "../report/problem.ts";
import type { RollView } from "../roll/view.ts";

/** A stretch of time in which nothing was recorded; ms since the epoch. */
export interface Gap {
  readonly from: number;
  readonly until: number;
  /** For people. */
  readonly reason: string;
}

/**
 * Why an instant cannot be told, and the stretch around it of which that is so; ms since the epoch.
 */
export interface Untold {
  readonly untold: string;
  readonly from: number;
  readonly until: number;
}

/** Tells what cannot be told from what can. */
export function isUntold<Told extends object>(answer: Told | Untold): answer is Untold {
  return "untold" in answer;
}

/** What answers were made of beside the roll. */
export interface RecordedFacts {
  /** The rules of labels, as they were configured. */
  readonly labels: readonly { readonly field: string; readonly pattern: string }[];
  /** Who should report, or why that could not be said; neither where nobody had said. */
  readonly expected: { readonly hosts?: readonly string[]; readonly mistake?: string };
  /** Machines that claimed the id of another, and reports beyond what a key may write. */
  readonly clones: readonly Problem[];
  readonly bounds: readonly Problem[];
}

export const NO_FACTS: RecordedFacts = { labels: [], expected: {}, clones: [], bounds: [] };

/** The roll as it was recorded. */
export interface Recorded {
  /** Of the entry. */
  readonly number: number;
  /** The recorder's instant, which is the view's asOf; ms since the epoch. */
  readonly at: number;
  /** Its version is no live view's, nor another instant's. */
  readonly view: RollView;
  readonly facts: RecordedFacts;
  /**
   * Fields whose values may be those of an earlier report of the same host that said the same else.
   */
  readonly noise: readonly string[];
}
