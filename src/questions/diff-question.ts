// The question `diff`: what differs between the roll at two instants, or then and now.
import { createHash } from "node:crypto";
import { isUntold } from "../history/recorded.ts";
import { MAX_CHANGE_ROWS, readPatterns } from "./change-query.ts";
import { CHANGE } from "./change-schema.ts";
import { EACH, FIELD, gatherChanges, HOST } from "./changes-question.ts";
import { type Cut, listDetails } from "./cut.ts";
import { AT, FILTER, LENIENT, PARTIAL, SAME, WITHIN } from "./parameters.ts";
import { type Past, REFUSE_PAST, readInstant, readLabelsOf, refuseFuture, refuseUntold } from "./past.ts";
import { parseQuery, type Query, QueryError } from "./query.ts";
import type { NamedSchema, ParameterValues, Question, QuestionSources, Refusal, Rows } from "./question.ts";
import { type ChosenRoll, diffRolls, type RollAt } from "./roll-difference.ts";
import { selectReports } from "./selection.ts";

const DIFFERENCE: NamedSchema = {
  name: "Difference",
  schema: {
    type: "object",
    required: ["from", "to", "count", "changes"],
    properties: {
      from: { type: "string", format: "date-time", description: "The earlier recorded instant." },
      to: { type: "string", format: "date-time", description: "The later one, or now." },
      count: { type: "integer", description: "Differences in all rows." },
      changes: { type: "array", items: { $ref: "#/components/schemas/Change" } },
    },
  },
};

export const diff: Question<Rows> = {
  name: "diff",
  names: { path: "/v1/diff", command: "diff", docs: "history.md", tool: "compare_instants" },
  summary: "What differs between two instants",
  description:
    "Host by host, from the roll at one instant to that of another, or of now: fields that differ, who " +
    "arrived, who left, who fell silent or returned. What changed in between and back is not told; " +
    "`changes` tells it. The same difference on many hosts is one row. A filter speaks of a host's " +
    "report at the later instant; of one that is not there any more, at the earlier one.",
  sample: "?at=2026-11-26T18:00:00Z&env=prod",
  parameters: [
    {
      ...AT,
      description: "The earlier instant, or both: ISO 8601 with an offset, whose `+` is %2B in a URL.",
      repeats: true,
      isRequired: true,
    },
    {
      name: "to",
      in: "query",
      description: "The later instant; now by default.",
      schema: { type: "string" },
      placeholder: "TIME",
      isTime: true,
    },
    HOST,
    FIELD,
    EACH,
    WITHIN,
    FILTER,
    SAME,
    LENIENT,
    PARTIAL,
  ],
  answer: {
    description: "The differences.",
    row: CHANGE,
    document: DIFFERENCE,
    facts: ["Rollcall-Count"],
  },
  refusals: ["cannot_be_told"],

  async ask(sources, parameters, signal) {
    const { from, to, each, isAsked, query } = readQuestion(parameters, sources);
    const { past } = sources;
    if (!past) return REFUSE_PAST;
    const earlier = await open(from, past, sources, signal);
    if ("refusal" in earlier) return earlier;
    const later = await open(to, past, sources, signal);
    if ("refusal" in later) return later;
    const gathered = gatherChanges(each, MAX_CHANGE_ROWS);
    let dropped = 0;
    let omitted = 0;
    const warnings = new Set<string>();
    // What one of the two rolls does not have may be in the other.
    const choose = async (roll: RollAt): Promise<ChosenRoll> => {
      const chosen = await selectReports(roll.view, { ...query, lenient: true }, roll.sources);
      for (const warning of chosen.warnings) warnings.add(warning);
      return { ...roll, positions: chosen.positions };
    };
    const rolls = [await choose(earlier), await choose(later)] as const;
    // A name that neither has is judged as it is of now.
    if (rolls.every(({ positions }) => positions.length === 0))
      await selectReports(await sources.viewAt(), query, sources);
    const options = {
      windowMs: query.windowMs,
      yielder: sources.yielder,
      onDropped: (count: number) => {
        dropped += count;
      },
    };
    for await (const change of diffRolls(rolls[0], rolls[1], options)) {
      signal.throwIfAborted();
      if (isAsked(change) && !gathered.take(change)) omitted++;
    }
    const rows = gathered.list();
    const cuts = listCuts(omitted, dropped);
    const rest = { from: new Date(earlier.view.asOf).toISOString(), count: gathered.count(), changes: rows };
    return {
      facts: {
        asOf: later.view.asOf,
        count: gathered.count(),
        cuts,
        warnings: [...listDetails(cuts), ...warnings],
      },
      validUntil: later.view.asOf,
      // Now goes on while nothing differs.
      digest: digestWithoutTimes(rest),
      isTimed: true,
      body: {
        kind: "rows",
        rows,
        document: { ...rest, to: new Date(later.view.asOf).toISOString() },
      },
    };
  },
};

