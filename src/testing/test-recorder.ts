// For tests: the recorder itself over a store, with names and the label env of its hosts.
import type { RecordedFacts } from "../history/recorded.ts";
import { createRecorder, type Recorder } from "../history/recorder.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import type { Clock } from "../report/clock.ts";
import type { Roll } from "../roll/roll.ts";
import { SHARED_YIELDER } from "../roll/yielder.ts";
import type { Store } from "../store/store.ts";

export interface TestRecorderOptions {
  readonly store: Store;
  readonly roll: Roll;
  readonly clock: Clock;
  readonly facts?: Partial<RecordedFacts>;
}

/** Makes a recorder that looks once a minute, of reports whose update_date is noise. */
export function makeTestRecorder({ store, roll, clock, facts }: TestRecorderOptions): Recorder {
  return createRecorder({
    store,
    clock,
    view: () => roll.view(),
    facts: async () => ({ labels: BUILT_IN_RULES, expected: {}, clones: [], bounds: [], ...facts }),
    describeHost({ body }) {
      const { instance_name: name } = JSON.parse(body.toString()) as { readonly instance_name?: string };
      return { instanceName: name ?? null, labels: { env: name?.split("_")[0] ?? "" } };
    },
    noise: ["update_date"],
    everyMs: 60_000,
    yielder: SHARED_YIELDER,
  });
}
