// The function that AWS Lambda runs each minute: it keeps the snapshot, records history, and counts
// the roll for the alarms.
import { keepDays } from "../history/keep-days.ts";
import { createRecorder, type Recorder } from "../history/recorder.ts";
import { countAccounts } from "../questions/account-counts.ts";
import { compileBuiltInLabels } from "../questions/given-labels.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { prepareRecording } from "../questions/recording.ts";
import { DEFAULT_WINDOW_MS } from "../report/limits.ts";
import { splitList } from "../report/list-text.ts";
import type { RollView } from "../roll/view.ts";
import { SHARED_YIELDER } from "../roll/yielder.ts";
import type { Store } from "../store/store.ts";
import { clock, log, once, openRoll, readDuration } from "./lambda-function.ts";
import { writeRollMetrics } from "./roll-metrics.ts";

const refresher = once((stores) => {
  const troubles: unknown[] = [];
  /** The view that was just refreshed, which is what is recorded. */
  const seen: { view?: RollView } = {};
  const roll = openRoll(stores, "keep", (notice, cause) => {
    // What has no cause is no failure: a clock that is off, a store where no snapshot is kept.
    if (cause === undefined) log.warn(notice);
    else troubles.push(new Error(notice, { cause }));
  });
  const recorder = openRecorder(stores.store, async () => seen.view ?? (await roll.view()));
  return { troubles, seen, recorder, roll };
});

/** The refresher comes once a minute. */
const EVERY_MS = 60_000;

/** @returns undefined where history is off */
function openRecorder(store: Store, view: () => Promise<RollView>): Recorder | undefined {
  if (process.env.ROLLCALL_HISTORY_EVERY === "off") return undefined;
  // The labels that answers on AWS have: no configuration file is there.
  const sources = prepareRecording({
    labelRules: BUILT_IN_RULES,
    labels: compileBuiltInLabels(),
    ignore: splitList(process.env.ROLLCALL_HISTORY_IGNORE),
  });
  const recorder = createRecorder({
    ...sources,
    store,
    view,
    everyMs: EVERY_MS,
    clock,
    yielder: SHARED_YIELDER.of("history"),
  });
  const onNotice = (notice: string, err?: unknown) => log.warn({ err }, notice);
  return keepDays(recorder, { store, describeHost: sources.describeHost, onNotice });
}

/** No answer depends on it, so that a failure is told and is none of the refresh. */
async function record(recorder: Recorder): Promise<void> {
  try {
    const outcome = await recorder.record();
    if (outcome.kind === "not_recorded") log.warn(outcome, "history is not recorded");
    else log.info(outcome, "history");
  } catch (err) {
    log.error({ err }, "history is not recorded; the next refresh tries again");
  }
}

/**
 * Writes the roll's counts where CloudWatch takes them from. Of a roll that could not be read whole
 * they cannot be told.
 */
function logMetrics(view: RollView): void {
  const stack = process.env.ROLLCALL_METRICS_STACK;
  if (stack === undefined || stack === "" || view.partial) return;
  const accountMetrics = Number(process.env.ROLLCALL_ACCOUNT_METRICS ?? "0");
  const counts = countAccounts(view, readDuration("ROLLCALL_WITHIN", DEFAULT_WINDOW_MS));
  // Not through the log, whose level and members are its own: a line must be the document alone.
  for (const line of writeRollMetrics(counts, { stack, asOf: view.asOf, now: clock(), accountMetrics }))
    process.stdout.write(`${line}\n`);
}

/**
 * Brings the snapshot up to date. @throws whatever kept it from doing so, so that the function
 * counts as failed
 */
export async function refresh(): Promise<{
  readonly as_of: string;
  readonly reports: number;
  readonly problems: number;
}> {
  const { roll, troubles, recorder, seen } = await refresher();
  troubles.length = 0;
  const view = await roll.view();
  seen.view = view;
  await roll.settle();
  if (troubles.length > 0) throw troubles[0];
  const done = {
    as_of: new Date(view.asOf).toISOString(),
    reports: view.reports.rowOf.length,
    problems: view.problemCount,
  };
  log.info(done, "refreshed");
  logMetrics(view);
  if (recorder) await record(recorder);
  return done;
}
