// How often the page asks again: what the server says, or a choice of the reader's.
import { useSyncExternalStore } from "preact/compat";
import { readPreference, writePreference } from "../shell/preference.ts";

/** What may be chosen; s. 0 asks never again. */
export const INTERVALS_S = [5, 15, 30, 60, 0] as const;

/** What the server says (src/api/page-files.ts): on AWS each question costs more. */
const DEFAULT_S =
  Number(document.querySelector<HTMLMetaElement>('meta[name="rollcall-poll"]')?.content) || INTERVALS_S[0];

const PREFERENCE = "every";

const listeners = new Set<() => void>();

function readInterval(): number {
  const chosen = readPreference(PREFERENCE);
  return INTERVALS_S.find((seconds) => String(seconds) === chosen) ?? DEFAULT_S;
}

let interval = readInterval();

/** How often to ask; s, 0 for never. */
export function useInterval(): number {
  return useSyncExternalStore(subscribe, () => interval);
}

export function chooseInterval(seconds: number): void {
  interval = seconds;
  writePreference(PREFERENCE, seconds === DEFAULT_S ? "" : String(seconds));
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
