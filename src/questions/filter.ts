// Filters: which reports have a field with a value, read straight from the stored bytes.
import { OPEN_BRACE, OPEN_BRACKET, QUOTE } from "../report/ascii.ts";
import { decodeString, type JsonSpan, normalizeText, walkChildren } from "../report/json-walk.ts";
import { compileWildcard } from "../specs/wildcard.ts";
import { type Name, parseRequirement, type Requirement } from "./condition.ts";
import type { FieldPath } from "./path.ts";
import { compileComparison } from "./value-order.ts";

/** A name and what its values must be. */
export interface Filter {
  /** As it was written, without a dot in front. */
  readonly field: string;
  readonly scope: Name["scope"];
  readonly path: FieldPath;
  /** As they were written: parseRequirement reads each. */
  readonly values: readonly string[];
}

/** A test of the values of one name, given one by one. */
export interface ValueTest {
  /** Whether the filter asks that some value is there; `not:` alone does not. */
  readonly needsValue: boolean;
  /** Whether any value does that is there, objects and arrays too: `*` alone. */
  readonly takesAll: boolean;
  /** Whether one of the values may be such that nothing matches: `not:`. */
  readonly canReject: boolean;
  /** `not:*`: what has the name at all is rejected, objects and arrays too. */
  readonly rejectsAll: boolean;
  /** Whether this value does: one of the patterns, and within all comparisons. */
  accepts(value: string): boolean;
  /** Whether this value alone excludes its report. */
  rejects(value: string): boolean;
}

/** Values of which the outcome of a comparison is remembered, since splitting one takes long. */
const MAX_REMEMBERED_OUTCOMES = 10_000;

/**
 * Makes a test of values. Patterns are alternatives. Comparisons must all hold, for one and the
 * same value: `ge:1.2` and `lt:2` are a range. `not:` must hold for every value, and holds where
 * there is none.
 */
export function compileValues(values: readonly string[]): ValueTest {
  const requirements = values.map(parseRequirement);
  const patterns = (operator: Requirement["operator"]) =>
    requirements.flatMap(({ operator: own, operand }) => (own === operator ? [operand] : []));
  const tests = patterns("eq").map((operand) => compileWildcard(normalizeText(operand)));
  const excluded = patterns("not").map((operand) => compileWildcard(normalizeText(operand)));
  const comparisons = requirements.flatMap(({ operator, operand }) =>
    operator === "eq" || operator === "not" ? [] : [compileComparison(operator, normalizeText(operand))],
  );
  const compares = remember((value) => comparisons.every((test) => test?.(value)));
  return {
    needsValue: tests.length + comparisons.length > 0,
    takesAll: comparisons.length === 0 && patterns("eq").includes("*"),
    canReject: excluded.length > 0,
    rejectsAll: patterns("not").includes("*"),
    accepts: (value) =>
      (tests.length === 0 || tests.some((test) => test(value))) &&
      (comparisons.length === 0 || compares(value)),
    rejects: (value) => excluded.some((test) => test(value)),
  };
}

/** Longer texts are no versions, and would be much to hold; characters. */
const MAX_REMEMBERED_LENGTH = 512;

function remember(test: (value: string) => boolean): (value: string) => boolean {
  const known = new Map<string, boolean>();
  return (value) => {
    if (value.length > MAX_REMEMBERED_LENGTH) return test(value);
    const before = known.get(value);
    if (before !== undefined) return before;
    const outcome = test(value);
    if (known.size === MAX_REMEMBERED_OUTCOMES) known.clear();
    known.set(value, outcome);
    return outcome;
  };
}

/** What a filter found in one report. */
export interface FilterTest {
  /** Looks at a report, given as a stretch of bytes. @returns whether the filter matches */
  matches(bytes: Buffer, start: number, end: number): boolean;
  /** By the path's place among those given, whether the last report that was looked at has it. */
  readonly seen: readonly boolean[];
}

/**
 * Makes a test of reports. A value is compared as text: a string as it is, a number as the host
 * wrote it, `true`, `false`, `null`; names and texts that look the same are the same
 * (normalizeText). Where the path meets arrays, one element that matches is enough; an array of
 * values matches by any of them.
 */
