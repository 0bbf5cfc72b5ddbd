// The past: the roll at an instant, as it was recorded then, and what an answer says of that. What
// compiles labels is apart (past-sources.ts), since it takes long to load.

import { ConditionError } from "../grammar/condition.ts";
import { parseInstant } from "../grammar/instant.ts";
import type { History } from "../history/history.ts";
import { type Gap, isUntold, type Recorded, type RecordedFacts, type Untold } from "../history/recorded.ts";
import type { FieldReader } from "./field-values.ts";
import type { Sources } from "./groups.ts";
import type { Labels } from "./labels.ts";
import { QueryError } from "./query.ts";
import type { Refusal } from "./question.ts";
import type { WrittenAnswer } from "./written-answer.ts";

const UNRECORDED = { refusal: "cannot_be_told", isOfPast: true } as const;

/** How far a caller's clock may be ahead of ours; ms. */
const CLOCK_TOLERANCE_MS = 60_000;

/** Where to read on. */
const HISTORY_DOCS = "docs/history.md says how history is recorded";

/** What is to be said where no history is read. */
const NO_HISTORY =
  "no history is read here, so that only now can be told; rollcall serve records it unless it is started " +
  `with --no-history; ${HISTORY_DOCS}`;

/**
 * Reads an instant of a parameter: ISO 8601 with an offset. @returns ms since the epoch @throws
 * QueryError
 */
export function readInstant(name: string, text: string): number {
  try {
    return parseInstant(text);
  } catch (error) {
    throw error instanceof ConditionError ? new QueryError(name, error.message) : error;
  }
}

/** What has not been yet is nobody's to tell. @throws QueryError */
export function refuseFuture(name: string, at: number, now: number): void {
  if (at > now + CLOCK_TOLERANCE_MS)
    throw new QueryError(
      name,
      `${new Date(at).toISOString()} lies ahead; it is ${new Date(now).toISOString()}`,
    );
}

/** An instant; nothing where a stretch has no end there. */
function formatBound(at: number): string | undefined {
  return at > 0 && at <= 8.64e15 ? new Date(at).toISOString() : undefined;
}

/** Why an instant cannot be told, and of which stretch that is so. */
export function refuseUntold({ untold, from, until }: Untold): Refusal {
  const [start, end] = [formatBound(from), formatBound(until)];
  const stretch = [...(start ? [`from ${start}`] : []), ...(end ? [`until ${end}`] : [])].join(" ");
  const what = stretch === "" ? untold : `${untold} (${stretch})`;
  return { ...UNRECORDED, detail: `${what}; ${HISTORY_DOCS}` };
}

/** The roll as it was. @returns a refusal where that cannot be told */
export async function openPast(
  at: number,
  { history }: Past,
  signal: AbortSignal,
): Promise<Recorded | Refusal> {
  const recorded = await history.viewAt(at, signal);
  return isUntold(recorded) ? refuseUntold(recorded) : recorded;
}

/** What questions read the past with. */
export interface Past {
  readonly history: History;
  /** Fields of past reports, which go with them. */
  readonly reader: FieldReader;
  /** The labels of then. */
  compileLabels(rules: RecordedFacts["labels"]): Labels;
}

/** What labels and fields of a past roll are read with. */
export function readLabelsOf({ facts }: Recorded, { reader, compileLabels }: Past): Sources {
  return { labels: compileLabels(facts.labels), reader };
}

/** An answer about the past, which says so, and whose bytes are never taken for those of now. */
export function tellPast(written: WrittenAnswer, { number, noise }: Recorded): WrittenAnswer {
  const { facts, digest } = written;
  const told = noise.length === 0 ? [] : [`of ${noise.join(", ")} it has what the last recorded report had`];
  return {
    ...written,
    digest: `${digest}-h${number}`,
    facts: { ...facts, warnings: [...facts.warnings, ...told] },
  };
}

/** How far history reaches. */
export interface Reach {
  /** Of its first entry and its last; ms since the epoch. */
  readonly first: number;
  readonly last: number;
  /**
   * What a span back from now is counted from: the last entry, so that the same question has the
   * same answer up to the next one; now where no recorder has written for long.
   */
  readonly now: number;
}

/** @returns a refusal where there is no history at all */
export async function findReach(
  history: History,
  now: number,
  signal: AbortSignal,
): Promise<Reach | Refusal> {
  const reach = await history.reach(signal);
  if (!reach)
    return {
      ...UNRECORDED,
      detail:
        "nothing has been recorded in this store yet; rollcall serve records once a minute, and rollcall " +
        `history record by cron; ${HISTORY_DOCS}`,
    };
  const { since: first, until: last, quietMs } = reach;
  return { first, last: Math.min(last, now), now: now - last > quietMs ? now : Math.min(last, now) };
}

/**
 * What of a stretch of time lies before history's beginning or after its end. @returns a refusal
 * where all of it does
 */
export function findMissing(
  { first, last, now }: Reach,
  { since, until }: { readonly since: number; readonly until: number },
): readonly Gap[] | Refusal {
  const reason = "history does not reach back so far";
  if (until < first) return refuseUntold({ untold: reason, from: Number.NEGATIVE_INFINITY, until: first });
  return [
    ...(since < first ? [{ from: since, until: first, reason }] : []),
    // What the next entry will say is no gap.
    ...(now > last && until > last ? [{ from: last, until, reason: "no recorder has written since" }] : []),
  ];
}

/** Gaps as warnings; of many the longest. */
export function describeGaps(gaps: readonly Gap[]): string[] {
  const shown = gaps.toSorted((a, b) => b.until - b.from - (a.until - a.from)).slice(0, MAX_TOLD_GAPS);
  const more = gaps.length - shown.length;
  return [
    ...shown.map(({ from, until, reason }) => {
      const stretch = `from ${new Date(from).toISOString()} until ${new Date(until).toISOString()}`;
      return `${stretch} cannot be told: ${reason}`;
    }),
    ...(more > 0 ? [`${more} shorter gaps`] : []),
  ];
}

/** Gaps that warnings name. */
const MAX_TOLD_GAPS = 3;

/** Where nobody reads the history. */
export const REFUSE_PAST: Refusal = { ...UNRECORDED, detail: NO_HISTORY };
