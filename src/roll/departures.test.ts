// Tests of departures: a host that left is in no answer, until it reports again.
import { describe, expect, it } from "vitest";
import { formatUpdateDate } from "../report/update-date.ts";
import { memoryStore } from "../store/memory.ts";
import { createRoll, type RollOptions } from "./roll.ts";
import { readReports } from "./view.ts";

const START = Date.UTC(2024, 1, 29, 14, 59, 30);
const HOST = "local/a";
const SPOT = "123456789012/AROAX:i-0123456789abcdef0";

function setUp(options: Partial<RollOptions> = {}) {
  let now = START;
  const clock = () => now;
  const store = memoryStore({ clock });
  const openRoll = () => createRoll({ store, clock, ...options });
  return {
    store,
    roll: openRoll(),
    openRoll,
    advance: (ms: number) => {
      now += ms;
    },
    report: (owner: string) => {
      const id = owner.split(/[/:]/).at(-1) ?? "";
      const body = JSON.stringify({ instance_id: id, update_date: formatUpdateDate(now) });
      return store.put(`reports/v1/${owner}.json`, Buffer.from(body));
    },
    depart: (owner: string) => store.put(`departures/v1/${owner}.json`, Buffer.from("{}")),
  };
}

async function listIds(roll: ReturnType<typeof createRoll>): Promise<string[]> {
  return readReports((await roll.view()).reports).map(({ id }) => id);
}

describe("a departure", () => {
  it("takes its host's report out, and no other's", async () => {
    const { roll, report, depart, advance } = setUp();
    await report(HOST);
    await report(SPOT);
    expect(await listIds(roll)).toEqual(["i-0123456789abcdef0", "a"]);
    advance(5000);
    await depart(SPOT);
    const view = await roll.view();
    expect(readReports(view.reports).map(({ id }) => id)).toEqual(["a"]);
    expect(view.departed).toEqual([{ key: `reports/v1/${SPOT}.json`, receivedAt: START + 5000 }]);
    expect(view.problemCount).toBe(0);
  });

  it("is undone by the next report", async () => {
    const { roll, report, depart, advance } = setUp();
    await report(HOST);
    advance(5000);
    await depart(HOST);
    advance(5000);
    expect(await listIds(roll)).toEqual([]);
    await report(HOST);
    advance(5000);
    const view = await roll.view();
    expect(readReports(view.reports)).toHaveLength(1);
    expect(view.departed).toEqual([]);
  });

  it("counts as the later one in the same instant, since a store may tell whole seconds", async () => {
    const { roll, report, depart } = setUp();
    await report(HOST);
    await depart(HOST);
    expect(await listIds(roll)).toEqual([]);
  });

  it("of a host that never reported is nothing, and one that expired is forgotten", async () => {
    const { roll, report, depart, advance } = setUp();
    await depart("local/never");
    await depart(HOST);
    advance(25 * 3_600_000);
    await report(HOST);
    expect((await roll.view()).departed).toEqual([]);
    expect(await listIds(roll)).toEqual(["a"]);
  });

  it("that no host may write is shown as a problem, and takes nothing away", async () => {
    const { roll, store, report } = setUp();
    await report(HOST);
    for (const key of ["departures/v1/a.json", "departures/v1/local/x/a.json", "departures/v1/local/a"])
      await store.put(key, Buffer.from("{}"));
    const view = await roll.view();
    expect(readReports(view.reports)).toHaveLength(1);
    expect(view.problems.map(({ key, reason }) => [key, reason])).toEqual([
      ["departures/v1/a.json", "bad_key"],
      ["departures/v1/local/a", "bad_key"],
      ["departures/v1/local/x/a.json", "bad_key"],
    ]);
  });

  it("changes the version of the view", async () => {
    const { roll, report, depart, advance } = setUp();
    await report(HOST);
    const { version } = await roll.view();
    advance(5000);
    expect((await roll.view()).version).toBe(version);
    await depart(HOST);
    advance(5000);
    expect((await roll.view()).version).not.toBe(version);
  });

  it("put through this process is known without a listing, and so is the report after it", async () => {
    const { roll, report, depart, store, advance } = setUp();
    await report(HOST);
    await roll.view();
    const { lastModified } = await depart(HOST);
    roll.noteDeparture(`reports/v1/${HOST}.json`, lastModified);
    expect(roll.peek()).toBeUndefined();
    expect(await listIds(roll)).toEqual([]);
    advance(10);
    roll.note(await report(HOST), Buffer.from('{"instance_id":"a","update_date":"2024-02-29T15:00:00Z"}'));
    expect(await listIds(roll)).toEqual(["a"]);
    await store.close?.();
  });

  it("is in the snapshot, from which a new process answers without a listing", async () => {
    const { roll, openRoll, report, depart, advance } = setUp({ snapshot: "keep", maxAgeMs: 3_600_000 });
    for (let at = 0; at < 200; at++) await report(`local/host-${at}`);
    await report(HOST);
    advance(1000);
    await depart(HOST);
    await roll.view();
    await roll.settle();
    const view = await openRoll().view();
    expect(readReports(view.reports)).toHaveLength(200);
    expect(view.departed).toHaveLength(1);
  });
});
