// Widths of columns, kept in this browser by name.
import { useState } from "preact/hooks";
import { readPreference, writePreference } from "../shell/preference.ts";

const PREFERENCE = "widths";

/** px */
const MIN_WIDTH = 56;
const MAX_WIDTH = 1200;

/** Columns whose width is kept. */
const MAX_KEPT = 100;

function readWidths(): Readonly<Record<string, number>> {
  try {
    const kept = JSON.parse(readPreference(PREFERENCE) ?? "[]") as unknown;
    const pairs = Array.isArray(kept) ? (kept as [string, number][]) : [];
    // A column may be called like something that every object has.
    return Object.assign(Object.create(null), Object.fromEntries(pairs.filter(([, width]) => width > 0)));
  } catch {
    return {};
  }
}

export interface Widths {
  /** px; undefined where nobody chose one. */
  of(column: string): number | undefined;
  choose(column: string, width: number): void;
}

export function useWidths(): Widths {
  const [widths, setWidths] = useState(readWidths);
  return {
    of: (column) => widths[column],
    choose(column, width) {
      const next = Math.round(Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, width)));
      const others = Object.entries(widths).filter(([name]) => name !== column);
      const pairs = [...others, [column, next] as const].slice(-MAX_KEPT);
      writePreference(PREFERENCE, JSON.stringify(pairs));
      setWidths(Object.assign(Object.create(null), Object.fromEntries(pairs)));
    },
  };
}
