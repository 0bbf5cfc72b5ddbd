// The changes as a view has them: asked for once, and then only what is new, by the cursor of the
// answer before.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { askAt } from "../address/past.ts";
import { useAt } from "../address/use-at.ts";
import { type Answer, ask } from "../api/answer.ts";
import { Failure } from "../api/failure.ts";
import { useInterval } from "../api/interval.ts";
import { type Role, toFailure } from "../api/use-answer.ts";
import { addChanges, type ChangesAnswer, type ReadChanges, readChanges } from "./change-lines.ts";

/** Which changes. */
export interface ChangesQuestion {
  /** As the API takes it: `24h`, or an instant. */
  readonly since: string;
  readonly until?: string | undefined;
  /** Of which hosts, fields and kinds. */
  readonly parameters: ReadonlyArray<readonly [string, string]>;
}

/** After so long all is asked for anew, so that the list is not longer than what was asked; ms. */
const WHOLE_MS = 10 * 60_000;

/**
 * A recorder that finds nothing to record says so each ten minutes at least; older than this what
 * it wrote is not up to date.
 */
const ROLE: Role = { isShown: true, toldByView: "untold", staleMs: 15 * 60_000 };

/** Changes, and when they were asked for whole; ms, by performance.now(). */
interface Held extends ReadChanges {
  readonly wholeAt: number;
}

/** The question as the API takes it. */
export function toAsked({ since, until, parameters }: ChangesQuestion) {
  const ends = until === undefined ? [] : [["until", until] as const];
  return { path: "changes", parameters: [["since", since] as const, ...ends, ...parameters] };
}

export function useChanges(question: ChangesQuestion) {
  const at = useAt();
  const intervalMs = useInterval() * 1000;
  const answers = useQueryClient();
  const isLive = at === undefined && question.until === undefined;
  const asked = askAt(toAsked(question), at);
  const queryKey = ["changes", asked.parameters];
  const { data, error } = useQuery<Answer<Held>, Error>({
    queryKey,
    meta: { role: ROLE },
    queryFn: async ({ signal }) => {
      const before = isLive ? answers.getQueryData<Answer<Held>>(queryKey) : undefined;
      if (before && performance.now() - before.body.wholeAt < WHOLE_MS) {
        const more = await askMore(before.body, question, signal);
        if (more) return { ...more, facts: { ...more.facts, cuts: before.facts.cuts } };
      }
      const whole = await ask<ChangesAnswer>(asked, { signal });
      return { ...whole, body: { ...readChanges(whole.body), wholeAt: performance.now() } };
    },
    refetchInterval: ({ state }) =>
      isLive && intervalMs > 0
        ? Math.max(intervalMs, (state.error instanceof Failure && state.error.retryAfterMs) || 0)
        : false,
    refetchIntervalInBackground: false,
    refetchOnWindowFocus: isLive,
    staleTime: isLive ? 0 : Number.POSITIVE_INFINITY,
  });
  return { answer: data, failure: error === null ? undefined : toFailure(error) };
}

/** What is new since. @returns undefined where all is to be asked for */
async function askMore(
  before: Held,
  { parameters }: ChangesQuestion,
  signal: AbortSignal,
): Promise<Answer<Held> | undefined> {
  const more = await ask<ChangesAnswer>(toAsked({ since: before.cursor, parameters }), { signal }).catch(
    (error: unknown) => {
      // A cursor that is not understood any longer.
      if (!(error instanceof Failure) || error.status !== 400) throw error;
    },
  );
  if (!more) return undefined;
  const body = addChanges(before, readChanges(more.body));
  return body && { ...more, body: { ...body, wholeAt: before.wholeAt } };
}