export function compileFilter({ path, values }: Pick<Filter, "path" | "values">): FilterTest {
  const steps = path.map(normalizeText);
  const search = createSearch(steps, compileValues(values));
  const seen = [false];
  return {
    seen,
    matches(bytes, start, end) {
      const isMatch = search.look(bytes, { start, end });
      seen[0] = search.isSeen();
      return isMatch;
    },
  };
}

/**
 * Makes a test of reports of several filters on one array: all match in one and the same element.
 *
 * @param array the path to the array, which the filters' paths begin with
 */
export function compileSameElement(
  array: FieldPath,
  filters: readonly Pick<Filter, "path" | "values">[],
): FilterTest {
  const steps = array.map(normalizeText);
  const searches = filters.map(({ path, values }) =>
    createSearch(path.slice(array.length).map(normalizeText), compileValues(values)),
  );
  const seen = filters.map(() => false);
  let bytes: Buffer = EMPTY;

  function visit(span: JsonSpan, step: number): boolean {
    const byte = bytes[span.start];
    let isFound = false;
    if (byte === OPEN_BRACKET)
      walkChildren(bytes, span.start, (_key, child) => {
        isFound = visit(child, step);
        return isFound;
      });
    else if (step === steps.length) isFound = lookAtElement(span);
    else if (byte === OPEN_BRACE)
      walkChildren(bytes, span.start, (key = "", child) => {
        if (normalizeText(key) !== steps[step]) return false;
        isFound = visit(child, step + 1);
        return true;
      });
    return isFound;
  }

  function lookAtElement(span: JsonSpan): boolean {
    let isMatch = true;
    for (const [index, search] of searches.entries()) {
      isMatch = search.look(bytes, span) && isMatch;
      seen[index] ||= search.isSeen();
    }
    return isMatch;
  }

  return {
    seen,
    matches(report, start, end) {
      bytes = report;
      seen.fill(false);
      return visit({ start, end }, 0);
    },
  };
}

const EMPTY = Buffer.alloc(0);

/** Looks for values below a span, and judges them. */
function createSearch(steps: readonly string[], test: ValueTest) {
  let bytes: Buffer = EMPTY;
  let [isSeen, isAccepted, isRejected] = [false, false, false];

  /** Returns true once the answer is known. */
  function visit(span: JsonSpan, step: number): boolean {
    const byte = bytes[span.start];
    if (byte === OPEN_BRACKET) {
      if (step === steps.length) judge(undefined);
      walkChildren(bytes, span.start, (_key, child) => visit(child, step));
    } else if (step === steps.length) {
      judge(byte === OPEN_BRACE ? undefined : readScalar(bytes, span));
    } else if (byte === OPEN_BRACE) {
      walkChildren(
        bytes,
        span.start,
        (key = "", child) => normalizeText(key) === steps[step] && visit(child, step + 1),
      );
    }
    return isRejected || (isAccepted && !test.canReject);
  }

  /** @param value undefined for an object or array, which has no text */
  function judge(value: string | undefined): void {
    isSeen = true;
    isAccepted ||= test.takesAll || (value !== undefined && test.accepts(value));
    isRejected ||= test.rejectsAll || (value !== undefined && test.canReject && test.rejects(value));
  }

  return {
    isSeen: () => isSeen,
    look(from: Buffer, span: JsonSpan): boolean {
      bytes = from;
      [isSeen, isAccepted, isRejected] = [false, false, false];
      visit(span, 0);
      return !isRejected && (isAccepted || !test.needsValue);
    },
  };
}

function readScalar(bytes: Buffer, span: JsonSpan): string {
  return bytes[span.start] === QUOTE
    ? normalizeText(decodeString(bytes, span))
    : bytes.toString("latin1", span.start, span.end);
}

/** Whether a filter asks only whether its name is there at all. */
export function isPresenceTest(values: readonly string[]): boolean {
  return values.every((value) => ["*", "eq:*", "not:*"].includes(value));
}

/** Whether one filter's array holds another's path. */
export function isWithin(path: FieldPath, array: FieldPath): boolean {
  return array.length <= path.length && array.every((step, at) => step === path[at]);
}

/** Reads the values of a filter, so that a mistake in one is told. @throws ConditionError */
export function checkValues(values: readonly string[]): void {
  for (const value of values) parseRequirement(value);
}
