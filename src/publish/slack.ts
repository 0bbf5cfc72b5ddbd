// An overview as a message for Slack's incoming webhooks:
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
import { sayCoverage } from "./coverage-sentence.ts";
import type { Difference } from "./difference.ts";
import type { FieldVersions, Overview } from "./overview.ts";
import { selectShown } from "./shown-values.ts";
import { formatDifference } from "./slack-difference.ts";
import { cutValue, makeList, makeSection, type SlackBlock, write } from "./slack-text.ts";

/**
 * Slack's limits: https://docs.slack.dev/reference/block-kit/blocks (50 blocks; 150 characters of a
 * header).
 */
const MAX_SLACK_BLOCKS = 50;
const MAX_SLACK_HEADER_LENGTH = 150;

/** Values of one field that are shown. */
const MAX_SLACK_VALUES = 10;

export interface SlackMessage {
  /** What notifications show. */
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
  /** No part of the message: it says when. */
  readonly as_of?: never;
}

/**
 * Makes the message. @param difference what it tells of the last one; nothing where that is left
 * out
 */
export function formatSlack(overview: Overview, difference?: Difference): SlackMessage {
  const { title } = overview.settings;
  // The sentence has numbers alone, and nothing that a host wrote.
  const sentence = sayCoverage(overview).replaceAll("**", "");
  const partsBehind = overview.parts.filter(({ behindCount }) => behindCount > 0);
  const behind = partsBehind
    .slice(0, MAX_SLACK_VALUES)
    .map(({ name, behindCount, hosts }) => [
      write(name || "(none)", { code: true }),
      write(`: ${behindCount} of ${hosts} behind`),
    ]);
  if (partsBehind.length > behind.length)
    behind.push([write(`and ${partsBehind.length - behind.length} more`)]);
  const blocks: SlackBlock[] = [
    {
      type: "header",
      text: { type: "plain_text", text: title.slice(0, MAX_SLACK_HEADER_LENGTH), emoji: false },
    },
    { type: "rich_text", elements: [makeSection([write(sentence)])] },
    ...(difference ? formatDifference(difference, overview.asOf) : []),
    ...overview.fields.flatMap((field) => formatField(field)),
    ...(behind.length > 0 ? [makeList("Behind", behind)] : []),
  ];
  return { text: sentence, blocks: blocks.slice(0, MAX_SLACK_BLOCKS) };
}

function formatField({ field, values, omitted }: FieldVersions): SlackBlock[] {
  const known = values.filter(({ value }) => value !== null);
  if (known.length === 0) return [];
  const shown = selectShown(known, MAX_SLACK_VALUES);
  const lines = shown.map(({ value, count, newest }) => [
    write(value ?? "", { code: true }),
    write(`: ${count.toLocaleString("en")}`),
    ...(newest === undefined ? [] : [write(` (behind ${cutValue(newest)})`, { italic: true })]),
  ]);
  const more = known.length - shown.length + omitted;
  if (more > 0) lines.push([write(`and ${more} more`)]);
  return [makeList(field.split(".").at(-1) ?? field, lines)];
}
