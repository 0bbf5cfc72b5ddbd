// Coverage in a sentence, and the words that pages and messages share.
import type { BehindCount, Overview } from "./overview.ts";

/** `2026-11-24 05:36 UTC` */
export function formatTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

export const plural = (count: number, word: string) =>
  `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

/** One sentence, as a person would say it. */
export function sayCoverage(overview: Overview): string {
  const { hosts, coverage } = overview;
  const { expected, reported = 0, counts } = coverage;
  const { missing = 0, silent, departed, set_aside } = counts;
  const who =
    expected === undefined
      ? `**${plural(hosts, "host")} reported.**`
      : `**${reported.toLocaleString("en")} of ${plural(expected, "expected host")} reported.**`;
  const others = [
    missing > 0 && `${plural(missing, "host")} did not`,
    silent > 0 && `${plural(silent, "host")} fell silent`,
    departed > 0 && `${plural(departed, "host")} left within a day`,
    set_aside > 0 && `${plural(set_aside, "report")} ${set_aside === 1 ? "was" : "were"} set aside`,
  ].filter((text) => typeof text === "string");
  const behind = sayBehind(overview, ["has something that is behind", "have something that is behind"]);
  return [who, ...(others.length > 0 ? [`${capitalize(joinWords(others))}.`] : []), behind].join(" ");
}

/** How many hosts are behind. @param words of one host, and of several */
export function sayBehind(
  { behindCount, isBehindLeast }: BehindCount,
  words: readonly [one: string, several: string],
): string {
  if (behindCount === 0)
    return isBehindLeast ? "Of those that were looked at nobody is behind." : "Nobody is behind.";
  const count = `${plural(behindCount, "host")} ${words[behindCount === 1 ? 0 : 1]}.`;
  return isBehindLeast ? `At least ${count}` : count;
}

export function joinWords(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
