// Reports as they lie in an answer, so that their numbers keep the digits that the hosts wrote:
// 1.10 is not 1.1.
import type { ReaderFacts } from "../../questions/array.ts";
import { type JsonSpan, walkChildren } from "../../report/json-walk.ts";

export interface ReportRow {
  readonly answer: Buffer;
  readonly span: JsonSpan;
  readonly members: ReadonlyMap<string, JsonSpan>;
  readonly facts: ReaderFacts;
}

/** Reads the rows of an answer with `meta=true`. @throws SyntaxError if it is not JSON */
export function readReportRows(answer: Buffer): ReportRow[] {
  // The walk takes the bytes for JSON that somebody has checked.
  const parsed = JSON.parse(answer.toString("utf8")) as ReadonlyArray<{
    readonly rollcall: { readonly reader: ReaderFacts };
  }>;
  const spans: JsonSpan[] = [];
  walkChildren(answer, answer.indexOf("["), (_, span) => void spans.push(span));
  return spans.map((span, at) => {
    const members = new Map<string, JsonSpan>();
    walkChildren(answer, span.start, (key = "", member) => void members.set(key, member));
    return { answer, span, members, facts: parsed[at]?.rollcall.reader as ReaderFacts };
  });
}
