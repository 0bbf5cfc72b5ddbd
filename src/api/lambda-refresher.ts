// The function that AWS Lambda runs each minute: it keeps the snapshot.
import { log, once, openRoll } from "./lambda-function.ts";

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
  return done;
}
