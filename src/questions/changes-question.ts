// The question `changes`: what differs between consecutive reports of hosts, who arrived and left,
// fell silent and returned.

import { CHANGE_KINDS } from "../history/change.ts";
import type { Gap } from "../history/recorded.ts";
import {
  type ChangeGroup,
  createChangeGroups,
  MAX_GROUP_HOSTS,
  type ShownChange,
  showChange,
  type ToldChange,
} from "./change-groups.ts";
import {
  type ChangeQuery,
  formatCursor,
  MAX_CHANGE_ROWS,
  parseChangeQuery,
  SINCE_PATTERN,
} from "./change-query.ts";
import { type ReadChanges, readChanges } from "./change-reading.ts";
import { CHANGE, CHANGES } from "./change-schema.ts";
import { type Cut, listDetails } from "./cut.ts";
import { FILTER, LENIENT, PARTIAL, SAME, WITHIN } from "./parameters.ts";
import { describeGaps, findMissing, findReach, REFUSE_PAST } from "./past.ts";
import type { Question, QuestionParameter, Rows } from "./question.ts";

/** Parameters of the questions about a stretch of time. */
export const SINCE: QuestionParameter = {
  name: "since",
  in: "query",
  description:
    "From when on: a time, a span back from now such as `2h`, or the `cursor` of an answer of before, " +
    "which gives what is new since and misses nothing.",
  schema: { type: "string", pattern: SINCE_PATTERN, default: "24h" },
  example: "24h",
  placeholder: "TIME",
  isTime: true,
};

export const UNTIL: QuestionParameter = {
  name: "until",
  in: "query",
  description: "Until when: a time, or a span back from now; now by default.",
  schema: { type: "string" },
  placeholder: "TIME",
  isTime: true,
};

export const HOST: QuestionParameter = {
  name: "host",
  in: "query",
  description:
    "Of hosts with this id or instance_name; `*` is any run of characters; several split by commas.",
  schema: { type: "string" },
  example: "i-0123456789abcdef0",
  repeats: true,
};

export const FIELD: QuestionParameter = {
  name: "field",
  in: "query",
  description:
    "Of these fields, with or without the places of array elements: `processes.module_A_filename`, " +
    "`processes.1.*`; `*` is any run of characters; several split by commas.",
  schema: { type: "string" },
  example: "processes.module_A_filename",
  repeats: true,
};

const KIND: QuestionParameter = {
  name: "kind",
  in: "query",
  description: `Of these kinds, several split by commas: ${CHANGE_KINDS.join(", ")}.`,
  schema: { type: "string" },
  example: "changed",
  repeats: true,
};

export const EACH: QuestionParameter = {
  name: "each",
  in: "query",
  description: "`true`: a row for each change, where else the same change on many hosts is one.",
  schema: { enum: ["true", "false"], default: "false" },
};

const LIMIT: QuestionParameter = {
  name: "limit",
  in: "query",
  description: `Most rows of the answer, at most ${MAX_CHANGE_ROWS}; \`cursor\` goes on behind them.`,
  schema: { type: "string", pattern: "^[0-9]+$", default: String(MAX_CHANGE_ROWS) },
  placeholder: "NUMBER",
};

export const changes: Question<Rows> = {
  name: "changes",
  names: { path: "/v1/changes", command: "changes", docs: "history.md", tool: "list_changes" },
  summary: "What changed, who arrived and left, who fell silent",
  description:
    "The differences between consecutive reports of each host, field by field, and what became of hosts, " +
    "in the order of time. The same change on many hosts is one row, with how many there are, when the " +
    `first and the last was, and at most ${MAX_GROUP_HOSTS} hosts by name. \`cursor\` is what \`since\` ` +
    "takes the next time, with the same other parameters: nothing is missed then, and nothing comes " +
    "twice. A filter on a label speaks of the host's labels as they were recorded with the change; every " +
    "other filter of the host's report as the change left it, and of a host that went, of its last " +
    "report. What nobody recorded is told in `gaps`.",
  sample: "?since=24h&field=processes.module_A_filename&env=prod",
  parameters: [SINCE, UNTIL, HOST, FIELD, KIND, EACH, LIMIT, WITHIN, FILTER, SAME, LENIENT, PARTIAL],
  answer: {
    description: "The changes.",
    row: CHANGE,
    document: CHANGES,
    facts: ["Rollcall-Count", "Rollcall-Cursor"],
  },
  refusals: ["cannot_be_told"],

  async ask(sources, parameters, signal) {
    const { past, windowMs } = sources;
    // A mistake is told before anything is read.
    parseChangeQuery(parameters, windowMs, sources.clock());
    if (!past) return REFUSE_PAST;
    const reach = await findReach(past.history, sources.clock(), signal);
    if ("refusal" in reach) return reach;
    const query = parseChangeQuery(parameters, windowMs, reach.now);
    const missing = findMissing(reach, { since: query.since.at, until: query.until });
    if ("refusal" in missing) return missing;
    const gathered = gatherChanges(query.each, query.limit);
    const read = await readChanges(query, past, gathered.take, sources, signal);
    const rows = gathered.list();
    const gaps = [...read.gaps, ...missing].sort((a, b) => a.from - b.from);
    const cursor = formatCursor(read.next);
    const cuts = listCuts(read, query, cursor);
    const toText = (at: number) => new Date(at).toISOString();
    return {
      facts: {
        asOf: reach.last,
        count: gathered.count(),
        cursor,
        cuts,
        warnings: [...describeGaps(gaps), ...listDetails(cuts), ...read.warnings],
      },
      // Not kept: the next entry of the history may be there at any time.
      validUntil: 0,
      body: {
        kind: "rows",
        rows,
        document: {
          since: toText(query.since.at),
          until: toText(query.until),
          as_of: toText(reach.last),
          cursor,
          count: gathered.count(),
          changes: rows,
          gaps: gaps.map(showGap),
        },
      },
    };
  },
};

/** The document, as it is answered. */
export interface ShownChanges {
  readonly since: string;
  readonly until: string;
  readonly as_of: string;
  readonly cursor: string;
  readonly count: number;
  readonly changes: readonly (ChangeGroup | ShownChange)[];
  readonly gaps: readonly ReturnType<typeof showGap>[];
}

/** Takes changes one by one, as many as an answer has. */
export function gatherChanges(each: boolean, max: number) {
  let count = 0;
  const rows: ShownChange[] = [];
  const groups = createChangeGroups(max);
  return {
    take(change: ToldChange): boolean {
      if (each ? rows.length >= max : !groups.take(change)) return false;
      if (each) rows.push(showChange(change));
      count++;
      return true;
    },
    list: (): readonly (ChangeGroup | ShownChange)[] => (each ? rows : groups.list()),
    count: () => count,
  };
}

export function showGap({ from, until, reason }: Gap) {
  return { from: new Date(from).toISOString(), until: new Date(until).toISOString(), reason };
}

function listCuts({ isCut, dropped }: ReadChanges, { limit }: ChangeQuery, cursor: string): Cut[] {
  return [
    ...(isCut
      ? [
          {
            kind: "entries" as const,
            detail: `there are more changes than the ${limit} rows of an answer: since=${cursor} goes on`,
          },
        ]
      : []),
    ...(dropped > 0
      ? [
          {
            kind: "entries" as const,
            count: dropped,
            detail: `${dropped} changes were more than the recorder keeps of one report or one minute`,
          },
        ]
      : []),
  ];
}