/** Of now, all rows have the instant of the answer. */
function digestWithoutTimes(answer: object): string {
  const text = JSON.stringify(answer, (name, value) => (ROW_TIMES.includes(name) ? undefined : value));
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}

const ROW_TIMES: readonly string[] = ["at", "first", "last"];

interface ReadQuestion {
  /** ms since the epoch. */
  readonly from: number;
  /** undefined for now. */
  readonly to: number | undefined;
  readonly each: boolean;
  readonly isAsked: (change: {
    readonly host: string;
    readonly instanceName: string | null;
    readonly field: string;
  }) => boolean;
  readonly query: Query;
}

function readQuestion(parameters: ParameterValues, { windowMs, clock }: QuestionSources): ReadQuestion {
  const named = (wanted: string) => parameters.flatMap(([name, value]) => (name === wanted ? [value] : []));
  const rest = parameters.filter(([name]) => !["at", "to", "host", "field", "each"].includes(name));
  const query = parseQuery([...rest, ["state", "all"]], windowMs);
  if (query.fields || query.meta)
    throw new QueryError(query.fields ? "fields" : "meta", "has no meaning here");
  const times = [...named("at"), ...named("to")];
  const [first, second, third] = times.map((text) => readInstant("at", text));
  if (first === undefined) throw new QueryError("at", "is missing: the instant that is compared with now");
  if (third !== undefined) throw new QueryError("at", "two instants are compared, and no more");
  const now = clock();
  for (const at of [first, second]) if (at !== undefined) refuseFuture("at", at, now);
  const [from, to] = second === undefined || first <= second ? [first, second] : [second, first];
  const { isHost, isField } = readPatterns(named("host"), named("field"));
  const [each = "false"] = named("each");
  if (each !== "true" && each !== "false") throw new QueryError("each", "should be true or false");
  return {
    from,
    to,
    each: each === "true",
    isAsked: ({ host, instanceName, field }) => isHost(host, instanceName) && isField(field),
    query,
  };
}

/** The roll of an instant. @param at undefined for now */
async function open(
  at: number | undefined,
  past: Past,
  sources: QuestionSources,
  signal: AbortSignal,
): Promise<RollAt | Refusal> {
  if (at === undefined) return { entry: 0, view: await sources.viewAt(), noise: [], sources };
  const recorded = await past.history.viewAt(at, signal);
  if (isUntold(recorded)) return refuseUntold(recorded);
  const { number: entry, view, noise } = recorded;
  return { entry, view, noise, sources: { ...sources, ...readLabelsOf(recorded, past) } };
}

function listCuts(omitted: number, dropped: number): Cut[] {
  const told = [
    [omitted, "differences are more than an answer has; ask of fewer hosts or fields"],
    [dropped, "differences were more than are kept of one report"],
  ] as const;
  return told
    .filter(([count]) => count > 0)
    .map(([count, words]) => ({ kind: "entries", count, detail: `${count} ${words}` }));
}
