// The question `trend`: how many hosts had each value of a field, over time.
import type { Recorded } from "../history/recorded.ts";
import { type Gap, isUntold } from "../history/recorded.ts";
import { readSince, readUntil } from "./change-query.ts";
import { GAPS } from "./change-schema.ts";
import { SINCE, showGap, UNTIL } from "./changes-question.ts";
import type { Cut } from "./cut.ts";
import { listDetails } from "./cut.ts";
import { FILTER, LENIENT, PARTIAL, SAME, WITHIN } from "./parameters.ts";
import { describeGaps, findMissing, findReach, type Past, REFUSE_PAST, readLabelsOf } from "./past.ts";
import { QueryError } from "./query.ts";
import type { ParameterValues, Question, QuestionSources, Rows, Schema } from "./question.ts";
import { selectReports } from "./selection.ts";
import { divideSpan } from "./trend-instants.ts";
import { createTrendSeries, MAX_TREND_SERIES, type TrendSeries, type ValueCount } from "./trend-series.ts";
import { answerVersions } from "./version-answer.ts";
import { parseVersionQuery, type VersionQuery } from "./version-query.ts";
import { countVersions } from "./versions.ts";

const DEFAULT_SPAN = "7d";

const time: Schema = { type: "string", format: "date-time" };
const VALUE: Schema = { type: ["string", "null"], description: "null: the hosts that have no value there." };
const GROUP: Schema = { type: ["string", "null"], description: "Of what `by` names; empty: has none of it." };

const TREND_POINT: Schema = {
  type: "object",
  required: ["at", "value", "group", "hosts"],
  properties: {
    at: time,
    value: VALUE,
    group: GROUP,
    hosts: { type: ["integer", "null"], description: "How many; null: it cannot be told." },
  },
};

const TREND: Schema = {
  type: "object",
  required: ["field", "by", "from", "until", "step_seconds", "at", "series", "others", "gaps"],
  properties: {
    field: { type: "string" },
    by: { type: ["string", "null"] },
    from: time,
    until: time,
    step_seconds: { type: "integer", description: "Between two instants; the last one may come sooner." },
    at: { type: "array", items: time, description: "The instants." },
    series: {
      type: "array",
      description: "Those of the most hosts first.",
      items: {
        type: "object",
        required: ["value", "group", "hosts"],
        properties: {
          value: VALUE,
          group: GROUP,
          hosts: {
            type: "array",
            items: { type: ["integer", "null"] },
            description: "By instant, how many hosts; null: it cannot be told.",
          },
        },
      },
    },
    others: { type: "integer", description: "Series that were left out, of the fewest hosts." },
    gaps: GAPS,
  },
};

/** The document, as it is answered. */
export interface ShownTrend {
  readonly field: string;
  readonly by: string | null;
  readonly from: string;
  readonly until: string;
  readonly step_seconds: number;
  readonly at: readonly string[];
  readonly series: readonly TrendSeries[];
  readonly others: number;
}

