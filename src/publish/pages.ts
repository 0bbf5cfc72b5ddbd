// An overview as pages of Markdown, each below a limit: a summary that serves at a glance, and a
// page for each part.
import { createHash } from "node:crypto";
import { type Block, escapeText, formatCode, formatHeading, makeTable, makeText } from "./markdown-text.ts";
import type { FieldVersions, Overview, OverviewPart } from "./overview.ts";
import { namePage, SUMMARY_NAME } from "./page-name.ts";
import { selectShown } from "./shown-values.ts";

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
}

export const SUMMARY = "summary";

/** Smallest limit that pages can be laid out below; bytes of UTF-8. */
export const MIN_PAGE_BYTES = 8 * 1024;

/** A link may become as long as this; bytes. */
const MAX_LINK_BYTES = 300;
/**
 * Between characters of the private use area, which markdown-text.ts lets through in no value: so
 * no host can write such a mark.
 */
const LINK = /\ue000([a-z0-9-]+)\ue001/g;

function linkTo(slug: string): string {
  return `\ue000${slug}\ue001`;
}

/**
 * Replaces the links' marks by addresses. @param find undefined for a page that has none yet, whose
 * link becomes its place in words
 */
export function fillIn(body: string, find: (slug: string) => string | undefined): string {
  return body.replace(LINK, (_, slug: string) => find(slug) ?? "#");
}

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
const MAX_ROWS = 1000;
const MIN_ROWS = 4;

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
  for (let maxRows = MAX_ROWS; ; maxRows = Math.floor(maxRows / 2)) {
    const groups = layOutGroups(overview, maxBytes, maxRows);
    const writes = groups.reduce((sum, { length }) => sum + (length > 1 ? length * 2 : length), 1);
    if (writes <= maxWrites || maxRows <= MIN_ROWS) return groups.flat();
  }
}

/** The summary and each part, on one page or more. */
function layOutGroups(overview: Overview, maxBytes: number, maxRows: number): Page[][] {
  const { title, parts: label } = overview.settings;
  const asOfLine = `As of ${formatTime(overview.asOf)}.`;
  const room = Math.max(maxBytes, MIN_PAGE_BYTES) - 1024;
  const parts = overview.parts.map((part) => ({
    part,
    slug: `part-${hash(part.name)}`,
    name: namePage(part.name),
    title: `${title}: ${namePart(part, label)}`,
  }));
  const summary = divide(
    describeSummary(overview, asOfLine, parts),
    { slug: SUMMARY, name: SUMMARY_NAME, title },
    room,
  );
  const laidOut = parts.map(({ part, ...named }) =>
    divide(describePart(part, overview, maxRows), named, room),
  );
  return [summary, ...laidOut].map((pages) => pages.map((page) => ({ ...page, asOfLine })));
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
  { slug, name: named, title }: Pick<Page, "slug" | "name" | "title">,
  room: number,
): Omit<Page, "asOfLine">[] {
  const bodies: string[] = [];
  let body = "";
  const size = (text: string) => Buffer.byteLength(text) + [...text.matchAll(LINK)].length * MAX_LINK_BYTES;
  const turn = () => {
    if (body !== "") bodies.push(body);
    body = "";
  };
  for (const { head, rows } of blocks) {
    if (size(body) + size(head) + size(rows[0] ?? "") > room) turn();
    body += head;
    for (const row of rows) {
      if (size(body) + size(row) > room) {
        turn();
        body += head;
      }
      body += row;
    }
    body += "\n";
  }
  turn();
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
      body: others.length > 0 ? `${others.join(" · ")}\n\n${text}` : text,
    };
  });
}

function name(slug: string, at: number): string {
  return at === 0 ? slug : `${slug}-${at + 1}`;
}

/** `2026-11-24 05:36 UTC` */
function formatTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

const plural = (count: number, word: string) =>
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

