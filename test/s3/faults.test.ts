// The API over a bucket behind a line with faults, hosts coming, changing and leaving meanwhile:
// 200 is right and whole, or it is not 200.

import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { pino } from "pino";
import { expect, inject, it } from "vitest";
import { createClones } from "../../src/access/clones.ts";
import { createKeyring } from "../../src/access/keyring.ts";
import { createKey } from "../../src/access/keys.ts";
import { createApp } from "../../src/api/app.ts";
import { createRoutes } from "../../src/api/routes.ts";
import { BUILT_IN_RULES } from "../../src/questions/label-rule.ts";
import { compileLabels } from "../../src/questions/labels.ts";
import { formatUpdateDate } from "../../src/report/update-date.ts";
import { createRoll } from "../../src/roll/roll.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { openStore } from "../../src/store/open.ts";
import { withRetry } from "../../src/store/retry.ts";
import { s3Store } from "../../src/store/s3.ts";
import { parseS3Url } from "../../src/store/s3-url.ts";
import { runs } from "../../src/testing/runs.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";
import { makeBucket } from "./bucket.ts";
import { startFaultProxy } from "./fault-proxy.ts";

const HOSTS = 1100;
const READS = runs(5_000);
const MAX_ASKS = 200;

/** One of eight requests goes wrong, in every way. */
const RATES = {
  slowDown: 0.04,
  internalError: 0.02,
  resetBefore: 0.02,
  resetAfter: 0.01,
  cutBody: 0.02,
  stallBody: 0.002,
  stall: 0.002,
  cutListing: 0.1,
};

const server = inject("s3");
const clock = () => Date.now();
const env = {
  AWS_ACCESS_KEY_ID: server.user.accessKeyId,
  AWS_SECRET_ACCESS_KEY: server.user.secretAccessKey,
};
const id = (index: number) => `i-0${(index * 2_654_435_761).toString(16).padStart(16, "0")}`;
const key = (name: string) => `reports/v1/123456789012/AROAX:${name}.json`;

/** Hosts that report straight to the server: some stay and change, some come and leave at once. */
async function makeFleet() {
  const store = await openStore(`s3://api-faults?endpoint=${server.endpoint}`, { clock, env });
  const sent = new Array<number>(HOSTS).fill(0);
  const acknowledged = Array.from({ length: HOSTS }, () => [] as number[]);
  let isRunning = true;

  async function write(index: number): Promise<void> {
    const turn = (sent[index] ?? 0) + 1;
    sent[index] = turn;
    const report = {
      instance_id: id(index),
      update_date: formatUpdateDate(clock()),
      turn,
      pad: "x".repeat(turn % 500),
    };
    await store.put(key(id(index)), Buffer.from(JSON.stringify(report)));
    acknowledged[index]?.push(clock());
  }

  /**
   * One of two lanes: a host has one writer, as in life, or nobody could say which report is its
   * newest.
   */
  async function live(lane: number): Promise<void> {
    for (let step = lane; isRunning; step += 2) {
      await write((step * 7919) % HOSTS);
      const guest = `guest-${lane}-${step % 17}`;
      await store.put(
        key(guest),
        Buffer.from(JSON.stringify({ instance_id: guest, update_date: formatUpdateDate(clock()) })),
      );
      await store.delete(key(guest));
    }
  }

  await Promise.all(
    Array.from({ length: 8 }, async (_, lane) => {
      for (let index = lane; index < HOSTS; index += 8) await write(index);
    }),
  );
  const living = Promise.all([live(0), live(1)]);
  return {
    check(body: string, asOf: number, missing: number): void {
      const reports = JSON.parse(body) as { instance_id: string; turn: number; pad: string }[];
      const byId = new Map(reports.map((report) => [report.instance_id, report]));
      expect(byId.size).toBe(reports.length);
      let absent = 0;
      for (let index = 0; index < HOSTS; index++) {
        const report = byId.get(id(index));
        if (!report) absent++;
        else {
          expect(report.pad).toHaveLength(report.turn % 500);
          expect(report.turn).toBeLessThanOrEqual(sent[index] ?? 0);
          const known = acknowledged[index]?.filter((at) => at < asOf).length ?? 0;
          if (missing === 0) expect(report.turn).toBeGreaterThanOrEqual(known);
        }
      }
      expect(absent).toBeLessThanOrEqual(missing);
    },
    async stop() {
      isRunning = false;
      await living;
      await store.close?.();
    },
  };
}

