// Tests of the sweep over real stores.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { expect, it } from "vitest";
import { makeFolder } from "../collect/temporary-folder.ts";
import { formatReportKey } from "../report/key.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/store.ts";
import { NOW } from "./io-double.ts";
import { runSweep } from "./sweep.ts";

const HOUR = 3_600_000;

async function listKeys(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of store.list("")) keys.push(...page.map(({ key }) => key));
  return keys;
}

async function setUp() {
  const root = await makeFolder();
  const time = { now: NOW };
  const clock = () => time.now;
  const store = await openStore(`file:${root}`, { clock });
  const lines: { level: number; removed?: number; msg: string }[] = [];
  const log = pino({ level: "debug" }, { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[number]) });
  return { root, time, clock, store, log, lines };
}

it("removes reports and departures an hour after a day, and nothing else, hour by hour", async () => {
  const { root, time, clock, store, log, lines } = await setUp();
  for (const key of ["keys/one", "snapshots/one", "host.json", formatReportKey("old"), "departures/v1/local/old.json"])
    await store.put(key, Buffer.from("{}"));
  await writeFile(join(root, "package.json"), "{}");
  time.now += 24.5 * HOUR;
  await store.put(formatReportKey("young"), Buffer.from("{}"));
  const stop = new AbortController();
  const seen: string[][] = [];
  const sleep = async (ms: number) => {
    expect(ms).toBe(HOUR);
    seen.push(await listKeys(store));
    time.now += ms;
    if (seen.length === 2) stop.abort();
  };
  await runSweep({ store, clock, log, sleep }, stop.signal);
  expect(seen[0]).toHaveLength(7);
  expect(seen[1]).toEqual(["host.json", "keys/one", "package.json", formatReportKey("young"), "snapshots/one"]);
  expect(lines.filter(({ level }) => level === 30).map(({ removed }) => removed)).toEqual([1, 1]);
});

it("goes on after a failure, and says so", async () => {
  const { clock, store, log, lines } = await setUp();
  let calls = 0;
  const failing: Store = {
    ...store,
    expire: async () => {
      calls++;
      throw new Error("the disk is on fire");
    },
  };
  const stop = new AbortController();
  let rounds = 0;
  const sleep = async () => {
    if (++rounds === 2) stop.abort();
  };
  await runSweep({ store: failing, clock, log, sleep }, stop.signal);
  expect(calls).toBe(4);
  expect(lines.filter(({ level }) => level === 50)).toHaveLength(4);
});

it("has nothing to do where the store forgets by itself", async () => {
  const { clock, store, log } = await setUp();
  const { expire: _, ...bucket } = store;
  const sleep = () => Promise.reject(new Error("waited"));
  await runSweep({ store: bucket, clock, log, sleep }, new AbortController().signal);
});