function joinWords(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Silent and missing hosts that the summary names, and bounds that were met. */
const MAX_NAMED = 20;
const MAX_BOUNDS = 5;

function describeSummary(
  overview: Overview,
  asOfLine: string,
  parts: readonly { readonly part: OverviewPart; readonly slug: string }[],
): Block[] {
  const { settings, fields, coverage, partsOmitted, absent, bounds } = overview;
  const blocks = [makeText(`${sayCoverage(overview)} ${asOfLine}\n`)];
  if (absent.length > 0)
    blocks.push(
      makeText(`No host has ${joinWords(absent.map(formatCode))}: is the publisher's configuration right?\n`),
    );
  if (bounds.length > 0)
    blocks.push(makeText(`Not all was counted: ${escapeText(bounds.slice(0, MAX_BOUNDS).join("; "))}.\n`));
  if (parts.length > 0) {
    const rows = parts.map(({ part, slug }) => [
      `[${escapeText(part.name || `no ${settings.parts}`)}](${linkTo(slug)})`,
      String(part.hosts),
      part.behindCount === 0 ? "" : `**${part.behindCount}**`,
    ]);
    blocks.push(
      makeTable(
        `## By ${escapeText(settings.parts)}\n\n`,
        [capitalize(escapeText(settings.parts)), "Hosts", "Behind"],
        rows,
        [false, true, true],
      ),
    );
    if (partsOmitted > 0) blocks.push(makeText(`And ${partsOmitted} more, of fewer hosts.`));
  }
  blocks.push(makeText("## Versions\n"), ...describeFields(fields, settings.by, MAX_SUMMARY_ROWS));
  const named = (hosts: readonly string[][], title: string, headings: string[]) => {
    if (hosts.length === 0) return;
    blocks.push(makeTable(`## ${title}\n\n`, headings, hosts.slice(0, MAX_NAMED), []));
    if (hosts.length > MAX_NAMED)
      blocks.push(makeText(`And ${hosts.length - MAX_NAMED} more: \`rollcall coverage\`.`));
  };
  const missing = coverage.expectation?.missing ?? [];
  named(
    missing.map(({ id, since }) => [
      formatCode(id),
      since === undefined ? "never within a day" : formatTime(since),
    ]),
    "Expected, and not heard of",
    ["Host", "Last report"],
  );
  named(
    coverage.silent.map(({ id, at }) => [formatCode(id), formatTime(at)]),
    "Silent",
    ["Host", "Last report"],
  );
  blocks.push(
    makeText(
      `---\nWritten by Rollcall from what each host says of itself. Changes made here are overwritten.`,
    ),
  );
  return blocks;
}

const MAX_SUMMARY_ROWS = 12;

/**
 * Tables of all fields. @param maxRows values of each at most; those of the fewest hosts are left
 * out
 */
function describeFields(fields: readonly FieldVersions[], by: string, maxRows: number): Block[] {
  return fields.flatMap(({ field, values }) => {
    const known = values.filter(({ value }) => value !== null);
    if (known.length === 0) return [];
    const shown = selectShown(known, maxRows);
    const groups = listGroups(values);
    const rows = shown.map(({ value, count, newest, by: counts = {} }) => [
      formatCode(value ?? ""),
      ...groups.map((group) => String(counts[group] ?? "")),
      String(count),
      newest === undefined ? "" : `behind ${escapeText(newest)}`,
    ]);
    const headings = ["Version", ...groups.map((group) => escapeText(group || `no ${by}`)), "Hosts", ""];
    const blocks = [
      makeTable(`**${formatCode(nameField(field))}**\n\n`, headings, rows, [
        false,
        ...groups.map(() => true),
        true,
        false,
      ]),
    ];
    if (known.length > shown.length)
      blocks.push(makeText(`And ${plural(known.length - shown.length, "more version")}.`));
    return blocks;
  });
}

/** `module_A_filename` of `processes.module_A_filename` */
function nameField(field: string): string {
  return field.split(".").at(-1) ?? field;
}

/** Columns: the groups of most hosts. */
const MAX_PAGE_GROUPS = 8;

function listGroups(values: FieldVersions["values"]): string[] {
  const sizes = new Map<string, number>();
  for (const { by } of values)
    for (const [group, count] of Object.entries(by ?? {})) sizes.set(group, (sizes.get(group) ?? 0) + count);
  return [...sizes]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, MAX_PAGE_GROUPS)
    .map(([group]) => group);
}

function describePart(part: OverviewPart, { settings }: Overview, maxRows: number): Block[] {
  const behind =
    part.behindCount === 0
      ? "Nobody is behind."
      : `${plural(part.behindCount, "host")} ${part.behindCount === 1 ? "is" : "are"} behind.`;
  const blocks = [
    makeText(`**${plural(part.hosts, "host")} reported.** ${behind}\n`),
    ...describeFields(part.fields, settings.by, maxRows),
  ];
  if (part.behind.length > 0) {
    const rows = part.behind.slice(0, maxRows).map(({ id, values }) => [
      formatCode(id),
      values
        .slice(0, 6)
        .map(({ value, newest }) => `${formatCode(value)} → ${escapeText(newest)}`)
        .join(", "),
    ]);
    blocks.push(makeTable("## Behind\n\n", ["Host", "Has → newest"], rows, []));
    if (part.behindCount > rows.length)
      blocks.push(
        makeText(
          `And ${plural(part.behindCount - rows.length, "host")} more: \`rollcall ` +
            `versions --behind --hosts\`.`,
        ),
      );
  }
  return blocks;
}
