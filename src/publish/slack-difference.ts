// What differs since the last message, as Slack shows it.
import type { Difference, ValueChange } from "./difference.ts";
import { cutValue, makeList, type SlackBlock, type SlackText, write } from "./slack-text.ts";

/** Hosts that one line names, and values that are told; what is more is counted. */
const MAX_LINE_HOSTS = 5;
const MAX_SLACK_CHANGES = 10;

const DAY_MS = 24 * 60 * 60_000;

/** @param asOf the message's own instant; ms since the epoch */
export function formatDifference(
  { since, hosts, values = [], untold }: Difference,
  asOf: number,
): SlackBlock[] {
  const lines: (readonly SlackText[])[] = [];
  const told = {
    Arrived: hosts?.arrived,
    "Heard of again": hosts?.returned,
    "Fell silent": hosts?.silent,
    Left: hosts?.left,
    "Gone (left or last heard of over a day ago, or the report set aside or removed)": hosts?.gone,
  };
  for (const [what, ids = []] of Object.entries(told))
    if (ids.length > 0) lines.push([write(`${what}: ${count(ids.length)}: `), ...nameHosts(ids)]);
  lines.push(...values.slice(0, MAX_SLACK_CHANGES).map(formatChange));
  if (values.length > MAX_SLACK_CHANGES)
    lines.push([
      write(`and ${(values.length - MAX_SLACK_CHANGES).toLocaleString("en")} more values that changed`),
    ]);
  for (const reason of untold) lines.push([write(reason, { italic: true })]);
  if (lines.length === 0) lines.push([write("No host and no version has changed; other numbers have.")]);
  return [
    makeList(since === undefined ? "Since the last message" : `Since ${formatTime(since, asOf)}`, lines),
  ];
}

/** With how long ago that is, where a day or more is missing. */
function formatTime(since: number, asOf: number): string {
  const days = Math.floor((asOf - since) / DAY_MS);
  const age = days < 1 ? "" : `, ${days} day${days === 1 ? "" : "s"} ago`;
  return `the last message (${new Date(since).toISOString().slice(0, 16).replace("T", " ")} UTC${age})`;
}

function formatChange({ field, value, from, to, gained = [], lost = [] }: ValueChange): SlackText[] {
  const name = cutValue(field.split(".").at(-1) ?? field);
  const what = from === 0 ? "new: " : to === 0 ? "gone: " : "";
  return [
    write(what),
    value === null ? write("no value") : write(value, { code: true }),
    write(` of ${name}, ${from.toLocaleString("en")} → ${count(to)}`),
    ...(gained.length > 0 ? [write("; now on "), ...nameHosts(gained)] : []),
    ...(lost.length > 0 ? [write("; no longer on "), ...nameHosts(lost)] : []),
  ].filter(({ text }) => text !== "");
}

function nameHosts(ids: readonly string[]): SlackText[] {
  const shown = ids.slice(0, MAX_LINE_HOSTS).flatMap((id, at) => {
    const name = write(id, { code: true });
    return at === 0 ? [name] : [write(", "), name];
  });
  const more = ids.length - MAX_LINE_HOSTS;
  return more > 0 ? [...shown, write(` and ${more.toLocaleString("en")} more`)] : shown;
}

const count = (hosts: number) => `${hosts.toLocaleString("en")} host${hosts === 1 ? "" : "s"}`;
