// Two readers that refresh and write snapshots at once over the real S3 server, while a writer
// replaces reports: never a wrong answer.
import { setTimeout as wait } from "node:timers/promises";
import { expect, inject, it } from "vitest";
import { formatUpdateDate } from "../../src/report/update-date.ts";
import { createRoll, type Roll } from "../../src/roll/roll.ts";
import { type HostReport, readReports } from "../../src/roll/view.ts";
import { openStore } from "../../src/store/open.ts";
import { makeBucket } from "./bucket.ts";

const server = inject("s3");
const env = {
  AWS_ACCESS_KEY_ID: server.user.accessKeyId,
  AWS_SECRET_ACCESS_KEY: server.user.secretAccessKey,
};
const HOSTS = 400;

/**
 * Looks of each reader; more of them, for minutes of it: ROLLCALL_TEST_LOOKS=500 npx vitest run
 * test/s3/two-readers.test.ts
 */
const LOOKS = Number(process.env.ROLLCALL_TEST_LOOKS ?? 9);

const open = () =>
  openStore(`s3://two-readers/some/prefix?endpoint=${server.endpoint}`, { clock: Date.now, env });

it(`show every report that was acknowledged before, whole and once, ${LOOKS} times each`, {
  timeout: 60_000 + LOOKS * 2000,
}, async () => {
  await makeBucket(server, "two-readers");
  const writer = await open();
  const id = (index: number) => `i-0${(index * 40_503).toString(16).padStart(16, "0")}`;
  /** By host: what was sent last, and the times at which each turn was acknowledged. */
  const sent = new Array<number>(HOSTS).fill(0);
  const acknowledged = Array.from({ length: HOSTS }, () => [] as number[]);

  async function write(index: number): Promise<void> {
    const turn = (sent[index] ?? 0) + 1;
    sent[index] = turn;
    const more = { update_date: formatUpdateDate(Date.now()), turn, pad: "x".repeat((turn * 37) % 2000) };
    await writer.put(
      `reports/v1/local/${id(index)}.json`,
      Buffer.from(JSON.stringify({ instance_id: id(index), ...more })),
    );
    acknowledged[index]?.push(Date.now());
  }

  function check(index: number, report: HostReport | undefined, asOf: number): void {
    const { turn, pad, instance_id } = JSON.parse(report?.body.toString() ?? "{}");
    expect(instance_id).toBe(id(index));
    expect(pad).toHaveLength((turn * 37) % 2000);
    expect(turn).toBeGreaterThanOrEqual(acknowledged[index]?.filter((at) => at < asOf).length ?? 0);
    expect(turn).toBeLessThanOrEqual(sent[index] ?? 0);
  }

  for (let index = 0; index < HOSTS; index++) await write(index);
  let looking = 2;
  let wrote = 0;
  /**
   * One of two lanes: a host has one writer, as in life, or nobody could say which report is its
   * newest.
   */
  const keepWriting = async (lane: number) => {
    for (let step = lane; looking > 0; step += 2) {
      await write((step * 7919) % HOSTS);
      wrote++;
    }
  };
  const notices: string[] = [];
  const keepLooking = async () => {
    const store = await open();
    const start = (): Roll => {
      const onNotice = (notice: string, error: unknown) => void notices.push(`${notice}: ${String(error)}`);
      return createRoll({ store, clock: Date.now, snapshot: "keep", snapshotEveryMs: 100, onNotice });
    };
    let roll = start();
    for (let look = 0; look < LOOKS; look++) {
      const { asOf, reports, problemCount } = await roll.view();
      expect(problemCount).toBe(0);
      const found = readReports(reports);
      expect(found).toHaveLength(HOSTS);
      const byId = new Map(found.map((report) => [report.id, report]));
      for (let index = 0; index < HOSTS; index++) check(index, byId.get(id(index)), asOf);
      // A view is used for a second; a new process begins from whatever snapshot is there.
      if (look % 3 === 2) {
        await roll.close();
        roll = start();
      } else await wait(1001);
    }
    await roll.close();
    await store.close?.();
    looking--;
  };
  await Promise.all([keepWriting(0), keepWriting(1), keepLooking(), keepLooking()]);
  expect(wrote).toBeGreaterThan(LOOKS);
  expect(notices).toEqual([]);
  // What they leave behind is a snapshot that works.
  const last = createRoll({ store: writer, clock: Date.now, snapshot: "use", maxAgeMs: 3_600_000 });
  const view = await last.view();
  expect(readReports(view.reports)).toHaveLength(HOSTS);
  await writer.close?.();
});
