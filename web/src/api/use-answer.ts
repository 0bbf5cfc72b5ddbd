// Answers that stay up to date: asked again every few seconds while the page is seen, kept when a
// question fails, and kept while the answer to a changed question is on its way.
import { QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef } from "preact/hooks";
import { askAt } from "../address/past.ts";
import { useAt } from "../address/use-at.ts";
import { type Answer, type Asked, ask } from "./answer.ts";
import { Failure } from "./failure.ts";
import { useInterval } from "./interval.ts";

/** How long an answer that nobody looks at is kept, for the way back to it; ms. */
const KEPT_MS = 5 * 60_000;

/** What all views share. */
export function createAnswers(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // A failure is shown at once, and the next poll is the next try.
        retry: false,
        // A server on loopback answers without a network.
        networkMode: "always",
        gcTime: KEPT_MS,
        // Answers are compared by ETag, not by walking through them.
        structuralSharing: false,
      },
    },
  });
}

export interface LiveAnswer<T> {
  /** The last one that came; undefined before the first. */
  readonly answer: Answer<T> | undefined;
  /** Why the last question got none. */
  readonly failure: Failure | undefined;
  /** Whether `answer` is of a question before this one, whose own has not come, or failed. */
  readonly isOfBefore: boolean;
}

/** What the shell does with a question, as the query's meta. */
export interface Role {
  /** Whether its answer is what the view shows: the page tells its age. */
  readonly isShown: boolean;
  /** Whether the view tells its failures itself: none, that it was not recorded, or all. */
  readonly toldByView?: "untold" | "all";
  /** Older than this it is not up to date; ms. */
  readonly staleMs?: number;
}

/**
 * Asks, and again every few seconds: never from a hidden tab, and once where it
 * is about the past.
 *
 * @param asked undefined asks nothing
 * @param options.isPolled false for what changes seldom: it is asked once
 * @param options.role what the shell does with it
 * @param options.read makes the body of the answer's text, JSON by default
 */
export function useAnswer<T>(
  asked: Asked | undefined,
  {
    isPolled = true,
    role = { isShown: isPolled },
    read,
  }: { readonly isPolled?: boolean; readonly role?: Role; readonly read?: (text: string) => T } = {},
): LiveAnswer<T> {
  const at = useAt();
  const question = asked && askAt(asked, at);
  const isLive = isPolled && at === undefined;
  const intervalMs = useInterval() * 1000;
  const answers = useQueryClient();
  const queryKey = ["answer", question?.path, question?.parameters];
  const { data, error } = useQuery<Answer<T>, Error>({
    queryKey,
    enabled: question !== undefined,
    meta: { role },
    queryFn: ({ signal }) =>
      ask<T>(question as Asked, { before: answers.getQueryData<Answer<T>>(queryKey), signal, read }),
    refetchInterval: ({ state }) =>
      isLive && intervalMs > 0
        ? Math.max(intervalMs, (state.error instanceof Failure && state.error.retryAfterMs) || 0)
        : false,
    refetchIntervalInBackground: false,
    refetchOnWindowFocus: isLive,
    staleTime: isLive ? 0 : Number.POSITIVE_INFINITY,
  });
  const last = useRef({ at, data });
  // An answer of another instant is none to this one.
  if (data !== undefined || last.current.at !== at) last.current = { at, data };
  return {
    answer: last.current.data,
    failure: error === null ? undefined : toFailure(error),
    isOfBefore: data === undefined && last.current.data !== undefined,
  };
}

/** What is no Failure is a mistake of the page's own; it is told as it stands. */
export function toFailure(error: Error): Failure {
  return error instanceof Failure ? error : new Failure("refused", { detail: error.message });
}
