// Filters: which reports have a field with a value, read straight from the stored bytes.
import { decodeString, type JsonSpan, normalizeText, walkChildren } from "../report/json-walk.ts";
import { compileWildcard } from "../specs/wildcard.ts";
import type { FieldPath } from "./path.ts";

/** A field and the values asked for: any one of them will do. */
export interface Filter {
  readonly field: string;
  readonly path: FieldPath;
  /** Patterns with `*`; one that is just `*` asks only that the field is there. */
  readonly values: readonly string[];
}

/** What a filter found in one report. */
export type FilterOutcome = "match" | "no match" | "no field";

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const QUOTE = 0x22;

/**
 * Makes a test of reports, each given as a stretch of bytes. A value is compared as text: a string
 * as it is, a number as the host wrote it, `true`, `false`, `null`; names and texts that look the
 * same are the same (normalizeText). Where the path meets arrays, one element that matches is
 * enough; an array of values matches by any of them.
 */
export function compileFilter({
  path,
  values,
}: Filter): (bytes: Buffer, start: number, end: number) => FilterOutcome {
  const tests = values.map((value) => compileWildcard(normalizeText(value)));
  const steps = path.map(normalizeText);
  const anyValue = values.includes("*");

  return (report, start, end) => {
    let outcome: FilterOutcome = "no field";
    visit(report, { start, end }, 0);
    return outcome;

    /** Returns true once the answer is known. */
    function visit(bytes: Buffer, span: JsonSpan, step: number): boolean {
      const byte = bytes[span.start];
      if (byte === OPEN_BRACKET) {
        if (step === steps.length) judge(anyValue);
        walkChildren(bytes, span.start, (_key, child) => visit(bytes, child, step));
      } else if (step === steps.length) {
        judge(anyValue || (byte !== OPEN_BRACE && testScalar(bytes, span)));
      } else if (byte === OPEN_BRACE) {
        walkChildren(
          bytes,
          span.start,
          (key = "", child) => normalizeText(key) === steps[step] && visit(bytes, child, step + 1),
        );
      }
      return outcome === "match";
    }

    function judge(isMatch: boolean): void {
      if (isMatch) outcome = "match";
      else if (outcome === "no field") outcome = "no match";
    }
  };

  function testScalar(bytes: Buffer, span: JsonSpan): boolean {
    const text =
      bytes[span.start] === QUOTE
        ? normalizeText(decodeString(bytes, span))
        : bytes.toString("latin1", span.start, span.end);
    return tests.some((test) => test(text));
  }
}
