// Coverage in a sentence, and the words that pages and messages share.
import type { Overview } from "./overview.ts";

/** `2026-11-24 05:36 UTC` */
export function formatTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

export const plural = (count: number, word: string) =>
  `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

/** One sentence, as a person would say it. */
export function sayCoverage({ hosts, coverage, behindCount }: Overview): string {
  const { expectation, silent, departed } = coverage;
  const who = expectation
    ? `**${expectation.reported.toLocaleString("en")} of ` +
      `${plural(expectation.expected, "expected host")} reported.**`
    : `**${plural(hosts, "host")} reported.**`;
  const others = [
    expectation && expectation.missing.length > 0 && `${plural(expectation.missing.length, "host")} did not`,
    silent.length > 0 && `${plural(silent.length, "host")} fell silent`,
    departed.length > 0 && `${plural(departed.length, "host")} left within a day`,
    coverage.setAsideCount > 0 &&
      `${plural(coverage.setAsideCount, "report")} ` +
        `${coverage.setAsideCount === 1 ? "was" : "were"} set aside`,
  ].filter((text) => typeof text === "string");
  const behind =
    behindCount === 0
      ? "Nobody is behind."
      : `${plural(behindCount, "host")} ${behindCount === 1 ? "has" : "have"} something that is behind.`;
  return [who, ...(others.length > 0 ? [`${capitalize(joinWords(others))}.`] : []), behind].join(" ");
}

export function joinWords(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
