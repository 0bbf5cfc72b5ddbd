// The instant that is looked at, for what is shown anew where it changes.
import { useSearch } from "wouter";
import { findAt } from "./past.ts";

/** As readAt. */
export function useAt(): string | undefined {
  return findAt(useSearch());
}
