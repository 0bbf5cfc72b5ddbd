// The question `coverage`: who reported, who fell silent, who left; who is missing, where it is
// known who should be there.
import { createHash } from "node:crypto";
import { judgeAge } from "../report/freshness.ts";
import { parseReportKey } from "../report/key.ts";
import type { Problem } from "../report/problem.ts";
import { createTableBuilder, keyAt } from "../roll/table.ts";
import type { RollView } from "../roll/view.ts";
import { HOST_NAME_BYTES, type Yielder } from "../roll/yielder.ts";
import { describeClockWarnings } from "./clock-warnings.ts";
import { type Coverage, judgeCoverage, ROWS_COUNTED_AT_ONCE } from "./coverage.ts";
import { COVERAGE, COVERAGE_ROW } from "./coverage-schema.ts";
import { type Cut, listDetails } from "./cut.ts";
import { FILTER, LENIENT, PARTIAL, SAME, WITHIN } from "./parameters.ts";
import { parseQuery, type Query, QueryError } from "./query.ts";
import type { Question, QuestionSources, Row, Rows } from "./question.ts";
import { type Selection, selectReports } from "./selection.ts";
import { chooseSetAside } from "./set-aside.ts";

/** Most hosts named in one list of an answer; the counts are of all. */
const MAX_COVERAGE_ROWS = 10_000;

/** How a warning begins that the list of expected hosts cannot be used. */
export const NOBODY_MISSING = "nobody is said to be missing";

export const coverage: Question<Rows & { readonly document: ShownCoverage }> = {
  name: "coverage",
  names: { path: "/v1/coverage", command: "coverage", docs: "coverage.md", tool: "get_coverage" },
  summary: "Who reported, who fell silent, who is missing",
  description:
    "Counts and names: fresh hosts, silent ones and since when, those that left " +
    "within the last day, and what was set aside. Where the server was given a " +
    "list of expected hosts, " +
    "also which of them did not report; if that list cannot be read, " +
    `\`Rollcall-Warning\` says why. Lists hold at most ${MAX_COVERAGE_ROWS} hosts. As lines or CSV, a row ` +
    "for each host that is missing, silent, departed or not expected, and for what was set aside.",
  sample: "",
  parameters: [WITHIN, FILTER, SAME, LENIENT, PARTIAL],
  answer: {
    description: "The coverage.",
    row: COVERAGE_ROW,
    document: COVERAGE,
    facts: ["Rollcall-Count", "Rollcall-Silent", "Rollcall-Problems"],
  },
  refusals: [],

  async ask(sources, parameters) {
    const foreign = parameters.find(([name]) => MEANINGLESS.includes(name));
    if (foreign) throw new QueryError(foreign[0], "has no meaning here");
    const query = parseQuery([...parameters, ["state", "all"]], sources.windowMs);
    const view = await sources.viewAt();
    const { expected, mistake } = await sources.readExpected();
    const isFiltered = query.filters.length > 0;
    const selection = isFiltered ? await selectReports(view, query, sources) : undefined;
    const listed = sources.clones.list();
    const beside = selection && (await chooseBeside(view, listed, query, sources));
    const { clones } = beside ?? { clones: listed };
    const chosen = selection && beside ? narrow(beside.view, selection) : view;
    const asked =
      expected && selection && beside
        ? await leaveOut(expected, view, selection, beside.isOut, sources.yielder)
        : expected;
    const judged = await judgeCoverage(chosen, query.windowMs, asked, sources.yielder);
    const setAside = [
      ...clones.map(({ key, reason, detail }) => ({ key, reason, detail })),
      ...judged.setAside,
    ];
    const shown = describeCoverage(
      { ...judged, setAside, setAsideCount: judged.setAsideCount + clones.length },
      MAX_COVERAGE_ROWS,
    );
    const { as_of: _instant, ...rest } = shown;
    const left = listLeft(shown);
    return {
      facts: {
        asOf: view.asOf,
        count: shown.fresh,
        silent: shown.counts.silent,
        problems: view.problemCount,
        cuts: [...(selection?.cuts ?? []), ...left],
        warnings: [
          ...(selection && beside
            ? [...selection.warnings, ...describeUnfiltered(beside.untold, shown)]
            : describeClockWarnings(view, query.windowMs)),
          ...listDetails(left),
          ...(view.partial ? describeUnread(shown) : []),
          // The list's mistake last: who has a list of their own leaves it out.
          ...(mistake === undefined ? [] : [`${NOBODY_MISSING}: ${mistake}`]),
        ],
        ...(view.partial && { partial: view.partial }),
      },
      validUntil: view.asOf,
      digest: createHash("sha256").update(JSON.stringify(rest)).digest("base64url").slice(0, 22),
      isTimed: true,
      body: {
        kind: "rows",
        document: shown,
        // Not made for JSON.
        get rows() {
          return listRows(shown);
        },
      },
    };
  },
};

/** Parameters of other questions. */
const MEANINGLESS: readonly string[] = ["state", "fields", "meta"];

/** Of what has no report that can be read, and of an id alone. */
function describeUnfiltered(untold: number, { missing = [] }: ShownCoverage): string[] {
  const unheard = missing.filter(({ since }) => since === null).length;
  const who = [
    ...(untold > 0 ? [`of ${untold} objects that were set aside`] : []),
    ...(unheard > 0 ? ["of expected hosts without a report"] : []),
  ];
  return who.length === 0
    ? []
    : [`${who.join(" and ")} it cannot be told whether they match the filters, and they are shown`];
}