it(`${READS} reads with faults: never a wrong, short or doubled answer`, { timeout: 900_000 }, async () => {
  await makeBucket(server, "api-faults");
  const fleet = await makeFleet();
  const proxy = await startFaultProxy({ target: server.endpoint, random: seededRandom(3), rates: RATES });
  const driver = await s3Store({
    location: parseS3Url(`s3://api-faults?endpoint=${proxy.endpoint}`),
    credentials: async () => server.user,
    env: {},
    clock,
    timeouts: { connect: 5000, headers: 2000, body: 2000 },
  });
  const store = withRetry(driver, {
    clock,
    random: seededRandom(4),
    newMark: randomUUID,
    wait: (ms) => wait(ms / 10),
    budgetMs: 20_000,
  });
  const keys = memoryStore({ clock });
  const { secret } = await createKey(keys, { name: "test", scopes: ["read"] }, { clock });
  const seen = { whole: 0, partial: 0, failed: 0 };

  async function ask(deadlineMs: number, path: string): Promise<void> {
    // A new reader each time, so that everything is read each time; every third begins from a
    // snapshot.
    const snapshot = seen.whole % 3 === 2 ? "keep" : "off";
    const roll = createRoll({ store, clock, snapshot, snapshotEveryMs: 0 });
    const keyring = createKeyring({ store: keys, clock });
    const services = {
      store,
      roll,
      keyring,
      clones: createClones({ clock }),
      clock,
      log: pino({ level: "silent" }),
    };
    const app = createApp(
      {
        ...services,
        version: "0.0.0-test",
        labels: compileLabels(BUILT_IN_RULES),
        windowMs: 7_200_000,
        deadlineMs,
      },
      createRoutes(),
    );
    const response = await app.request(path, { headers: { "x-api-key": secret } });
    const asOf = Date.parse(response.headers.get("rollcall-as-of") ?? "");
    const body = await response.text();
    if (response.status === 503) {
      seen.failed++;
      expect(body).toMatch(/\d+ objects were listed|nothing was read yet/);
    } else {
      expect(response.status).toBe(200);
      const isPartial = response.headers.has("rollcall-partial");
      if (isPartial) seen.partial++;
      else seen.whole++;
      // While the listing is not finished nobody knows how many are missing.
      fleet.check(body, asOf, isPartial ? HOSTS : 0);
      if (isPartial) expect(Number(response.headers.get("rollcall-missing"))).toBeGreaterThanOrEqual(0);
    }
    await roll.close();
  }

  // Listings are few, so that their faults may need some more questions.
  const isEnough = () =>
    proxy.requests >= READS &&
    seen.whole >= 6 &&
    seen.partial > 0 &&
    seen.failed > 0 &&
    Object.values(proxy.counts).every((count) => count > 3);
  for (let turn = 0; turn < MAX_ASKS && !isEnough(); turn++) {
    // Most have time enough; some deadlines cannot be met, and some questions take what there is.
    await ask(turn % 4 === 3 ? 150 : 60_000, turn % 8 === 7 ? "/v1/reports?partial=ok" : "/v1/reports");
  }
  await fleet.stop();
  expect(proxy.requests).toBeGreaterThanOrEqual(READS);
  for (const [fault, count] of Object.entries(proxy.counts))
    expect([fault, count > 3]).toEqual([fault, true]);
  expect(seen.whole).toBeGreaterThanOrEqual(6);
  expect(seen.partial).toBeGreaterThan(0);
  expect(seen.failed).toBeGreaterThan(0);
  await store.close?.();
  await proxy.stop();
});
