// The question whose command the shell copies: the one that the view shows the answer of.
import { useSyncExternalStore } from "preact/compat";
import { useEffect } from "preact/hooks";
import { askAt } from "../address/past.ts";
import { useAt } from "../address/use-at.ts";
import type { Asked } from "./answer.ts";

let shown: Asked | undefined;
const listeners = new Set<() => void>();

function show(asked: Asked | undefined): void {
  shown = asked;
  for (const listener of listeners) listener();
}

/** Called by a view: this question gives what it shows. */
export function useShownQuestion(asked: Asked): void {
  const text = JSON.stringify(askAt(asked, useAt()));
  useEffect(() => {
    show(JSON.parse(text) as Asked);
    return () => show(undefined);
  }, [text]);
}

/** Called by the shell. */
export function useQuestionOfView(): Asked | undefined {
  return useSyncExternalStore(subscribe, () => shown);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
