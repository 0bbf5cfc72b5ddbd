// The table of hosts as the view has it: polled in the worker, and of the chosen hosts the lines
// that are seen.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { isOfPast } from "../address/past.ts";
import type { Facts } from "../api/answer.ts";
import { Failure } from "../api/failure.ts";
import { useInterval } from "../api/interval.ts";
import { readKey } from "../api/key.ts";
import { type Role, toFailure } from "../api/use-answer.ts";
import type { Choice } from "../columns/chosen-hosts.ts";
import { askWorker, Overtaken } from "../columns/columns-client.ts";
import type { KnownName } from "../columns/held-names.ts";
import type { ShownChoice, ShownLine, ShownLines, Stretch } from "../columns/messages.ts";
import type { TableQuestion } from "../columns/table-source.ts";

/** Below so many rows all are in the document, so that the browser's own search finds them. */
export const MAX_WHOLE = 1000;

/** Lines that are fetched before and after those that are seen. */
const MARGIN = 300;

export interface PolledTable {
  readonly facts: Facts;
  /** Grows with every change of the table or the ages. */
  readonly version: number;
  readonly etag: string | undefined;
}

let version = 0;

const ROLE: Role = { isShown: true };

/** Keeps the worker's table up to date; one of the past is as it is. */
export function useTable(question: TableQuestion, known: readonly KnownName[] | undefined) {
  const isLive = !isOfPast(question);
  const intervalMs = useInterval() * 1000;
  const { data, error } = useQuery<PolledTable, Error>({
    queryKey: ["table", question],
    enabled: known !== undefined,
    meta: { role: ROLE },
    queryFn: async () => {
      const { facts, isNew, etag } = await askWorker<"poll">({ kind: "poll", key: readKey(), question });
      if (isNew) version++;
      return { facts, version, etag };
    },
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      isLive && intervalMs > 0
        ? Math.max(intervalMs, (state.error instanceof Failure && state.error.retryAfterMs) || 0)
        : false,
    refetchIntervalInBackground: false,
    refetchOnWindowFocus: isLive,
    // A table that is left is held by the worker no longer.
    gcTime: 0,
    staleTime: 0,
  });
  return {
    polled: data,
    failure: error instanceof Overtaken || error === null ? undefined : toFailure(error),
  };
}

/** Lines by their places; one that is as it was stays the same object, which is not shown anew. */
function keepSame(
  { from, lines }: ShownLines,
  before: ReadonlyMap<number, ShownLine>,
): Map<number, ShownLine> {
  return new Map(
    lines.map((line, index) => {
      const known = before.get(from + index);
      return [from + index, known && JSON.stringify(known) === JSON.stringify(line) ? known : line];
    }),
  );
}

export interface SeenHosts {
  /** Undefined before the first table. */
  readonly shown: ShownChoice | undefined;
  readonly failure: Failure | undefined;
  /** A line; undefined where it is not here yet. */
  lineAt(line: number): ShownLine | undefined;
  /** Says which lines are seen, so that they come. */
  see(stretch: Stretch): void;
}

/** The lines of a choice, anew with each version of the table. */
export function useSeenHosts(
  choice: Choice,
  known: readonly KnownName[] | undefined,
  polled: PolledTable | undefined,
): SeenHosts {
  const [shown, setShown] = useState<ShownChoice>();
  const [failure, setFailure] = useState<Failure>();
  const [, setTick] = useState(0);
  const lines = useRef(new Map<number, ShownLine>());
  const seen = useRef<Stretch>({ from: 0, to: 60 });
  const asked = useRef<Stretch>({ from: 0, to: 0 });
  const text = JSON.stringify(choice);

  useEffect(() => {
    if (known) void askWorker<"names">({ kind: "names", names: known });
  }, [known]);

  useEffect(() => {
    if (!polled || !known) return;
    const stretch = {
      from: Math.max(0, seen.current.from - MARGIN),
      to: Math.max(MAX_WHOLE, seen.current.to + MARGIN),
    };
    askWorker<"choose">({ kind: "choose", choice: JSON.parse(text) as Choice, stretch }).then(
      (next) => {
        if (!next.isReady) return;
        lines.current = keepSame(next, lines.current);
        asked.current = stretch;
        setFailure(undefined);
        setShown(next);
      },
      (error: unknown) => {
        if (!(error instanceof Overtaken)) setFailure(toFailure(error as Error));
      },
    );
  }, [text, known, polled?.version]);

  const see = useCallback((stretch: Stretch) => {
    seen.current = stretch;
    const isMissing = (line: number) => !lines.current.has(line);
    const near = { from: Math.max(0, stretch.from - MARGIN / 2), to: stretch.to + MARGIN / 2 };
    const { from, to } = asked.current;
    const isAsked = near.from >= from && near.to <= to;
    if (isAsked || !(isMissing(near.from) || isMissing(near.to) || isMissing(stretch.from))) return;
    const wanted = { from: Math.max(0, stretch.from - MARGIN), to: stretch.to + MARGIN };
    asked.current = wanted;
    askWorker<"lines">({ kind: "lines", stretch: wanted }).then(
      (next) => {
        // Those that are far away go, so that a long way through the list fills no memory.
        const kept = [...lines.current].filter(
          ([at]) => at >= wanted.from - MARGIN && at < wanted.to + MARGIN,
        );
        lines.current = new Map([
          ...kept,
          ...next.lines.map((line, index) => [next.from + index, line] as const),
        ]);
        setTick((tick) => tick + 1);
      },
      () => {
        asked.current = { from: 0, to: 0 };
      },
    );
  }, []);

  return { shown, failure, see, lineAt: (line) => lines.current.get(line) };
}
