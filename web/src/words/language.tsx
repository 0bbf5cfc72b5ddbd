// In which language the page speaks: the browser's, or the one that was chosen. Numbers and times
// are written as that language has them, times in the reader's zone.

import type { ComponentChildren } from "preact";
import { createContext } from "preact";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import { readPreference, writePreference } from "../shell/preference.ts";
import { en, type Words } from "./en.ts";
import { ja } from "./ja.ts";

const LANGUAGES = { en, ja } as const satisfies Readonly<Record<string, Words>>;

export type Language = keyof typeof LANGUAGES;

const PREFERENCE = "language";

const isLanguage = (text: string | undefined): text is Language => text !== undefined && text in LANGUAGES;

/** The language that was chosen, or the first of the browser's that the page knows. */
function findLanguage(): Language {
  const chosen = readPreference(PREFERENCE);
  if (isLanguage(chosen)) return chosen;
  return navigator.languages.map((tag) => tag.split("-")[0]).find(isLanguage) ?? "en";
}

/** How a language writes. */
export interface Speech {
  readonly language: Language;
  readonly words: Words;
  /** The other language, and its words. */
  readonly other: { readonly language: Language; readonly words: Words };
  choose(language: Language): void;
  formatNumber(value: number): string;
  /** @param share 0 to 1 */
  formatShare(share: number): string;
  /** How long ago, in words: `2 s ago`. @param ms */
  formatAge(ms: number): string;
  /** A duration: `36 min`. @param ms */
  formatDuration(ms: number): string;
  /** The day and the time to the second, in the reader's zone. @param at ms since the epoch */
  formatTime(at: number): string;
  /** The hour and the minute. */
  formatClock(at: number): string;
  /** The day: `28 Nov 2026`. */
  formatDay(at: number): string;
  /** `today`, `yesterday`: 0 and -1. @param days */
  formatDayFromNow(days: number): string;
  /** The day, the time and the zone's offset, to be shown on hover. */
  formatTimeAndOffset(at: number): string;
}

const Context = createContext<Speech | undefined>(undefined);

/** How to speak to the reader. */
export function useSpeech(): Speech {
  const speech = useContext(Context);
  if (!speech) throw new Error("useSpeech is used outside of Speaking");
  return speech;
}

/** Gives a language to what is in it. */
export function Speaking({ children }: { readonly children: ComponentChildren }) {
  const [language, setLanguage] = useState(findLanguage);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const speech = useMemo(() => createSpeech(language, setLanguage), [language]);
  return <Context.Provider value={speech}>{children}</Context.Provider>;
}

function createSpeech(language: Language, setLanguage: (language: Language) => void): Speech {
  const other = language === "en" ? "ja" : "en";
  const number = new Intl.NumberFormat(language);
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
  const finePercent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  const time = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
  const fromNow = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const zoned = new Intl.DateTimeFormat(language, {
    ...{ year: "numeric", month: "short", day: "numeric" },
    ...{ hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "longOffset" },
  });
  const ago = new Intl.RelativeTimeFormat(language, { style: "narrow", numeric: "always" });
  const durations = new Map<DurationUnit, Intl.NumberFormat>();
  const formatDuration = (ms: number) => {
    const { unit, count } = divideDuration(ms);
    const format =
      durations.get(unit) ?? new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" });
    durations.set(unit, format);
    return format.format(count);
  };
  return {
    language,
    words: LANGUAGES[language],
    other: { language: other, words: LANGUAGES[other] },
    choose(chosen) {
      writePreference(PREFERENCE, chosen);
      setLanguage(chosen);
    },
    formatNumber: (value) => number.format(value),
    // What is not nothing is not 0 %, and what is not all is not 100 %.
    formatShare: (share) =>
      (share > 0 && share < 0.01) || (share > 0.99 && share < 1)
        ? finePercent.format(share)
        : percent.format(share),
    formatAge(ms) {
      const { unit, count } = divideDuration(Math.max(0, ms));
      return ago.format(-count, unit);
    },
    formatDuration,
    formatTime: (at) => time.format(at),
    formatClock: (at) => clock.format(at),
    formatDay: (at) => day.format(at),
    formatDayFromNow: (days) => fromNow.format(days, "day"),
    formatTimeAndOffset: (at) => zoned.format(at),
  };
}

type DurationUnit = "second" | "minute" | "hour" | "day";

const UNITS: readonly (readonly [DurationUnit, number])[] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

function divideDuration(ms: number): { readonly unit: DurationUnit; readonly count: number } {
  for (const [unit, length] of UNITS) if (ms >= length) return { unit, count: Math.floor(ms / length) };
  return { unit: "second", count: Math.floor(ms / 1000) };
}
