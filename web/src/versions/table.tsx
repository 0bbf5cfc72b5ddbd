// The matrix as a table: a section a field, a row a version, a column a group of hosts.
import { memo } from "preact/compat";
import { formatAbsent, formatEquals, formatFilter, formatPresent } from "../address/filter.ts";
import { formatHref } from "../address/parameters.ts";
import { type Speech, useSpeech } from "../words/language.tsx";
import { useCellKeys } from "./cell-keys.ts";
import type { Column, Heading } from "./columns.ts";
import { findHeadings } from "./columns.ts";
import type { Matrix, Row, Section } from "./matrix.ts";
import { Sparkline } from "./sparkline.tsx";
import { type Trend, useTrend } from "./use-trend.ts";

/** Of a value so many characters stand in its hint. */
const MAX_HINT = 300;

/** So many columns fit beside each other on most screens. */
const MAX_FITTING_COLUMNS = 10;

/** Widest place for variants; characters. */
const MAX_VARIANT_WIDTH = 16;

export interface TableProps {
  readonly matrix: Matrix;
  readonly columns: readonly Column[];
  readonly by: readonly string[];
  /** The conditions of the filter, which all links keep. */
  readonly conditions: readonly string[];
  readonly onShowMore: (field: string) => void;
}

export const VersionTable = memo(function VersionTable(props: TableProps) {
  const { matrix, columns, by } = props;
  const speech = useSpeech();
  const { versions } = speech.words;
  const keys = useCellKeys();
  // Where history tells of the first field, the others are asked for too.
  const hasTrends = useTrend(matrix.sections[0]?.field, props.conditions) !== undefined;
  return (
    <div class={columns.length > MAX_FITTING_COLUMNS ? "scroll wide" : "scroll"}>
      <table
        class="versions"
        ref={keys}
        style={{ "--variant": `${Math.min(matrix.variantWidth, MAX_VARIANT_WIDTH)}ch` }}
      >
        <caption class="unseen">{versions.title}</caption>
        <Head columns={columns} by={by} conditions={props.conditions} hasTrends={hasTrends} />
        {matrix.sections.map((section) => (
          <SectionRows
            key={section.field}
            section={section}
            speech={speech}
            hasTrends={hasTrends}
            {...props}
          />
        ))}
      </table>
    </div>
  );
});

interface Trending {
  /** Whether there is a column for how it went. */
  readonly hasTrends: boolean;
}

function Head({
  columns,
  by,
  conditions,
  hasTrends,
}: Pick<TableProps, "columns" | "by" | "conditions"> & Trending) {
  const { words } = useSpeech();
  const { versions } = words;
  const levels = findHeadings(columns, by.length);
  const rows = Math.max(1, levels.length);
  return (
    <thead>
      {Array.from({ length: rows }, (_, level) => (
        <tr key={level}>
          {level === 0 && (
            <th scope="col" rowSpan={rows} class="what">
              {versions.fieldAndVersion}
            </th>
          )}
          {levels[level]?.map((heading, index) => (
            <HeadCell
              key={heading.key}
              heading={heading}
              isGroup={level < rows - 1}
              isFirst={index === 0 || isNewGroup(levels, level, index)}
              names={by}
              conditions={conditions}
            />
          ))}
          {level === 0 && (
            <>
              <th scope="col" rowSpan={rows} class="total">
                {versions.hosts}
              </th>
              {hasTrends && (
                <th scope="col" rowSpan={rows} class="trend" title={words.changes.weekHint}>
                  {words.changes.week}
                </th>
              )}
              <th scope="col" rowSpan={rows} class="share" title={versions.ofVariantHint}>
                {versions.ofVariant}
              </th>
            </>
          )}
        </tr>
      ))}
    </thead>
  );
}

/** Whether a column begins a group of the first level. */
function isNewGroup(levels: readonly (readonly Heading[])[], level: number, index: number): boolean {
  const [own, before] = [levels[level]?.[index], levels[level]?.[index - 1]];
  return levels.length > 1 && own?.values?.[0] !== before?.values?.[0];
}

function HeadCell({
  heading: { text, columns, values, isOthers },
  isGroup,
  isFirst,
  names,
  conditions,
}: {
  readonly heading: Heading;
  readonly isGroup: boolean;
  readonly isFirst: boolean;
  readonly names: readonly string[];
  readonly conditions: readonly string[];
}) {
  const { words } = useSpeech();
  const { none, others, othersHint } = words.versions;
  const classes = [isGroup ? "group" : "column", isFirst ? "first" : ""].join(" ").trim();
  const scope = isGroup ? "colgroup" : "col";
  if (isOthers)
    return (
      <th scope={scope} colSpan={columns} class={classes} title={othersHint}>
        {isGroup ? "" : others}
      </th>
    );
  const label = text === "" ? none : text;
  if (!values)
    return (
      <th scope={scope} colSpan={columns} class={classes} title={clip(text)}>
        <bdi>{label}</bdi>
      </th>
    );
  const q = formatFilter({ conditions: [...conditions, ...toConditions(names, values)], text: "" });
  return (
    <th scope={scope} colSpan={columns} class={classes}>
      <a href={formatHref("/hosts", { q })} title={clip(text)}>
        <bdi>{label}</bdi>
      </a>
    </th>
  );
}

