// For tests: a store in memory with a roll over it, a recorder, and the history of it.
import { createHistory } from "../history/history.ts";
import { BUILT_IN_NOISE } from "../history/noise.ts";
import { NO_FACTS, type RecordedFacts } from "../history/recorded.ts";
import { createRecorder, type RecorderOptions } from "../history/recorder.ts";
import { writeReports } from "../questions/array.ts";
import { parseQuery } from "../questions/query.ts";
import { selectReports } from "../questions/selection.ts";
import { createRoll } from "../roll/roll.ts";
import type { RollView } from "../roll/view.ts";
import { createYielder } from "../roll/yielder.ts";
import type { Store } from "../store/store.ts";
import { makeStoreDouble } from "./store-double.ts";
import { makeSources } from "./view-double.ts";

export const MINUTE = 60_000;

/** Makes the lab; its clock stands until it is told to go on. */
export function makeHistoryLab() {
  const double = makeStoreDouble();
  const { store, clock } = double;
  const roll = createRoll({ store, clock, maxAgeMs: 0 });
  const lab = {
    ...double,
    roll,
    facts: NO_FACTS as RecordedFacts,
    /** Makes another writer on the same store. */
    addRecorder: (more: Partial<RecorderOptions> = {}) =>
      createRecorder({
        store,
        view: () => roll.view(),
        facts: async () => lab.facts,
        describeHost: () => ({ instanceName: null, labels: {} }),
        noise: BUILT_IN_NOISE,
        everyMs: MINUTE,
        clock,
        yielder: createYielder(),
        ...more,
      }),
    history: (over: Store = store) => createHistory({ store: over, clock }),
    /** All keys below history/. */
    async listHistory(): Promise<string[]> {
      const keys: string[] = [];
      for await (const page of store.list("history/")) keys.push(...page.map(({ key }) => key));
      return keys;
    },
    putReport: (id: string, more: object = {}) =>
      double.put(`reports/v1/local/${id}.json`, double.report(id, more)),
  };
  return lab;
}

/**
 * The array that is answered of a view, with all that the reader adds; noise is the same in all.
 */
export async function writeArray(view: RollView): Promise<string> {
  const query = parseQuery([["meta", "true"]]);
  const selection = await selectReports(view, query, makeSources());
  const text = Buffer.concat([...writeReports(selection, query, "json", view.asOf)]).toString();
  return text
    .replace(/"update_date":"[^"]*"/g, '"update_date":"noise"')
    .replace(/"duration_ms":[0-9.e-]+/g, '"duration_ms":"noise"');
}

/** Of all that stands in a span. */
export async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
