// The sources of a question at an instant of the past: all that answers are made of is that of
// then.
import type { History } from "../history/history.ts";
import type { Recorded, RecordedFacts } from "../history/recorded.ts";
import { createFieldReader } from "./field-values.ts";
import { compileLabels, type Labels } from "./labels.ts";
import type { Past } from "./past.ts";
import type { QuestionSources } from "./question.ts";

/** Rules that are remembered, since they take long to compile; they seldom change. */
const MAX_REMEMBERED_RULES = 8;

/** Opens the past; it keeps what was read of fields as long as the past reports are kept. */
export function createPast(history: History): Past {
  const compiled = new Map<string, Labels>();
  return {
    history,
    reader: createFieldReader(),
    compileLabels(rules) {
      const key = JSON.stringify(rules);
      const labels = compiled.get(key) ?? compileLabels(rules);
      if (compiled.size >= MAX_REMEMBERED_RULES) compiled.clear();
      compiled.set(key, labels);
      return labels;
    },
  };
}

/** Makes the sources of then. @param now those of now: how who asks is waited for stays */
export function makePastSources(
  { view, facts, at }: Recorded,
  { reader, compileLabels: compile }: Pick<Past, "reader" | "compileLabels">,
  now: QuestionSources,
): QuestionSources {
  return {
    ...now,
    viewAt: async () => view,
    viewHost: async () => view,
    labels: compile(facts.labels),
    reader,
    readExpected: async () => toExpected(facts.expected),
    clones: { list: () => facts.clones },
    bounds: { list: () => facts.bounds },
    clock: () => at,
  };
}

function toExpected({ hosts, mistake }: RecordedFacts["expected"]) {
  return { ...(hosts && { expected: new Set(hosts) }), ...(mistake !== undefined && { mistake }) };
}