export const trend: Question<Rows> = {
  name: "trend",
  names: { path: "/v1/trend", command: "trend", docs: "history.md", tool: "get_trend" },
  summary: "How many hosts had each value, over time",
  description:
    "For each value of a field, how many fresh hosts had it at some 200 instants: how a release spread, " +
    "and what went back. Each instant is told as the roll was recorded then, by the same window; what " +
    "was not recorded is null. JSON has a series for each value; lines and CSV a row for each instant of " +
    "each.",
  sample: "?field=processes.module_A_filename&by=env&since=7d",
  parameters: [
    {
      name: "field",
      in: "query",
      description: "The field or label. A path goes through objects and arrays.",
      schema: { type: "string" },
      example: "processes.module_A_filename",
      isRequired: true,
    },
    {
      name: "by",
      in: "query",
      description: "Divide the counts by a label or a field; up to three, split by commas.",
      schema: { type: "string" },
      example: "env",
      placeholder: "NAMES",
    },
    {
      ...SINCE,
      description: "From when on: a time, or a span back from now such as `7d`.",
      schema: { type: "string", default: DEFAULT_SPAN },
      example: DEFAULT_SPAN,
    },
    UNTIL,
    WITHIN,
    FILTER,
    SAME,
    LENIENT,
    PARTIAL,
  ],
  answer: {
    description: "The trend.",
    row: { name: "TrendPoint", schema: TREND_POINT },
    document: { name: "Trend", schema: TREND },
    facts: ["Rollcall-Count"],
  },
  refusals: ["cannot_be_told"],

  async ask(sources, parameters, signal) {
    const { past, windowMs } = sources;
    // A mistake is told before anything is read.
    readQuestion(parameters, windowMs, sources.clock());
    if (!past) return REFUSE_PAST;
    const reach = await findReach(past.history, sources.clock(), signal);
    if ("refusal" in reach) return reach;
    const { query, from, until } = readQuestion(parameters, windowMs, reach.now);
    const missing = findMissing(reach, { since: from, until });
    if ("refusal" in missing) return missing;
    const { stepMs, instants } = divideSpan(from, until);
    const gathered = createTrendSeries(instants.length);
    const gaps = new Map<number, Gap>(missing.map((gap) => [gap.from, gap]));
    let last: { readonly number: number; readonly counts: readonly ValueCount[] } | undefined;
    let [place, hosts] = [0, 0];
    for await (const recorded of past.history.viewsAt(instants, signal)) {
      if (isUntold(recorded)) {
        const gap = { from: Math.max(recorded.from, from), until: recorded.until, reason: recorded.untold };
        if (!gaps.has(gap.from)) gaps.set(gap.from, gap);
      } else {
        if (recorded.number !== last?.number) {
          const counted = await countAt(recorded, query, past, sources);
          last = { number: recorded.number, counts: counted.values };
          hosts = counted.hosts;
        }
        gathered.take(place, last.counts);
      }
      place++;
    }
    const { series, others } = gathered.list();
    // A name that none of these rolls has is judged as it is of now.
    const isSeen = series.some(({ value }) => value !== null);
    const unseen = isSeen ? [] : (await answerVersions(await sources.viewAt(), query, sources)).warnings;
    const toText = (at: number) => new Date(at).toISOString();
    const shownGaps = [...gaps.values()].sort((a, b) => a.from - b.from);
    const cuts: Cut[] =
      others > 0
        ? [
            {
              kind: "values",
              count: others,
              detail: `${others} series of the fewest hosts are left out; there are ${MAX_TREND_SERIES}`,
            },
          ]
        : [];
    const { fields, by } = query.question;
    const document: ShownTrend & { readonly gaps: unknown } = {
      field: fields[0] ?? "",
      by: by.length === 0 ? null : by.join(","),
      from: toText(from),
      until: toText(until),
      step_seconds: stepMs / 1000,
      at: instants.map(toText),
      series,
      others,
      gaps: shownGaps.map(showGap),
    };
    return {
      facts: {
        asOf: reach.last,
        count: hosts,
        cuts,
        warnings: [...describeGaps(shownGaps), ...listDetails(cuts), ...unseen],
      },
      validUntil: 0,
      body: {
        kind: "rows",
        document,
        // Not made for JSON.
        get rows() {
          return series.flatMap(({ value, group, hosts: counts }) =>
            counts.map((count, at) => ({ at: document.at[at], value, group, hosts: count })),
          );
        },
      },
    };
  },
};

function readQuestion(parameters: ParameterValues, windowMs: number, now: number) {
  const named = (wanted: string) => parameters.find(([name]) => name === wanted)?.[1];
  const rest = parameters.filter(([name]) => name !== "since" && name !== "until");
  const foreign = rest.find(([name]) => ["hosts", "newest", "state"].includes(name));
  if (foreign) throw new QueryError(foreign[0], "has no meaning here");
  const query = parseVersionQuery(rest, windowMs);
  if (query.question.fields.length !== 1)
    throw new QueryError("field", "should name one field, such as field=processes.module_A_filename");
  const until = Math.min(now, readUntil(named("until"), now));
  const since = readSince(named("since") ?? DEFAULT_SPAN, now);
  if (since.at >= until) throw new QueryError("since", "lies behind until");
  return { query, from: since.at, until };
}

/** Counts in a past roll. */
async function countAt(
  recorded: Recorded,
  { reports, question }: VersionQuery,
  past: Past,
  { yielder }: QuestionSources,
) {
  const then = { ...readLabelsOf(recorded, past), yielder };
  const { table, positions } = await selectReports(recorded.view, { ...reports, lenient: true }, then);
  return await countVersions({ table, positions }, question, then);
}
