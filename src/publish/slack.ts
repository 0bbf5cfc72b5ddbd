// An overview as a message for Slack's incoming webhooks:
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
import type { FieldVersions, Overview } from "./overview.ts";
import { sayCoverage } from "./pages.ts";
import { selectShown } from "./shown-values.ts";

/**
 * Slack's limits: https://docs.slack.dev/reference/block-kit/blocks (50 blocks; 150 characters of a
 * header).
 */
const MAX_BLOCKS = 50;
const MAX_HEADER = 150;

/** Values of one field that are shown, and characters of one. */
const MAX_VALUES = 10;
const MAX_VALUE = 60;

/**
 * A piece of rich text: nothing in it is read as a format, a link, a mention or an emoji, since
 * each of those is an element of its own
 * (https://docs.slack.dev/reference/block-kit/blocks/rich-text-block).
 */
interface SlackText {
  readonly type: "text";
  readonly text: string;
  readonly style?: { readonly bold?: true; readonly code?: true; readonly italic?: true };
}

interface SlackSection {
  readonly type: "rich_text_section";
  readonly elements: readonly SlackText[];
}

interface SlackList {
  readonly type: "rich_text_list";
  readonly style: "bullet";
  readonly elements: readonly SlackSection[];
}

type SlackBlock =
  | {
      readonly type: "header";
      readonly text: { readonly type: "plain_text"; readonly text: string; readonly emoji: false };
    }
  | { readonly type: "rich_text"; readonly elements: readonly (SlackSection | SlackList)[] };

export interface SlackMessage {
  /** What notifications show. */
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
  /** No part of the message: it says when. */
  readonly as_of?: never;
}

/** Makes the message. */
export function formatSlack(overview: Overview): SlackMessage {
  const { title } = overview.settings;
  // The sentence has numbers alone, and nothing that a host wrote.
  const sentence = sayCoverage(overview).replaceAll("**", "");
  const behind = overview.parts
    .filter(({ behindCount }) => behindCount > 0)
    .slice(0, MAX_VALUES)
    .map(({ name, behindCount, hosts }) => [
      write(name || "(none)", { code: true }),
      write(`: ${behindCount} of ${hosts} behind`),
    ]);
  const blocks: SlackBlock[] = [
    { type: "header", text: { type: "plain_text", text: title.slice(0, MAX_HEADER), emoji: false } },
    { type: "rich_text", elements: [section([write(sentence)])] },
    ...overview.fields.flatMap((field) => formatField(field)),
    ...(behind.length > 0 ? [makeList("Behind", behind)] : []),
  ];
  return { text: sentence, blocks: blocks.slice(0, MAX_BLOCKS) };
}

function formatField({ field, values }: FieldVersions): SlackBlock[] {
  const known = values.filter(({ value }) => value !== null);
  if (known.length === 0) return [];
  const shown = selectShown(known, MAX_VALUES);
  const lines = shown.map(({ value, count, newest }) => [
    write(value ?? "", { code: true }),
    write(`: ${count.toLocaleString("en")}`),
    ...(newest === undefined ? [] : [write(` (behind ${cutValue(newest)})`, { italic: true })]),
  ]);
  if (known.length > shown.length) lines.push([write(`and ${known.length - shown.length} more`)]);
  return [makeList(field.split(".").at(-1) ?? field, lines)];
}

function makeList(title: string, lines: readonly (readonly SlackText[])[]): SlackBlock {
  return {
    type: "rich_text",
    elements: [
      section([write(title, { bold: true })]),
      { type: "rich_text_list", style: "bullet", elements: lines.map(section) },
    ],
  };
}

function section(elements: readonly SlackText[]): SlackSection {
  return { type: "rich_text_section", elements };
}

/** A text is cut where it is long, and never empty, which Slack refuses. */
function write(text: string, style?: SlackText["style"]): SlackText {
  return { type: "text", text: style?.code ? cutValue(text) : text, ...(style && { style }) };
}

/** A value as it is shown: in one line, without what would turn the direction of writing. */
export function cutValue(value: string): string {
  const short = value.length <= MAX_VALUE ? value : `${value.slice(0, MAX_VALUE - 1)}…`;
  return short.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, " ") || " ";
}