/** The conditions for hosts with these values of the labels. */
function toConditions(names: readonly string[], values: readonly string[]): string[] {
  return values.map((value, level) => {
    const name = names[level] ?? "";
    return value === "" ? formatAbsent(name) : formatEquals(name, value);
  });
}

const SectionRows = memo(function SectionRows({
  section,
  columns,
  by,
  conditions,
  onShowMore,
  speech,
  hasTrends,
}: Omit<TableProps, "matrix"> & Trending & { readonly section: Section; readonly speech: Speech }) {
  const { field, rows, hosts, without, more, next } = section;
  const { words, formatNumber } = speech;
  const { versions } = words;
  const trend = useTrend(hasTrends ? field : undefined, conditions);
  const span = columns.length + (hasTrends ? 4 : 3);
  const [present, absent] = [formatPresent(field), formatAbsent(field)].map((condition) =>
    formatFilter({ conditions: [...conditions, condition], text: "" }),
  );
  return (
    <tbody>
      <tr class="field">
        <th scope="rowgroup" colSpan={span}>
          <span class="stay">
            <FieldName field={field} />{" "}
            <a class="soft" href={formatHref("/hosts", { q: present })}>
              {versions.hostsOf(formatNumber(hosts), formatNumber(hosts + without))}
            </a>
            {without > 0 && (
              <>
                <span class="soft"> · </span>
                <a class="soft" href={formatHref("/hosts", { q: absent })}>
                  {versions.without(formatNumber(without))}
                </a>
              </>
            )}
          </span>
        </th>
      </tr>
      {rows.map((row) => (
        <VersionRow
          key={row.count.value}
          row={row}
          columns={columns}
          by={by}
          conditions={conditions}
          speech={speech}
          hasTrends={hasTrends}
          trend={trend}
        />
      ))}
      {more > 0 && (
        <tr class="more">
          <th scope="row" colSpan={span}>
            {next > 0 ? (
              <button type="button" onClick={() => onShowMore(field)}>
                {versions.showMore(formatNumber(next))}
              </button>
            ) : (
              versions.leftOut(formatNumber(more))
            )}
          </th>
        </tr>
      )}
    </tbody>
  );
});

/** A field's name, what stands before its last part less bold. */
export function FieldName({ field }: { readonly field: string }) {
  const at = field.search(/(?:[^.\\]|\\.)+$/);
  return (
    <bdi class="field-name" title={clip(field)}>
      {at > 0 && <span class="soft">{field.slice(0, at)}</span>}
      {field.slice(Math.max(0, at))}
    </bdi>
  );
}

function VersionRow({
  row: { count: one, cells, isFirstOfVariant },
  columns,
  by,
  conditions,
  speech,
  hasTrends,
  trend,
}: Pick<TableProps, "columns" | "by" | "conditions"> &
  Trending & { readonly row: Row; readonly speech: Speech; readonly trend: Trend | undefined }) {
  const { words, formatNumber, formatShare } = speech;
  const { versions } = words;
  const { field, value, variant, version, count, behind, newest, share_of_variant: share } = one;
  // Hosts without a value have no row.
  const text = value ?? "";
  const week = trend?.byValue.get(text);
  const own = formatEquals(field, text);
  const hrefOf = (more: readonly string[]) =>
    formatHref("/hosts", { q: formatFilter({ conditions: [...conditions, ...more, own], text: "" }) });
  return (
    <tr class={behind ? "behind" : undefined}>
      <th scope="row" title={clip(text)}>
        {version === "" ? (
          <bdi class="value">{text}</bdi>
        ) : (
          <>
            <bdi class="variant">{isFirstOfVariant ? variant : <span class="unseen">{variant} </span>}</bdi>
            <bdi class="value">{version}</bdi>
          </>
        )}
        {newest !== undefined && <span class="tag behind">{versions.behindNewest(newest)}</span>}
      </th>
      {cells.map(({ hosts, shade }, index) => {
        const column = columns[index];
        if (!column) return null;
        const isFirst = by.length > 1 && column.values?.[0] !== columns[index - 1]?.values?.[0];
        const classes = `${isFirst ? "first " : ""}s${shade}`;
        if (hosts === 0) return <td key={column.key} class={classes} />;
        const number = formatNumber(hosts);
        return (
          <td key={column.key} class={classes}>
            {column.values ? (
              <a tabIndex={-1} href={hrefOf(toConditions(by, column.values))}>
                {number}
              </a>
            ) : (
              <span title={column.isOthers ? versions.othersHint : versions.ambiguous}>{number}</span>
            )}
          </td>
        );
      })}
      <td class="total">
        <a tabIndex={-1} href={hrefOf([])}>
          {formatNumber(count)}
        </a>
      </td>
      {hasTrends && <td class="trend">{week && trend && <Sparkline hosts={week} most={trend.most} />}</td>}
      <td class="share" title={share === null ? undefined : versions.share(formatShare(share))}>
        {share !== null && (
          <>
            <span class="bar" aria-hidden="true">
              <i style={{ width: `${100 * share}%` }} />
            </span>
            <span>{formatShare(share)}</span>
          </>
        )}
      </td>
    </tr>
  );
}

function clip(text: string): string {
  return text.length <= MAX_HINT ? text : `${text.slice(0, MAX_HINT)}…`;
}
