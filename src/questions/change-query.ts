// The question about changes: since when and until when, of which hosts, fields and kinds; filters
// as everywhere. Pure.

import { compileWildcard } from "../grammar/wildcard.ts";
import { CHANGE_KINDS, type ChangeKind } from "../history/change.ts";
import { splitList } from "../report/list-text.ts";
import { normalizeText } from "../report/normal-text.ts";
import { DURATION_PATTERN, parseDuration } from "../specs/duration.ts";
import { readInstant, refuseFuture } from "./past.ts";
import { parseQuery, type Query, QueryError } from "./query.ts";
import type { ParameterValues } from "./question.ts";

/**
 * Where reading goes on: behind the entry of an instant, and behind some changes of the next one.
 */
export interface Place {
  /** ms since the epoch. */
  readonly at: number;
  readonly skip: number;
}

export interface ChangeQuery {
  readonly since: Place;
  /** ms since the epoch. */
  readonly until: number;
  readonly each: boolean;
  /** Most rows of the answer. */
  readonly limit: number;
  /** Whether a change is asked for, as far as itself says it. */
  readonly kinds: ReadonlySet<ChangeKind>;
  readonly isHost: (host: string, instanceName: string | null) => boolean;
  readonly isField: (field: string) => boolean;
  /** Filters, and the window after which a host is silent. */
  readonly reports: Query;
}

/** What is asked of where nothing else is said; ms. */
const DEFAULT_SPAN_MS = 24 * 3_600_000;

/** The furthest that a span reaches back; ms. */
const MAX_SPAN_MS = 3 * 366 * 86_400_000;

/** Patterns of one parameter. */
const MAX_PATTERNS = 32;

const CURSOR = /^c(\d{1,15})(?:\.(\d{1,9}))?$/;

/** What `since` takes, as a pattern of JSON Schema: for the form alone. */
export const SINCE_PATTERN = `^(c[0-9.]+|${DURATION_PATTERN.source.slice(1, -1)}|[0-9]{4}-.+)$`;

/** Most rows of one answer. */
export const MAX_CHANGE_ROWS = 10_000;

/** Writes a cursor. */
export function formatCursor({ at, skip }: Place): string {
  return skip === 0 ? `c${at}` : `c${at}.${skip}`;
}

/**
 * Reads since when: a cursor, a span back from now, or an instant.
 *
 * @throws QueryError
 */
export function readSince(text: string, now: number): Place {
  const [, at, skip = "0"] = CURSOR.exec(text) ?? [];
  if (at !== undefined) return { at: Number(at), skip: Number(skip) };
  if (DURATION_PATTERN.test(text)) {
    const span = parseDuration(text, MAX_SPAN_MS);
    if (span === undefined) throw new QueryError("since", `at most ${MAX_SPAN_MS / 86_400_000}d back`);
    return { at: now - span, skip: 0 };
  }
  const since = readInstant("since", text);
  refuseFuture("since", since, now);
  return { at: since, skip: 0 };
}

/** Reads until when: a span back from now, or an instant. @throws QueryError */
export function readUntil(text: string | undefined, now: number): number {
  if (text === undefined) return now;
  if (DURATION_PATTERN.test(text)) return now - (parseDuration(text, MAX_SPAN_MS) ?? 0);
  return readInstant("until", text);
}

/**
 * Reads the question.
 *
 * @param now ms since the epoch
 * @throws QueryError
 */
export function parseChangeQuery(parameters: ParameterValues, windowMs: number, now: number): ChangeQuery {
  const named = (wanted: string) => parameters.flatMap(([name, value]) => (name === wanted ? [value] : []));
  const reports = parseQuery(
    parameters.filter(([name]) => !OWN_PARAMETERS.includes(name)),
    windowMs,
  );
  for (const name of ["state", "fields", "meta"])
    if (parameters.some(([given]) => given === name)) throw new QueryError(name, "has no meaning here");
  const until = readUntil(named("until")[0], now);
  const [since] = named("since");
  const from = since === undefined ? { at: until - DEFAULT_SPAN_MS, skip: 0 } : readSince(since, now);
  if (from.at > until && since !== undefined && !CURSOR.test(since))
    throw new QueryError("since", "lies behind until");
  return {
    since: from,
    until,
    each: readFlag(named("each")[0]),
    limit: readLimit(named("limit")[0]),
    kinds: readKinds(named("kind")),
    ...readPatterns(named("host"), named("field")),
    reports,
  };
}

const OWN_PARAMETERS: readonly string[] = ["since", "until", "host", "field", "kind", "each", "limit"];

/** A field without the places of array elements: `processes.module_A_filename`. */
export function generalizeField(field: string): string {
  return field.includes(".") ? field.replace(/\.\d+(?=\.|$)/g, "") : field;
}

/** Reads which hosts and fields are asked for. @throws QueryError */
export function readPatterns(
  hostTexts: readonly string[],
  fieldTexts: readonly string[],
): Pick<ChangeQuery, "isHost" | "isField"> {
  const hosts = compilePatterns("host", hostTexts);
  const fields = compilePatterns("field", fieldTexts);
  return {
    isHost: (host, name) =>
      hosts.length === 0 || hosts.some((test) => test(host) || (name !== null && test(name))),
    isField: (field) =>
      fields.length === 0 || fields.some((test) => test(field) || test(generalizeField(field))),
  };
}

function compilePatterns(parameter: string, texts: readonly string[]): ((text: string) => boolean)[] {
  const patterns = texts.flatMap((text) => splitList(text));
  if (texts.length > 0 && patterns.length === 0) throw new QueryError(parameter, "is empty");
  if (patterns.length > MAX_PATTERNS) throw new QueryError(parameter, `names more than ${MAX_PATTERNS}`);
  return patterns.map((pattern) => compileWildcard(normalizeText(pattern)));
}

function readKinds(texts: readonly string[]): ReadonlySet<ChangeKind> {
  if (texts.length === 0) return new Set(CHANGE_KINDS);
  return new Set(
    texts
      .flatMap((text) => splitList(text))
      .map((text) => {
        const kind = CHANGE_KINDS.find((known) => known === text);
        if (!kind) throw new QueryError("kind", `should be of ${CHANGE_KINDS.join(", ")}`);
        return kind;
      }),
  );
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return MAX_CHANGE_ROWS;
  const limit = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_CHANGE_ROWS)
    throw new QueryError("limit", `should be a number from 1 to ${MAX_CHANGE_ROWS}`);
  return limit;
}

function readFlag(text = "false"): boolean {
  if (text !== "true" && text !== "false") throw new QueryError("each", "should be true or false");
  return text === "true";
}
