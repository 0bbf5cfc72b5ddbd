// Markdown with other people's words in it: what hosts wrote stays text, whatever it holds.

/** A value longer than this is cut on a page, and ends in an ellipsis; characters. */
const MAX_MARKDOWN_VALUE_LENGTH = 80;

/**
 * Words that may stand in a code span as they are, within a table as well: nothing there means
 * anything to Markdown or HTML.
 */
const PLAIN =
  /^[^\s`|\\\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}](?:[^`|\\\n\r\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}]*[^\s`|\\\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}])?$/u;

/**
 * What those who make pages of Markdown fill in before it is read as Markdown, in code too: Liquid
 * (Jekyll), Jinja (MkDocs), Vue (VitePress).
 */
const TEMPLATE = /\{[{%#]/;

/**
 * Shows a value: as code where it can stand there, in which nobody is mentioned and nothing is a
 * link; else as text, each sign of which is escaped.
 */
export function formatCode(value: string): string {
  const short = shorten(value);
  return PLAIN.test(short) && !TEMPLATE.test(short) ? `\`${short}\`` : escapeText(short);
}

/**
 * Writes text that means nothing but itself, in a table too. Signs become character references,
 * which Markdown takes for text wherever they stand (CommonMark 0.31.2, section 2.5). After an at
 * sign stands a word joiner, which is not seen, so that nobody is mentioned.
 */
export function escapeText(value: string): string {
  const text = shorten(value).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/gu, showControl);
  return text
    .replace(/[!-/:-@[-`{-~]/g, (sign) => `&#${sign.charCodeAt(0)};${sign === "@" ? "\u2060" : ""}`)
    .replace(/^ +| +$| {2,}/g, (spaces) => "&#160;".repeat(spaces.length));
}

/**
 * Writes a title, which is plain text, as that of a heading: no part of it is a format, a link, a
 * mention or HTML.
 */
export function formatHeading(title: string): string {
  return title
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/gu, showControl)
    .replace(
      /[#&<>@*_`~[\]\\|!{}]|\.(?=\S)|:(?=\/)/g,
      (sign) => `&#${sign.charCodeAt(0)};${sign === "@" ? "\u2060" : ""}`,
    );
}

/**
 * Control characters, and those that turn the direction of writing, as their code: a page has one
 * line for each row.
 */
function showControl(character: string): string {
  if (character === "\n") return "\u23ce";
  return `\\u${character.codePointAt(0)?.toString(16).padStart(4, "0")}`;
}

/** Cuts between what is seen as characters. */
function shorten(value: string): string {
  if (value.length <= MAX_MARKDOWN_VALUE_LENGTH) return value;
  let kept = "";
  for (const { segment } of GRAPHEMES.segment(value.slice(0, MAX_MARKDOWN_VALUE_LENGTH * 2))) {
    if (kept.length + segment.length >= MAX_MARKDOWN_VALUE_LENGTH) break;
    kept += segment;
  }
  return `${kept}…`;
}

const GRAPHEMES = new Intl.Segmenter();

/**
 * A piece of a page: what stands before its rows, which may be divided among pages with the head
 * before each.
 */
export interface Block {
  readonly head: string;
  /** Each a line. */
  readonly rows: readonly string[];
}

/** Columns of a table at most: a row has to fit on any page. */
const MAX_MARKDOWN_COLUMNS = 12;

/**
 * A table (GitHub Flavored Markdown). Cells are Markdown already. @param numeric which columns
 * stand with their ends below each other
 */
export function makeTable(
  title: string,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  numeric: readonly boolean[],
): Block {
  const line = (cells: readonly string[]) => `| ${cells.slice(0, MAX_MARKDOWN_COLUMNS).join(" | ")} |`;
  const rule = line(headings.map((_, column) => (numeric[column] ? "---:" : "---")));
  return { head: `${title}${line(headings)}\n${rule}\n`, rows: rows.map((row) => `${line(row)}\n`) };
}

/** Words without rows. */
export function makeText(text: string): Block {
  return { head: `${text}\n`, rows: [] };
}
