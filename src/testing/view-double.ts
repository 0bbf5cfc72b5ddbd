// A view of reports made in memory, for tests.

import { createFieldReader } from "../questions/field-values.ts";
import type { Sources } from "../questions/groups.ts";
import { BUILT_IN_RULES, type LabelRule } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import type { QuestionSources } from "../questions/question.ts";
import { DEFAULT_WINDOW_MS } from "../report/limits.ts";
import { isRejected, parseReport } from "../report/report.ts";
import { createSegmentBuilder } from "../roll/segment.ts";
import { createTableBuilder } from "../roll/table.ts";
import type { RollView } from "../roll/view.ts";
import { SHARED_YIELDER } from "../roll/yielder.ts";

/** One report of a view. */
export interface Given {
  readonly id: string;
  readonly ageMs: number;
  readonly body: string;
  readonly etag?: string;
}

/** When the views are of. */
export const NOW = Date.UTC(2024, 2, 1, 0, 0, 30);

/** Makes what questions are answered with. */
export function makeSources(rules: readonly LabelRule[] = BUILT_IN_RULES): Sources {
  return { labels: compileLabels(rules), reader: createFieldReader() };
}

/** Makes what every question can be asked of. */
export function makeQuestionSources(view: RollView, more: Partial<QuestionSources> = {}): QuestionSources {
  return {
    ...makeSources(),
    viewAt: async () => view,
    viewHost: async () => view,
    windowMs: DEFAULT_WINDOW_MS,
    readExpected: async () => ({}),
    clones: { list: () => [] },
    clock: () => view.asOf,
    yielder: SHARED_YIELDER,
    ...more,
  };
}

/** Makes a view of reports, every other one in a segment of its own. */
export function makeView(reports: readonly Given[], more: Partial<RollView> = {}): RollView {
  const builders = [createSegmentBuilder(), createSegmentBuilder()];
  const rows = createTableBuilder(reports.length);
  for (const [at, { id, ageMs, body, etag = id }] of reports.entries()) {
    const report = parseReport(Buffer.from(body), id);
    if (isRejected(report)) throw new Error(report.detail);
    const row = builders[at % 2]?.add(`reports/v1/local/${id}.json`, etag, report) ?? 0;
    rows.push(at % 2, row, NOW - ageMs);
  }
  const table = rows.build(builders.map(({ build }) => build()));
  return { asOf: NOW, version: 1, reports: table, problems: [], problemCount: 0, departed: [], ...more };
}
