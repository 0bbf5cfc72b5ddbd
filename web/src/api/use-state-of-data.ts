// Of when the data on the page is, and whether its questions fail: of all questions that the view
// asks, so that a view need not say.
import { type Query, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Facts } from "./answer.ts";
import { type Failure, UNTOLD } from "./failure.ts";
import { useInterval } from "./interval.ts";
import { type Role, toFailure } from "./use-answer.ts";

/** Older than this the data is stale, or than three polls where those are further apart; ms. */
const STALE_MS = 30_000;
const POLLS_MISSED = 3;

export interface StateOfData {
  /** The facts of the oldest answer that is shown; undefined while there is none. */
  readonly facts: Facts | undefined;
  /** How old its data is; ms. */
  readonly ageMs: number;
  readonly isStale: boolean;
  /** The first question that fails. */
  readonly failure: Failure | undefined;
  /** What Rollcall said of an answer that is not of the whole store. */
  readonly partial: string | undefined;
  /** Asks all of them again. */
  askAgain(): void;
}

/** How old the data of an answer is now; ms. What is of the past is as old as it was then. */
export function findAge({ age, receivedAt, isPast }: Facts): number {
  return isPast ? 0 : age + performance.now() - receivedAt;
}

/** @param view where the reader is: an answer of another view's is not shown any longer */
export function useStateOfData(view: string): StateOfData {
  const answers = useQueryClient();
  const intervalMs = useInterval() * 1000;
  const [, setTick] = useState(0);
  useEffect(() => {
    const look = () => setTick((tick) => tick + 1);
    // Once in a while after a change, not once for each of many.
    let isDue = false;
    const unsubscribe = answers.getQueryCache().subscribe(() => {
      if (isDue) return;
      isDue = true;
      requestAnimationFrame(() => {
        isDue = false;
        look();
      });
    });
    const timer = setInterval(look, 1000);
    return () => {
      unsubscribe();
      clearInterval(timer);
    };
  }, [answers]);
  const shown = answers.getQueryCache().findAll({ type: "active" });
  const all = shown.map(readState).filter((state) => state !== undefined);
  const [oldestNow] = all.toSorted((a, b) => findAge(b.facts) - findAge(a.facts));
  // A view shows the answer before until that to a changed question comes.
  const last = useRef({ view, oldest: oldestNow });
  if (oldestNow || last.current.view !== view) last.current = { view, oldest: oldestNow };
  const { oldest } = last.current;
  const failed = shown.find(isFailed);
  const ageMs = oldest ? findAge(oldest.facts) : 0;
  const limitMs = Math.max(oldest?.staleMs ?? STALE_MS, POLLS_MISSED * intervalMs);
  return {
    facts: oldest?.facts,
    ageMs,
    isStale: oldest !== undefined && ageMs > limitMs,
    failure: failed?.state.error ? toFailure(failed.state.error) : undefined,
    partial: all.find(({ facts }) => facts.partial !== undefined)?.facts.partial,
    askAgain: () => void answers.refetchQueries({ type: "active" }),
  };
}

const readRole = ({ meta }: Query): Role | undefined => meta?.role as Role | undefined;

/** Of questions that the view shows the answers of; what was asked once is as old as it is. */
function readState(
  query: Query,
): { readonly facts: Facts; readonly staleMs: number | undefined } | undefined {
  const role = readRole(query);
  const facts = (query.state.data as { readonly facts?: Facts } | undefined)?.facts;
  return role?.isShown && facts && !Number.isNaN(facts.asOf) ? { facts, staleMs: role.staleMs } : undefined;
}

/** Whether it is for the shell to tell that a question failed. */
function isFailed(query: Query): boolean {
  const { status, error } = query.state;
  if (status !== "error") return false;
  const toldByView = readRole(query)?.toldByView;
  return toldByView === undefined || (toldByView === "untold" && (error as Failure | null)?.code !== UNTOLD);
}
