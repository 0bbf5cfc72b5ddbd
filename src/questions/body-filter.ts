// Filters: which reports have a field with a value, read straight from the stored bytes.

import type { Filter } from "../grammar/filter.ts";
import type { FieldPath } from "../grammar/path.ts";
import { compileValues, type ValueTest } from "../grammar/value-test.ts";
import { OPEN_BRACE, OPEN_BRACKET, QUOTE } from "../report/ascii.ts";
import { decodeString, type JsonSpan, walkChildren } from "../report/json-walk.ts";
import { normalizeText } from "../report/normal-text.ts";

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
