// What stands on the pages: the summary's blocks and those of a part.
import { capitalize, formatTime, joinWords, plural, sayBehind, sayCoverage } from "./coverage-sentence.ts";
import { type Block, escapeText, formatCode, makeTable, makeText } from "./markdown-text.ts";
import type { FieldVersions, Overview, OverviewPart } from "./overview.ts";
import { linkTo } from "./page-links.ts";
import { selectShown } from "./shown-values.ts";

/** Silent and missing hosts that the summary names, and bounds that were met. */
const MAX_NAMED_ON_PAGE = 20;
const MAX_NAMED_BOUNDS = 5;

export function describeSummary(
  overview: Overview,
  asOfLine: string,
  parts: readonly { readonly part: OverviewPart; readonly slug: string }[],
  tableNote: string | undefined,
): Block[] {
  const { settings, fields, coverage, partsOmitted, absent, bounds } = overview;
  const blocks = [makeText(`${sayCoverage(overview)} ${asOfLine}\n`)];
  if (absent.length > 0)
    blocks.push(
      makeText(`No host has ${joinWords(absent.map(formatCode))}: is the publisher's configuration right?\n`),
    );
  if (bounds.length > 0)
    blocks.push(
      makeText(`Not all was counted: ${escapeText(bounds.slice(0, MAX_NAMED_BOUNDS).join("; "))}.\n`),
    );
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
  if (tableNote !== undefined) blocks.push(makeText(`${tableNote}\n`));
  const { missing = [], silent, counts } = coverage;
  blocks.push(
    ...nameHosts(missing, counts.missing ?? 0, "Expected, and not heard of"),
    ...nameHosts(silent, counts.silent, "Silent"),
  );
  blocks.push(
    makeText(
      `---\nWritten by Rollcall from what each host says of itself. Changes made here are overwritten.`,
    ),
  );
  return blocks;
}

/** A table of the first hosts. @param count how many there are */
function nameHosts(
  hosts: readonly { readonly id: string; readonly since: string | null }[],
  count: number,
  title: string,
): Block[] {
  if (count === 0) return [];
  const rows = hosts
    .slice(0, MAX_NAMED_ON_PAGE)
    .map(({ id, since }) => [
      formatCode(id),
      since === null ? "never within a day" : formatTime(Date.parse(since)),
    ]);
  const table = makeTable(`## ${title}\n\n`, ["Host", "Last report"], rows, []);
  const more = count - rows.length;
  return more > 0 ? [table, makeText(`And ${more} more: \`rollcall coverage\`.`)] : [table];
}

const MAX_SUMMARY_ROWS = 12;

/**
 * Whether values or parts are on no page. What the summary leaves out of its own tables is on the
 * parts' pages, where there are any.
 */
export function isSummaryCut({ fields, parts, partsOmitted }: Overview): boolean {
  return (
    fields.some(({ omitted }) => omitted > 0) ||
    partsOmitted > 0 ||
    (parts.length === 0 && hasMore(fields, MAX_SUMMARY_ROWS))
  );
}

/** The same of a part's page. */
export function isPartCut({ fields, behind, behindCount }: OverviewPart, maxRows: number): boolean {
  return behindCount > Math.min(behind.length, maxRows) || hasMore(fields, maxRows);
}

function hasMore(fields: readonly FieldVersions[], maxRows: number): boolean {
  return fields.some(
    ({ values, omitted }) => omitted > 0 || values.filter(({ value }) => value !== null).length > maxRows,
  );
}

/**
 * Tables of all fields. @param maxRows values of each at most; those of the fewest hosts are left
 * out
 */
function describeFields(fields: readonly FieldVersions[], by: string, maxRows: number): Block[] {
  return fields.flatMap(({ field, values, omitted }) => {
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
    const more = known.length - shown.length + omitted;
    if (more > 0) blocks.push(makeText(`And ${plural(more, "more version")}.`));
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

export function describePart(part: OverviewPart, { settings }: Overview, maxRows: number): Block[] {
  const behind = sayBehind(part, ["is behind", "are behind"]);
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
