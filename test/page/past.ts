// A past for the tests of the page: reports as they were at some hours, recorded by the recorder
// itself into the server's folder.
import { rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { BUILT_IN_NOISE } from "../../src/history/noise.ts";
import { NO_FACTS } from "../../src/history/recorded.ts";
import { createRecorder } from "../../src/history/recorder.ts";
import { BUILT_IN_RULES } from "../../src/questions/label-rule.ts";
import { createRoll } from "../../src/roll/roll.ts";
import { createYielder } from "../../src/roll/yielder.ts";
import { fileStore } from "../../src/store/file.ts";
import { type GivenReport, writeReports } from "./server.ts";

const HOUR_MS = 3_600_000;

/** What is so at an hour. */
export interface PastHour {
  /** Before now. */
  readonly hoursAgo: number;
  /** Reports that come then; each has an instance_id. */
  readonly reports?: readonly GivenReport[];
  /** Ids of hosts whose reports are taken out of the store then. */
  readonly removed?: readonly string[];
}

/** Lives through some hours, the oldest first, and records each. */
export async function recordPast(home: string, hours: readonly PastHour[]): Promise<void> {
  const now = Date.now();
  const folder = join(home, "store");
  const reports = join(folder, "reports/v1/local");
  let at = now;
  const clock = () => at;
  const store = await fileStore({ root: folder, clock, askTime: async () => at });
  const roll = createRoll({ store, clock, maxAgeMs: 0 });
  const recorder = createRecorder({
    store,
    view: () => roll.view(),
    facts: async () => ({ ...NO_FACTS, labels: BUILT_IN_RULES }),
    describeHost: ({ body }) => {
      const { instance_name = null } = JSON.parse(body.toString()) as { instance_name?: string };
      return { instanceName: instance_name, labels: { env: instance_name?.split("_")[0] ?? "" } };
    },
    noise: BUILT_IN_NOISE,
    everyMs: HOUR_MS,
    clock,
    yielder: createYielder(),
  });
  for (const { hoursAgo, reports: came = [], removed = [] } of hours) {
    at = now - hoursAgo * HOUR_MS;
    const update_date = new Date(at).toISOString();
    await writeReports(
      home,
      came.map((report) => ({ update_date, ...report })),
    );
    for (const { instance_id } of came)
      await utimes(join(reports, `${String(instance_id)}.json`), at / 1000, at / 1000);
    for (const id of removed) await rm(join(reports, `${id}.json`));
    const outcome = await recorder.record();
    if (outcome.kind !== "recorded") throw new Error(JSON.stringify(outcome));
  }
  await store.close?.();
}