/** What the filters leave of those that left and of what was set aside. */
async function chooseBeside(
  view: RollView,
  listed: readonly Problem[],
  query: Query,
  sources: QuestionSources,
) {
  const keys = [...listed, ...view.problems, ...view.departed].map(({ key }) => key);
  const { judge } = await chooseSetAside(keys, view, query, sources);
  const isKept = ({ key }: { readonly key: string }) => judge(key) !== false;
  const problems = view.problems.filter(isKept);
  const clones = listed.filter(isKept);
  const departed = view.departed.filter(isKept);
  const out = new Set(keys.filter((key) => judge(key) === false).map((key) => parseReportKey(key)?.id ?? ""));
  return {
    view: {
      ...view,
      problems,
      problemCount: view.problemCount - (view.problems.length - problems.length),
      departed,
    },
    clones,
    isOut: (id: string) => out.has(id),
    untold: [...clones, ...problems, ...departed].filter(({ key }) => judge(key) === undefined).length,
  };
}

/** A view that has the selected reports alone. */
function narrow(view: RollView, { table, positions }: Selection): RollView {
  const builder = createTableBuilder(positions.length);
  for (const at of positions)
    builder.push(table.segmentOf[at] as number, table.rowOf[at] as number, table.receivedAt[at] as number);
  return { ...view, reports: builder.build(table.segments) };
}

/**
 * Without the hosts that have a report which the filters do not choose: they are not in question.
 *
 * @param isOut whether that is so of one that left, or whose report was set aside
 */
async function leaveOut(
  expected: ReadonlySet<string>,
  { reports: table, asOf }: RollView,
  { positions }: Selection,
  isOut: (id: string) => boolean,
  yielder: Yielder,
): Promise<ReadonlySet<string>> {
  const kept = new Set([...expected].filter((id) => !isOut(id)));
  const chosen = new Set(positions);
  for (let at = 0; at < table.rowOf.length; at++) {
    if (at % ROWS_COUNTED_AT_ONCE === ROWS_COUNTED_AT_ONCE - 1)
      await yielder.spend(ROWS_COUNTED_AT_ONCE * HOST_NAME_BYTES);
    if (judgeAge(table.receivedAt[at] as number, asOf, 0) !== "gone" && !chosen.has(at))
      kept.delete(parseReportKey(keyAt(table, at))?.id ?? "");
  }
  // One id may stand in two accounts.
  for (const at of positions) {
    const id = parseReportKey(keyAt(table, at))?.id ?? "";
    if (expected.has(id)) kept.add(id);
  }
  return kept;
}

/**
 * A coverage as it is answered: names with underscores, times as ISO 8601. @param maxShown most
 * entries of each list
 */
function describeCoverage(judged: Coverage, maxShown: number) {
  const { asOf, fresh, silent, departed, setAside, setAsideCount, expectation } = judged;
  const toText = (at: number) => new Date(at).toISOString();
  return {
    as_of: toText(asOf),
    fresh,
    ...(expectation && {
      expected: expectation.expected,
      reported: expectation.reported,
      missing: expectation.missing
        .slice(0, maxShown)
        .map(({ id, since }) => ({ id, since: since === undefined ? null : toText(since) })),
      unexpected: expectation.unexpected,
    }),
    silent: silent
      .slice(0, maxShown)
      .map(({ id, account, at }) => ({ id, account: account || null, since: toText(at) })),
    departed: departed
      .slice(0, maxShown)
      .map(({ id, account, at }) => ({ id, account: account || null, at: toText(at) })),
    set_aside: setAside.slice(0, maxShown),
    counts: {
      silent: silent.length,
      departed: departed.length,
      set_aside: setAsideCount,
      ...(expectation && {
        missing: expectation.missing.length,
        unexpected: expectation.unexpectedCount,
      }),
    },
  };
}

/** Lines and CSV have no counts, so that a list that is cut would look whole. */
function listLeft(shown: ShownCoverage): Cut[] {
  const { missing = [], silent, departed, set_aside, unexpected = [], counts } = shown;
  const lists = { missing, silent, departed, set_aside, unexpected };
  return Object.entries(lists).flatMap(([name, { length }]) => {
    const count = counts[name as keyof typeof lists] ?? length;
    const detail = `the list ${name} has the first ${length} of ${count}`;
    return count > length ? [{ kind: "entries" as const, count: count - length, detail }] : [];
  });
}

/** A coverage as it was answered. */
export type ShownCoverage = ReturnType<typeof describeCoverage> & {
  readonly counts: { readonly cannot_be_told?: number };
};

/** Of hosts whose report was not read nobody knows. */
export function describeUnread({ missing = [] }: Pick<ShownCoverage, "missing">): string[] {
  return missing.length === 0
    ? []
    : ["not all reports were read: whether hosts in the list missing reported since cannot be told"];
}

/** The lists, one after the other. */
export function listRows({
  missing = [],
  silent,
  departed,
  set_aside,
  unexpected = [],
}: ShownCoverage): Row[] {
  const none = { id: null, account: null, at: null, key: null, reason: null, detail: null };
  return [
    ...missing.map(({ id, since }) => ({ state: "missing", ...none, id, at: since })),
    ...silent.map(({ id, account, since }) => ({ state: "silent", ...none, id, account, at: since })),
    ...departed.map(({ id, account, at }) => ({ state: "departed", ...none, id, account, at })),
    ...set_aside.map((one) => ({ state: "set_aside", ...none, ...one })),
    ...unexpected.map((id) => ({ state: "unexpected", ...none, id })),
  ];
}
