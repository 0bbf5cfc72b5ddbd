// The test of values that a filter asks for, given as texts: the same for the server, which reads
// them from stored bytes, and a page, which has them in columns.
import { normalizeText } from "../report/normal-text.ts";
import { parseRequirement, type Requirement } from "./condition.ts";
import { compileComparison } from "./value-order.ts";
import { compileWildcard } from "./wildcard.ts";

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
