// The question about versions: fields, what to divide by, whether to name hosts; filters as
// everywhere, and by label.

import { parseName } from "../grammar/condition.ts";
import { splitList } from "../report/list-text.ts";
import { MAX_PARAMETERS, parseQuery, type Query, QueryError } from "./query.ts";

/** What is asked of some reports. */
export interface VersionQuestion {
  /** Fields, as parseFieldPath takes them; none asks for those that hold versions. */
  readonly fields: readonly string[];
  /** Labels or fields to divide by; hosts that have several values of one count in each. */
  readonly by: readonly string[];
  /** Whether to name the hosts. */
  readonly hosts: boolean;
}

export interface VersionQuery {
  /** Which reports. */
  readonly reports: Query;
  readonly question: VersionQuestion;
  /**
   * Among whom the newest version is looked for that others are behind: the hosts in question, or
   * all hosts of the same state, whatever the filters.
   */
  readonly newest: (typeof NEWEST_AMONG)[number];
}

export const NEWEST_AMONG = ["chosen", "fleet"] as const;

/** Fields of one question, and labels to divide by. */
const MAX_COUNTED_FIELDS = 16;
const MAX_BY_NAMES = 3;

/**
 * Reads a question.
 *
 * @param parameters names and values as the URL gives them, decoded; `field` may come several
 *   times, or hold several split by commas
 * @throws QueryError
 */
export function parseVersionQuery(
  parameters: Iterable<readonly [string, string]>,
  defaultWindowMs?: number,
): VersionQuery {
  const all = [...parameters];
  if (all.length > MAX_PARAMETERS)
    throw new QueryError(
      (all[MAX_PARAMETERS]?.[0] ?? "").slice(0, 64),
      `more than ${MAX_PARAMETERS} parameters`,
    );
  const named = (name: string) =>
    all.filter(([key]) => key === name).flatMap(([, value]) => splitList(value));
  const fields = checkFields("field", named("field"), MAX_COUNTED_FIELDS);
  const by = checkFields("by", named("by"), MAX_BY_NAMES);
  const hosts = readFlag(all.find(([key]) => key === "hosts")?.[1]);
  const newest = readNewest(all.find(([key]) => key === "newest")?.[1]);
  const rest = all.filter(([key]) => !OWN_PARAMETERS.includes(key));
  const reports = parseQuery(rest, defaultWindowMs);
  if (reports.fields || reports.meta)
    throw new QueryError(
      "fields",
      "has no meaning here; name the field whose versions are asked for with field=",
    );
  return {
    reports,
    question: { fields, by, hosts },
    newest,
  };
}

/** The others are those of every question about reports. */
const OWN_PARAMETERS: readonly string[] = ["field", "by", "hosts", "newest"];

function checkFields(parameter: string, names: readonly string[], max: number): readonly string[] {
  if (names.length > max) throw new QueryError(parameter, `names more than ${max}`);
  for (const name of names) {
    if (!parseName(name))
      throw new QueryError(
        parameter,
        `${JSON.stringify(name.slice(0, 64))} is no field; write a name, or a path ` +
          "such as processes.module_A_filename",
      );
  }
  return [...new Set(names)];
}

function readFlag(text = "false"): boolean {
  if (text !== "true" && text !== "false") throw new QueryError("hosts", "should be true or false");
  return text === "true";
}

function readNewest(text = "chosen"): VersionQuery["newest"] {
  const newest = NEWEST_AMONG.find((known) => known === text);
  if (!newest) throw new QueryError("newest", `should be one of ${NEWEST_AMONG.join(", ")}`);
  return newest;
}
