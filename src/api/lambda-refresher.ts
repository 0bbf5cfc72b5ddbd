// The function that AWS Lambda runs each minute: it keeps the snapshot, and counts the roll for the
// alarms.
import { countAccounts } from "../questions/account-counts.ts";
import { DEFAULT_WINDOW_MS } from "../report/limits.ts";
import type { RollView } from "../roll/view.ts";
import { clock, log, once, openRoll, readDuration } from "./lambda-function.ts";
import { writeRollMetrics } from "./roll-metrics.ts";

const refresher = once((stores) => {
  const troubles: unknown[] = [];
  return {
    troubles,
    roll: openRoll(stores, "keep", (notice, cause) => {
      // What has no cause is no failure: a clock that is off, a store where no snapshot is kept.
      if (cause === undefined) log.warn(notice);
      else troubles.push(new Error(notice, { cause }));
    }),
  };
});

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
  const { roll, troubles } = await refresher();
  troubles.length = 0;
  const view = await roll.view();
  await roll.settle();
  if (troubles.length > 0) throw troubles[0];
  const done = {
    as_of: new Date(view.asOf).toISOString(),
    reports: view.reports.rowOf.length,
    problems: view.problemCount,
  };
  log.info(done, "refreshed");
  logMetrics(view);
  return done;
}
