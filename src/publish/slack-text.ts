// Texts as Slack shows them where nothing in them may be a format, a link, a mention or an emoji.

/** Characters of one value. */
const MAX_SLACK_VALUE_LENGTH = 60;

/**
 * A piece of rich text: nothing in it is read as a format, a link, a mention or an emoji, since
 * each of those is an element of its own
 * (https://docs.slack.dev/reference/block-kit/blocks/rich-text-block).
 */
export interface SlackText {
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

export type SlackBlock =
  | {
      readonly type: "header";
      readonly text: { readonly type: "plain_text"; readonly text: string; readonly emoji: false };
    }
  | { readonly type: "rich_text"; readonly elements: readonly (SlackSection | SlackList)[] };

export function makeList(title: string, lines: readonly (readonly SlackText[])[]): SlackBlock {
  return {
    type: "rich_text",
    elements: [
      makeSection([write(title, { bold: true })]),
      { type: "rich_text_list", style: "bullet", elements: lines.map(makeSection) },
    ],
  };
}

export function makeSection(elements: readonly SlackText[]): SlackSection {
  return { type: "rich_text_section", elements };
}

/** A text is cut where it is long, and never empty, which Slack refuses. */
export function write(text: string, style?: SlackText["style"]): SlackText {
  return { type: "text", text: style?.code ? cutValue(text) : text, ...(style && { style }) };
}

/** A value as it is shown: in one line, without what would turn the direction of writing. */
export function cutValue(value: string): string {
  const short =
    value.length <= MAX_SLACK_VALUE_LENGTH ? value : `${value.slice(0, MAX_SLACK_VALUE_LENGTH - 1)}…`;
  return short.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, " ") || " ";
}
