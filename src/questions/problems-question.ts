// The question `problems`: the reports that were set aside, with the reason.
import { PROBLEM_REASONS, type Problem } from "../report/problem.ts";
import type { RollView } from "../roll/view.ts";
import { describeClockWarnings, listBackdated } from "./clock-warnings.ts";
import { type Cut, listDetails } from "./cut.ts";
import { judgeNames } from "./known-names.ts";
import { FILTER, LENIENT, PARTIAL, SAME, WITHIN } from "./parameters.ts";
import { parseQuery, type Query, QueryError } from "./query.ts";
import type { ParameterValues, Question, QuestionSources } from "./question.ts";
import { chooseSetAside } from "./set-aside.ts";

/** Most problems in one answer; whoever may write rubbish into a store could make any number. */
const MAX_PROBLEM_ROWS = 1000;

/** A problem as it is answered. */
export interface ShownProblem {
  readonly key: string;
  readonly reason: string;
  readonly detail: string;
  /** ISO 8601 in UTC. */
  readonly received_at: string;
  /** Bytes. */
  readonly size: number;
  /** The store's URL, where several are read. */
  readonly store?: string;
}

export const problems: Question = {
  name: "problems",
  names: { path: "/v1/problems", command: "problems", docs: "problems.md", tool: "list_problems" },
  summary: "Reports that were set aside, with the reason",
  description:
    "A report that is unreadable, oversized, misfiled or dated in the future is left " +
    `out of the array, counted, and listed here; the first ${MAX_PROBLEM_ROWS} by key, ` +
    "until they expire. Those that were made hours before they came (`backdated`) " +
    "stand after them; they are in the array and are not counted. What this server refused at its " +
    "door (`over_limit`, some of `clone`) stands before them and is not counted: it never was in the " +
    "store. Filters are those of /v1/reports; " +
    "of what cannot be read it cannot be told whether it matches: it is listed, and " +
    "`Rollcall-Warning` says how many such there are.",
  sample: "",
  parameters: [
    {
      name: "reason",
      in: "query",
      description: "Only problems of this kind; several times: any of them.",
      schema: { enum: Object.keys(PROBLEM_REASONS) },
      example: "misfiled",
      repeats: true,
    },
    WITHIN,
    FILTER,
    SAME,
    LENIENT,
    PARTIAL,
  ],
  answer: {
    description: "The problems.",
    row: {
      name: "Problem",
      schema: {
        type: "object",
        required: ["key", "reason", "detail", "received_at", "size"],
        properties: {
          key: { type: "string", description: "Where the report lies in the store." },
          reason: { type: "string", enum: Object.keys(PROBLEM_REASONS) },
          detail: { type: "string", description: "What is wrong, and where." },
          received_at: { type: "string", format: "date-time" },
          size: { type: "integer", description: "Bytes." },
          store: { type: "string", description: "In which store it lies, where several are read." },
        },
      },
    },
    facts: ["Rollcall-Problems"],
  },
  refusals: [],

  async ask(sources, parameters) {
    const reasons = readReasons(parameters);
    const query = readFilters(parameters, sources.windowMs);
    const { windowMs } = query;
    const view = await sources.viewAt();
    const own = [...sources.clones.list(), ...(sources.bounds?.list() ?? [])];
    const listed = [...own, ...view.problems, ...listBackdated(view, windowMs, MAX_PROBLEM_ROWS)];
    const ofReasons = reasons.size === 0 ? listed : listed.filter(({ reason }) => reasons.has(reason));
    const { chosen, warnings } = await choose(ofReasons, view, query, sources);
    const left = listLeft(chosen.length, view);
    return {
      facts: {
        asOf: view.asOf,
        problems: view.problemCount,
        cuts: left,
        warnings: [...describeClockWarnings(view, windowMs), ...warnings, ...listDetails(left)],
        ...(view.partial && { partial: view.partial }),
      },
      validUntil: view.asOf,
      body: { kind: "rows", rows: chosen.slice(0, MAX_PROBLEM_ROWS).map(show) },
    };
  },
};

/** What is not listed is counted, of any kind where a view itself lists the first ones alone. */
function listLeft(chosen: number, { problems: listed, problemCount }: RollView): Cut[] {
  const unlisted = problemCount - listed.length;
  const left: Cut[] = [];
  if (unlisted > 0)
    left.push({
      kind: "entries",
      count: unlisted,
      detail: `of ${problemCount} reports that were set aside, ${unlisted} are not looked at for this list`,
    });
  if (chosen > MAX_PROBLEM_ROWS)
    left.push({
      kind: "entries",
      count: chosen - MAX_PROBLEM_ROWS,
      detail: `the list has the first ${MAX_PROBLEM_ROWS} of ${chosen} problems`,
    });
  return left;
}

function show({ key, reason, detail, receivedAt, size, store }: Problem): ShownProblem {
  return {
    key,
    reason,
    detail,
    received_at: new Date(receivedAt).toISOString(),
    size,
    ...(store !== undefined && { store }),
  };
}

function readReasons(parameters: ParameterValues): ReadonlySet<string> {
  const reasons = parameters.filter(([name]) => name === "reason").map(([, value]) => value);
  const unknown = reasons.find((reason) => !Object.hasOwn(PROBLEM_REASONS, reason));
  if (unknown !== undefined)
    throw new QueryError("reason", `should be one of ${Object.keys(PROBLEM_REASONS).join(", ")}`);
  return new Set(reasons);
}

/** Parameters of other questions. */
const MEANINGLESS: readonly string[] = ["state", "fields", "meta"];

function readFilters(parameters: ParameterValues, windowMs: number): Query {
  const foreign = parameters.find(([name]) => MEANINGLESS.includes(name));
  if (foreign) throw new QueryError(foreign[0], "has no meaning here");
  return parseQuery(
    parameters.filter(([name]) => name !== "reason"),
    windowMs,
  );
}

/** What the filters choose, and what may be meant by them for all that can be told. */
async function choose(
  listed: readonly Problem[],
  view: RollView,
  query: Query,
  sources: QuestionSources,
): Promise<{ readonly chosen: readonly Problem[]; readonly warnings: readonly string[] }> {
  if (query.filters.length === 0) return { chosen: listed, warnings: [] };
  const keys = listed.map(({ key }) => key);
  const choice = await chooseSetAside(keys, view, query, sources);
  const chosen = listed.filter(({ key }) => choice.judge(key) !== false);
  const absent = await judgeNames(choice.unseen, view, sources, query.lenient);
  const untold = chosen.filter(({ key }) => choice.judge(key) === undefined).length;
  return {
    chosen,
    warnings: [
      // That what was set aside has no such field says nothing, where others have it.
      ...(query.lenient || view.reports.rowOf.length === 0 ? absent : []),
      ...choice.warnings,
      ...(untold > 0
        ? [`${untold} of ${chosen.length} could not be read: whether they match cannot be told`]
        : []),
    ],
  };
}
