// The question: which reports, which of their fields. Read from the parameters of a URL, the same
// for the API and the command line.

import { ConditionError, isReserved, type Name, parseName } from "../grammar/condition.ts";
import { type Filter, isWithin, readFilter } from "../grammar/filter.ts";
import type { FieldPath } from "../grammar/path.ts";
import { DEFAULT_WINDOW_MS, EXPIRY_MS } from "../report/limits.ts";
import { splitList } from "../report/list-text.ts";
import { parseDuration } from "../specs/duration.ts";

/** Which reports by age: `fresh` is within the window, `silent` past it, `all` both. */
export const STATES = ["fresh", "silent", "all"] as const;

export interface Query {
  /** How old a fresh report may be; ms. */
  readonly windowMs: number;
  readonly state: (typeof STATES)[number];
  /** All must match. */
  readonly filters: readonly Filter[];
  /** Arrays of which one and the same element must meet all filters on what is in it. */
  readonly same: readonly FieldPath[];
  /** Undefined keeps every field. */
  readonly fields: readonly Name[] | undefined;
  /**
   * Whether each report gets `rollcall.reader`: when it was received, its state, its clock's skew.
   */
  readonly meta: boolean;
  /** Whether a name that nobody knows is told in a warning, where it else is an error. */
  readonly lenient: boolean;
}

/** A parameter that cannot be understood: its name, and what to write instead. */
export class QueryError extends Error {
  override name = "QueryError";
  readonly parameter: string;
  constructor(parameter: string, detail: string) {
    super(`${parameter}: ${detail}`);
    this.parameter = parameter;
  }
}

/** Most parameters of a question, most fields of `fields`, and arrays of `same`. */
export const MAX_PARAMETERS = 64;
const MAX_SHOWN_FIELDS = 64;
const MAX_SAME_ARRAYS = 8;

/**
 * Reads a question.
 *
 * @param parameters names and values as the URL gives them, decoded; a name may come more than once
 * @param defaultWindowMs the window where the question names none; ms
 * @throws QueryError
 */
export function parseQuery(
  parameters: Iterable<readonly [string, string]>,
  defaultWindowMs: number = DEFAULT_WINDOW_MS,
): Query {
  const reserved = new Map<string, string>();
  const values = new Map<string, string[]>();
  let count = 0;
  for (const [name, value] of parameters) {
    if (++count > MAX_PARAMETERS)
      throw new QueryError(name.slice(0, 64), `more than ${MAX_PARAMETERS} parameters`);
    if (isReserved(name)) {
      if (!(PARAMETERS as readonly string[]).includes(name))
        throw new QueryError(
          name,
          `is no parameter here; a field of this name is asked for as field.${name}`,
        );
      if (reserved.has(name)) throw new QueryError(name, "given twice");
      reserved.set(name, value);
    } else {
      values.set(name, [...(values.get(name) ?? []), value]);
    }
  }
  const filters = [...values].map(([name, own]) => readGivenFilter(name, own));
  // Whoever waits for the view goes by it; here it is only right or wrong.
  readPartial(reserved.get("partial"));
  return {
    windowMs: readWindow(reserved.get("within"), defaultWindowMs),
    state: readState(reserved.get("state")),
    filters,
    same: readSame(reserved.get("same"), filters),
    fields: readFields(reserved.get("fields")),
    meta: readFlag("meta", reserved.get("meta")),
    lenient: readFlag("lenient", reserved.get("lenient")),
  };
}

/**
 * What this reader takes of the reserved names; those of some questions alone are read before it.
 */
const PARAMETERS = ["within", "state", "fields", "meta", "partial", "same", "lenient"] as const;

/**
 * Reads a span such as `90s`, `30m`, `2h`, `1d`, as `within` takes it.
 *
 * @returns ms; or what should be written, where it is no span or zero; or what is to be said of one
 *   that is longer than the day after which reports expire
 */
export function readSpan(
  text: string,
): { readonly ms: number } | { readonly form: string } | { readonly excess: string } {
  const ms = parseDuration(text, Number.POSITIVE_INFINITY);
  if (ms !== undefined && ms > EXPIRY_MS)
    return { excess: `reports expire after ${EXPIRY_MS / 3_600_000} hours; ask for at most "24h"` };
  return ms === undefined || ms === 0 ? { form: 'a span of time such as "30m", "2h" or "1d"' } : { ms };
}

/**
 * Reads a span, as readSpan does.
 *
 * @param name what the message of an error begins with
 * @returns ms
 * @throws QueryError
 */
export function parseSpan(text: string, name: string): number {
  const span = readSpan(text);
  if ("ms" in span) return span.ms;
  throw new QueryError(name, "form" in span ? `should be ${span.form}` : span.excess);
}

function readWindow(text: string | undefined, defaultWindowMs: number): number {
  return text === undefined ? defaultWindowMs : parseSpan(text, "within");
}

function readState(text = "fresh"): Query["state"] {
  const state = STATES.find((known) => known === text);
  if (!state) throw new QueryError("state", `should be one of ${STATES.join(", ")}`);
  return state;
}

/**
 * Whether an answer with some reports missing is better than none, where the store cannot be read
 * completely. @throws QueryError
 */
export function readPartial(value: string | undefined): boolean {
  if (value === undefined) return false;
  if (value !== "ok") throw new QueryError("partial", 'should be "ok", or be left out');
  return true;
}

function readFlag(name: string, text = "false"): boolean {
  if (text !== "true" && text !== "false") throw new QueryError(name, "should be true or false");
  return text === "true";
}

function readFields(text: string | undefined): readonly Name[] | undefined {
  if (text === undefined) return undefined;
  return readNames("fields", text, MAX_SHOWN_FIELDS);
}

/** Reads names split by commas. @throws QueryError */
function readNames(parameter: string, text: string, max: number): Name[] {
  const items = splitList(text);
  // Nothing at all is no field either.
  const texts = items.length === 0 ? [""] : items;
  if (texts.length > max) throw new QueryError(parameter, `names more than ${max} fields`);
  return texts.map((one) => {
    const name = parseName(one);
    if (!name)
      throw new QueryError(
        parameter,
        `${JSON.stringify(one.slice(0, 64))} is no field; write names split by ` +
          "commas: instance_id,processes.module_A_filename",
      );
    return name;
  });
}

function readSame(text: string | undefined, filters: readonly Filter[]): readonly FieldPath[] {
  if (text === undefined) return [];
  const names = readNames("same", text, MAX_SAME_ARRAYS);
  for (const [index, { path, scope, text: name }] of names.entries()) {
    if (scope === "label") throw new QueryError("same", `${name} is a label; write the name of an array`);
    const other = names.find((one, at) => at !== index && isWithin(one.path, path));
    if (other) throw new QueryError("same", `${other.text} lies within ${name}; write one of the two`);
    if (!filters.some((filter) => filter.scope !== "label" && isWithin(filter.path, path)))
      throw new QueryError(
        "same",
        `there is no filter on what is in ${name}; write some beside it, as in ` +
          `same=processes&processes.module_A_filename=A_red_*&processes.state=running`,
      );
  }
  return names.map(({ path }) => path);
}

function readGivenFilter(field: string, values: readonly string[]): Filter {
  try {
    return readFilter(field, values);
  } catch (error) {
    if (error instanceof ConditionError) throw new QueryError(field.slice(0, 64), error.message);
    throw error;
  }
}
