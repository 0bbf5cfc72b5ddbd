// Answers that stay up to date: asked again every few seconds while the page is seen, kept when a
// question fails, and kept while the answer to a changed question is on its way.
import { QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef } from "preact/hooks";
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

/**
 * Asks, and again every few seconds: never from a hidden tab.
 *
 * @param asked undefined asks nothing
 * @param options.isPolled false for what changes seldom: it is asked once
 * @param options.read makes the body of the answer's text, JSON by default
 */
export function useAnswer<T>(
  asked: Asked | undefined,
  { isPolled = true, read }: { readonly isPolled?: boolean; readonly read?: (text: string) => T } = {},
): LiveAnswer<T> {
  const intervalMs = useInterval() * 1000;
  const answers = useQueryClient();
  const queryKey = ["answer", asked?.path, asked?.parameters];
  const { data, error } = useQuery<Answer<T>, Error>({
    queryKey,
    enabled: asked !== undefined,
    queryFn: ({ signal }) =>
      ask<T>(asked as Asked, { before: answers.getQueryData<Answer<T>>(queryKey), signal, read }),
    refetchInterval: ({ state }) =>
      isPolled && intervalMs > 0
        ? Math.max(intervalMs, (state.error instanceof Failure && state.error.retryAfterMs) || 0)
        : false,
    refetchIntervalInBackground: false,
    refetchOnWindowFocus: isPolled,
    staleTime: isPolled ? 0 : Number.POSITIVE_INFINITY,
  });
  const last = useRef(data);
  if (data !== undefined) last.current = data;
  return {
    answer: last.current,
    failure: error === null ? undefined : toFailure(error),
    isOfBefore: data === undefined && last.current !== undefined,
  };
}

/** What is no Failure is a mistake of the page's own; it is told as it stands. */
export function toFailure(error: Error): Failure {
  return error instanceof Failure ? error : new Failure("refused", { detail: error.message });
}
