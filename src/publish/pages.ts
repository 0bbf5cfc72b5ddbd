// An overview as pages of Markdown, each below a limit: a summary that serves at a glance, and a
// page for each part.
import { createHash } from "node:crypto";
import { formatTime } from "./coverage-sentence.ts";
import { type Block, formatHeading } from "./markdown-text.ts";
import type { Overview, OverviewPart } from "./overview.ts";
import { describePart, describeSummary, isPartCut, isSummaryCut } from "./page-blocks.ts";
import { divideBlocks } from "./page-division.ts";
import { fillIn, linkTo } from "./page-links.ts";
import { namePage, SUMMARY_NAME } from "./page-name.ts";

/** A page. Its body may name others by `linkTo`. */
export interface Page {
  /** The same from run to run: `summary`, `summary-2`, `part-1f0c2a9b3d`. */
  readonly slug: string;
  /**
   * The same from run to run, and readable: `summary`, `payments`, `payments.2`. Letters and digits
   * of any script, `-` and `.`.
   */
  readonly name: string;
  /** Plain text. */
  readonly title: string;
  /** Markdown; links to other pages are marks that fillIn replaces. */
  readonly body: string;
  /** The line that says when; it alone may change without the page being written anew. */
  readonly asOfLine: string;
  /** Whether rows were left out of it that stand on no other page. */
  readonly isCut: boolean;
}

export const SUMMARY = "summary";

/** Smallest limit that pages can be laid out below; bytes of UTF-8. */
export const MIN_PAGE_BYTES = 8 * 1024;

/**
 * Puts all pages below each other, the first without its title; links lead to the place in the same
 * text.
 */
export function joinPages(pages: readonly Page[]): string {
  const fill = ({ slug, body }: Page) => `<a id="${slug}"></a>\n\n${fillIn(body, (other) => `#${other}`)}`;
  return pages
    .map((page, at) => (at === 0 ? fill(page) : `# ${formatHeading(page.title)}\n\n${fill(page)}`))
    .join("\n");
}

/** Rows of one table at most, and at least, where pages are too many. */
const MAX_PAGE_TABLE_ROWS = 1000;
const MIN_PAGE_TABLE_ROWS = 4;

/**
 * Lays out an overview.
 *
 * @param maxBytes of UTF-8 that a body may have, at least MIN_PAGE_BYTES
 * @param maxWrites how often pages may be written, the ones that are divided twice for their links;
 *   tables are cut where it would be more
 */
export function layOutPages(
  overview: Overview,
  maxBytes: number,
  maxWrites = Number.POSITIVE_INFINITY,
): Page[] {
  for (let maxRows = MAX_PAGE_TABLE_ROWS; ; maxRows = Math.floor(maxRows / 2)) {
    const groups = layOutGroups(overview, maxBytes, maxRows);
    const writes = groups.reduce((sum, { length }) => sum + (length > 1 ? length * 2 : length), 1);
    if (writes <= maxWrites || maxRows <= MIN_PAGE_TABLE_ROWS) return groups.flat();
  }
}

/**
 * Says on the summary where all rows are, and leaves the other pages as they are.
 *
 * @param pages of the overview, laid out with maxBytes
 * @param note Markdown
 */
export function addTableNote(
  pages: readonly Page[],
  overview: Overview,
  maxBytes: number,
  note: string,
): Page[] {
  const others = pages.filter(({ slug }) => slug.startsWith(PART_PREFIX));
  return [...layOutSummary(overview, maxBytes, note), ...others];
}

/** The summary and each part, on one page or more. */
function layOutGroups(overview: Overview, maxBytes: number, maxRows: number): Page[][] {
  const asOfLine = sayWhen(overview);
  const parts = nameParts(overview).map(({ part, ...named }) =>
    divide(
      describePart(part, overview, maxRows),
      { ...named, isCut: isPartCut(part, maxRows) },
      findRoom(maxBytes),
    ).map((page) => ({ ...page, asOfLine })),
  );
  return [layOutSummary(overview, maxBytes), ...parts];
}

function layOutSummary(overview: Overview, maxBytes: number, tableNote?: string): Page[] {
  const asOfLine = sayWhen(overview);
  const { title } = overview.settings;
  const blocks = describeSummary(overview, asOfLine, nameParts(overview), tableNote);
  const named = { slug: SUMMARY, name: SUMMARY_NAME, title, isCut: isSummaryCut(overview) };
  return divide(blocks, named, findRoom(maxBytes)).map((page) => ({ ...page, asOfLine }));
}

/** With what links at its head take set apart. */
const findRoom = (maxBytes: number) => Math.max(maxBytes, MIN_PAGE_BYTES) - 1024;

const sayWhen = ({ asOf }: Overview) => `As of ${formatTime(asOf)}.`;

const PART_PREFIX = "part-";

function nameParts({ parts, settings: { title, parts: label } }: Overview) {
  return parts.map((part) => ({
    part,
    slug: `${PART_PREFIX}${hash(part.name)}`,
    name: namePage(part.name),
    title: `${title}: ${namePart(part, label)}`,
  }));
}

function hash(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 10);
}

/** Titles are plain text. */
function namePart({ name }: OverviewPart, label: string): string {
  return (name === "" ? `no ${label}` : name).replace(/[^\p{L}\p{N} ._/-]/gu, "_").slice(0, 60);
}

/** Puts blocks on as many pages as they need, with links from each to the one before and after. */
function divide(
  blocks: readonly Block[],
  { slug, name: named, title, isCut }: Pick<Page, "slug" | "name" | "title" | "isCut">,
  room: number,
): Omit<Page, "asOfLine">[] {
  const bodies = divideBlocks(blocks, room);
  return bodies.map((text, at) => {
    const others = [
      ...(slug !== SUMMARY || at > 0 ? [`[Summary](${linkTo(SUMMARY)})`] : []),
      ...(at > 0 ? [`[Page ${at}](${linkTo(name(slug, at - 1))})`] : []),
      ...(at < bodies.length - 1 ? [`[Page ${at + 2}](${linkTo(name(slug, at + 1))})`] : []),
    ];
    const isOne = bodies.length === 1;
    return {
      slug: name(slug, at),
      name: at === 0 ? named : `${named}.${at + 1}`,
      title: isOne || at === 0 ? title : `${title} (${at + 1} of ${bodies.length})`,
      isCut,
      body: others.length > 0 ? `${others.join(" · ")}\n\n${text}` : text,
    };
  });
}

function name(slug: string, at: number): string {
  return at === 0 ? slug : `${slug}-${at + 1}`;
}
