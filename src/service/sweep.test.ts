// Tests of the sweep over real stores.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { formatReportKey } from "../report/key.ts";
import { formatUpdateDate } from "../report/update-date.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/store.ts";
import { NOW } from "../testing/io-double.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { runSweep, type SweepOptions } from "./sweep.ts";

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
  const opened = await openStore(`file:${root}`, { clock });
  // The file system's own clock cannot be set.
  const store: Store = { ...opened, now: async () => time.now };
  const monotonic = () => time.now - NOW;
  const lines: { level: number; removed?: number; msg: string }[] = [];
  const log = pino(
    { level: "debug" },
    { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[number]) },
  );
  return { root, time, clock, monotonic, opened, store, log, lines };
}

it("removes reports and departures an hour after a day, and nothing else, hour by hour", async () => {
  const { root, time, clock, monotonic, store, log, lines } = await setUp();
  for (const key of [
    "keys/one",
    "snapshots/one",
    "host.json",
    formatReportKey("old"),
    "departures/v1/local/old.json",
  ])
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
  await runSweep({ store, clock, monotonic, log, sleep }, stop.signal);
  expect(seen[0]).toHaveLength(7);
  expect(seen[1]).toEqual([
    "host.json",
    "keys/one",
    "package.json",
    formatReportKey("young"),
    "snapshots/one",
  ]);
  expect(lines.filter(({ level }) => level === 30).map(({ removed }) => removed)).toEqual([1, 1]);
});

it("goes on after a failure, and says so", async () => {
  const { clock, monotonic, store, log, lines } = await setUp();
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
  await runSweep({ store: failing, clock, monotonic, log, sleep }, stop.signal);
  expect(calls).toBe(2);
  expect(lines.filter(({ level }) => level === 50)).toHaveLength(2);
});

it("has nothing to do where the store forgets by itself", async () => {
  const { clock, monotonic, store, log } = await setUp();
  const { expire: _, ...bucket } = store;
  const sleep = () => Promise.reject(new Error("waited"));
  await runSweep({ store: bucket, clock, monotonic, log, sleep }, new AbortController().signal);
});

it("removes closed days of history after 13 months, or as set, and nothing else of it", async () => {
  const { time, clock, monotonic, store, log } = await setUp();
  const log1 = "history/v1/log/0000000001.gz";
  const closed = ["changes", "rolls", "receipts"].map((name) => `history/v1/${name}/dt=2026-11-26/one`);
  for (const key of [log1, ...closed]) await store.put(key, Buffer.from("{}"));
  const stop = new AbortController();
  const seen: number[] = [];
  const sleep = async () => {
    seen.push((await listKeys(store)).length);
    time.now += 24 * HOUR;
    if (seen.length === 400) stop.abort();
  };
  await runSweep({ store, clock, monotonic, log, sleep }, stop.signal);
  expect(seen.findIndex((count) => count < 4)).toBe(397);
  expect(await listKeys(store)).toEqual([log1]);
  await store.put(closed[0] as string, Buffer.from("{}"));
  time.now += 3 * 24 * HOUR;
  const second = new AbortController();
  const historyStaysMs = 48 * HOUR;
  await runSweep(
    { store, clock, monotonic, log, historyStaysMs, sleep: async () => second.abort() },
    second.signal,
  );
  expect(await listKeys(store)).toEqual([log1]);
});

describe("nothing is removed on the wall clock's word alone", () => {
  /** Three hosts that have just reported, and one that was silent for three days. */
  async function setUpFleet() {
    const all = await setUp();
    const { store, time } = all;
    const put = (id: string, updatedAt = time.now) =>
      store.put(
        formatReportKey(id),
        Buffer.from(JSON.stringify({ update_date: formatUpdateDate(updatedAt), instance_id: id })),
      );
    time.now = NOW - 72 * HOUR;
    await put("old");
    time.now = NOW;
    for (const id of ["i-1", "i-2", "i-3"]) await put(id);
    return { ...all, put };
  }

  /**
   * Sweeps as often as there are steps, each done before a sweep. @returns what is there after each
   * sweep, and what was said
   */
  async function sweep(
    {
      store,
      clock,
      monotonic,
      log,
      lines,
    }: Omit<SweepOptions, "sleep"> & { lines: { level: number; msg: string }[] },
    steps: (() => unknown)[],
  ) {
    const stop = new AbortController();
    const seen: number[] = [];
    await steps[0]?.();
    const sleep = async () => {
      seen.push((await listKeys(store)).length);
      if (seen.length === steps.length) return stop.abort();
      await steps[seen.length]?.();
    };
    await runSweep({ store, clock, monotonic, log, sleep }, stop.signal);
    return { seen, said: lines.filter(({ level }) => level === 40).map(({ msg }) => msg) };
  }

  it("removes what is old where all agree", async () => {
    expect(await sweep(await setUpFleet(), [() => undefined])).toEqual({ seen: [3], said: [] });
  });

  it("waits where nothing is newer than a day", async () => {
    const fleet = await setUpFleet();
    fleet.time.now += 48 * HOUR;
    expect(await sweep(fleet, [() => undefined])).toEqual({
      seen: [4],
      said: [
        expect.stringContaining(
          "nothing in the store is newer than a day by this machine's clock: the newest is 48 hours old",
        ),
      ],
    });
  });

  it("waits where the file system's clock says another time", async () => {
    const { opened, ...fleet } = await setUpFleet();
    const ahead = {
      ...fleet,
      store: { ...fleet.store, now: opened.now } as Store,
      clock: () => Date.now() + 48 * HOUR,
    };
    const { seen, said } = await sweep(ahead, [() => undefined]);
    expect([seen, said]).toEqual([
      [4],
      [expect.stringContaining("48 hours ahead of the clock of the store's file system")],
    ]);
  });

  it(
    "waits for a day after the clock was set while it ran, also when new reports bear " + "the new time",
    async () => {
      const fleet = await setUpFleet();
      const { time, put } = fleet;
      let steady = 0;
      const monotonic = () => steady;
      const pass = async (ms: number) => {
        time.now += ms;
        steady += ms;
        await put("i-1");
      };
      const steps = [
        () => fleet.store.delete(formatReportKey("old")),
        async () => {
          time.now += 48 * HOUR;
          await pass(HOUR);
        },
        () => pass(24 * HOUR),
        () => pass(2 * HOUR),
      ];
      const { seen, said } = await sweep({ ...fleet, monotonic }, steps);
      expect(seen).toEqual([3, 3, 3, 1]);
      expect(said).toEqual(
        Array(2).fill(expect.stringContaining("was set ahead by 48 hours within the last day")),
      );
    },
  );

  it("waits where a server that began with a wrong clock stamps reports that say otherwise", async () => {
    const fleet = await setUpFleet();
    const truth = fleet.time.now;
    fleet.time.now += 48 * HOUR;
    await fleet.put("i-1", truth);
    const { seen, said } = await sweep(fleet, [() => undefined]);
    expect(seen).toEqual([4]);
    expect(said).toEqual([
      expect.stringContaining("made 48 hours before they came, by the clocks of their hosts"),
    ]);
  });

  it("is not misled by one host whose clock is wrong", async () => {
    const fleet = await setUpFleet();
    await fleet.put("i-2", fleet.time.now - 72 * HOUR);
    expect(await sweep(fleet, [() => undefined])).toEqual({ seen: [3], said: [] });
  });
});
