// Tests of a roll over several stores: one that is written, and others that are only read.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDepartureKey, parseReportKey } from "../report/key.ts";
import { formatLocal, formatUpdateDate } from "../report/update-date.ts";
import { memoryStore } from "../store/memory.ts";
import { openToRead } from "../store/open.ts";
import { type Store, Unavailable } from "../store/store.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { createRoll, type RollOptions } from "./roll.ts";
import { type RollView, readReports } from "./view.ts";

const START = Date.UTC(2024, 1, 29);
const MINUTE_MS = 60_000;
const [A, B] = ["i-0aaaaaaaaaaaaaaaa", "i-0bbbbbbbbbbbbbbbb"];
const ownKey = (id: string) => `reports/v1/123456789012/AROAHOST:${id}.json`;
const topKey = (id: string) => `${id}.json`;

/** A store of a name, whose clock is the test's, and which may be made to fail. */
function makeStore(location: string, time: { now: number }) {
  const memory = memoryStore({ clock: () => time.now });
  const state = { isAway: false, writes: 0, gets: 0, looks: 0, manifests: 0 };
  const answer = (): void => {
    if (state.isAway) throw new Unavailable("[store] [memory] does not answer");
  };
  const store: Store = {
    ...memory,
    location,
    put: (...args) => {
      state.writes++;
      if (args[0].endsWith("/manifest.json")) state.manifests++;
      return memory.put(...args);
    },
    delete: (key) => {
      state.writes++;
      return memory.delete(key);
    },
    async get(key, options) {
      answer();
      state.gets++;
      return await memory.get(key, options);
    },
    async *list(prefix, options) {
      answer();
      if (prefix === "" && options?.shallow && options.after === undefined && options.upTo === undefined)
        state.looks++;
      yield* memory.list(prefix, options);
    },
  };
  return { store, state };
}

function setUp(options: Partial<RollOptions> = {}) {
  const time = { now: START };
  const clock = () => time.now;
  const own = makeStore("s3://new", time);
  const old = makeStore("s3://old", time);
  const newRoll = (more: Partial<RollOptions> = {}) =>
    createRoll({ store: own.store, alsoRead: [old.store], clock, ...options, ...more });
  return {
    time,
    own,
    old,
    newRoll,
    roll: newRoll(),
    async put({ store }: { store: Store }, key: string, more: object = {}) {
      const id = parseReportKey(key)?.id;
      const body = { update_date: formatUpdateDate(time.now), instance_id: id, ...more };
      return await store.put(key, Buffer.from(JSON.stringify(body)));
    },
    leave: ({ store }: { store: Store }, key: string) =>
      store.put(formatDepartureKey(key), Buffer.from("{}")),
    pass(minutes = 1) {
      time.now += minutes * MINUTE_MS;
    },
  };
}

const keysOf = ({ reports }: RollView) => readReports(reports).map(({ key }) => key);
const asideOf = ({ problems }: RollView) => problems.map(({ key, reason, store }) => [store, key, reason]);

describe("a roll over two stores", () => {
  it("shows each host once, by its newest report, and says where the other is", async () => {
    const { own, old, roll, put, pass } = setUp();
    await put(old, topKey(A));
    await put(old, topKey(B));
    expect(keysOf(await roll.view())).toEqual([topKey(A), topKey(B)]);
    pass();
    await put(own, ownKey(A));
    const moved = await roll.view();
    expect(keysOf(moved)).toEqual([topKey(B), ownKey(A)]);
    expect(asideOf(moved)).toEqual([["s3://old", topKey(A), "superseded"]]);
    expect(moved.problems[0]?.detail).toContain(`${ownKey(A)} in s3://new; while the host reports to both`);
    pass();
    await put(old, topKey(A));
    const back = await roll.view();
    expect(keysOf(back)).toEqual([topKey(A), topKey(B)]);
    expect(asideOf(back)).toEqual([["s3://new", ownKey(A), "superseded"]]);
  });

  it("takes the one of the store that is written where both came together, also under one key", async () => {
    const { own, old, roll, put } = setUp();
    await put(old, topKey(A), { from: "old" });
    await put(own, ownKey(A), { from: "new" });
    await put(old, ownKey(B), { from: "old" });
    await put(own, ownKey(B), { from: "new" });
    const { reports, problems } = await roll.view();
    expect(readReports(reports).map(({ body }) => JSON.parse(body.toString()).from)).toEqual(["new", "new"]);
    expect(problems.map(({ store }) => store)).toEqual(["s3://old", "s3://old"]);
  });

  it("counts a host once whose key has what is no report in a store between", async () => {
    const { own, old, time, put, pass } = setUp();
    const third = makeStore("s3://third", time);
    const clock = () => time.now;
    const lookAt = async () =>
      await createRoll({ store: own.store, alsoRead: [old.store, third.store], clock }).view();
    await put(own, ownKey(A));
    await old.store.put(ownKey(A), Buffer.from("{"));
    await put(third, ownKey(A));
    expect(asideOf(await lookAt())).toEqual([
      ["s3://old", ownKey(A), "not_json"],
      ["s3://third", ownKey(A), "superseded"],
    ]);
    pass(11);
    await put(third, ownKey(A));
    const { reports } = await lookAt();
    expect(readReports(reports).map(({ receivedAt }) => receivedAt)).toEqual([time.now]);
  });

  it("takes one report in two forms for one, and shows the whole one, whichever came first", async () => {
    const { own, old, roll, put, time } = setUp();
    const madeAt = { update_date: formatUpdateDate(START) };
    await put(own, ownKey(A), madeAt);
    time.now += 30_000;
    await put(old, topKey(A), madeAt);
    expect(keysOf(await roll.view())).toEqual([ownKey(A)]);
    // Put again so long after, it is another word of the host.
    time.now += 11 * MINUTE_MS;
    await put(old, topKey(A), madeAt);
    expect(keysOf(await roll.view())).toEqual([topKey(A)]);
  });

  it("judges departures in one store by time against reports in the other", async () => {
    const { own, old, roll, put, leave, pass } = setUp();
    // The same key in both, as after a copy.
    await put(old, ownKey(A));
    pass();
    await leave(own, ownKey(A));
    expect(keysOf(await roll.view())).toEqual([]);
    pass();
    await put(old, ownKey(A));
    expect(keysOf(await roll.view())).toEqual([ownKey(A)]);
    pass();
    await leave(old, ownKey(A));
    const gone = await roll.view();
    expect(keysOf(gone)).toEqual([]);
    expect(gone.departed.map(({ key }) => key)).toEqual([ownKey(A)]);
  });

  it("lets a host leave that a script has reported last, until the script goes on", async () => {
    const { own, old, roll, put, leave, pass } = setUp();
    await put(own, ownKey(A));
    pass();
    await put(old, topKey(A));
    pass();
    await leave(own, ownKey(A));
    const gone = await roll.view();
    expect(keysOf(gone)).toEqual([]);
    expect(gone.departed).toHaveLength(1);
    expect(gone.problems).toEqual([]);
    pass();
    await put(old, topKey(A));
    expect(keysOf(await roll.view())).toEqual([topKey(A)]);
  });

  it("has a host back that left, wherever it reports next", async () => {
    const { own, old, time, put, leave, pass } = setUp();
    const third = makeStore("s3://third", time);
    const alsoRead = [old.store, third.store];
    const roll = createRoll({ store: own.store, alsoRead, clock: () => time.now });
    for (const store of [own, old]) {
      await put(store, ownKey(A));
      pass();
    }
    await put(own, ownKey(B));
    await leave(own, ownKey(A));
    await leave(own, ownKey(B));
    expect((await roll.view()).departed.map(({ key }) => key)).toEqual([ownKey(A), ownKey(B)]);
    pass();
    // Under the same key in a third store, and at the top of the old one.
    await put(third, ownKey(A));
    await put(old, topKey(B));
    const view = await roll.view();
    expect(keysOf(view)).toEqual([topKey(B), ownKey(A)]);
    expect(view.departed).toEqual([]);
  });

  it("has no host back that left where only another account's, or another machine, has its id", async () => {
    const { own, old, roll, put, leave, pass } = setUp();
    const otherKey = `reports/v1/210987654321/AROAHOST:${A}.json`;
    const made = (by: string, startedAt: number) => ({
      os_start_date: formatLocal(startedAt),
      rollcall: { schema: 1, machine: by.repeat(16), boot: by.repeat(16) },
    });
    await put(own, ownKey(A));
    await put(own, ownKey(B), made("1", START - 60 * MINUTE_MS));
    pass();
    await put(old, topKey(A));
    pass();
    await leave(own, ownKey(A));
    await leave(own, ownKey(B));
    pass();
    await put(old, otherKey);
    await put(old, topKey(B), made("2", START - 90 * MINUTE_MS));
    const view = await roll.view();
    expect(keysOf(view)).toEqual([topKey(B), otherKey]);
    expect(view.departed.map(({ key }) => key)).toEqual([ownKey(A), ownKey(B)]);
  });

  it("names each store's problems, of the listing and of the bodies", async () => {
    const { own, old, roll, put } = setUp();
    await old.store.put("reports/v1/nobody/x.json", Buffer.from("{}"));
    await own.store.put(ownKey(A), Buffer.from("no JSON"));
    await put(old, topKey(A));
    const view = await roll.view();
    // What cannot be read takes nobody's place.
    expect(keysOf(view)).toEqual([topKey(A)]);
    expect(asideOf(view)).toEqual([
      ["s3://new", ownKey(A), "not_json"],
      ["s3://old", "reports/v1/nobody/x.json", "bad_key"],
    ]);
    expect(view.problemCount).toBe(2);
  });

  it("is complete or an error, and in part has all of the other store and says what is missing", async () => {
    const { own, old, roll, put, pass } = setUp();
    await put(own, ownKey(A));
    await put(old, topKey(B));
    old.state.isAway = true;
    await expect(roll.view()).rejects.toThrow(/does not answer \(in s3:\/\/old\)$/);
    expect(roll.unread()).toEqual(["s3://old"]);
    const part = roll.partialView("the store did not answer");
    expect(keysOf(part)).toEqual([ownKey(A)]);
    expect(part.partial?.reason).toBe("the store did not answer; not read completely: s3://old");
    old.state.isAway = false;
    expect(keysOf(await roll.view())).toEqual([topKey(B), ownKey(A)]);
    expect(roll.unread()).toEqual([]);
    // What was known of it stays known, and what is new in the other one is there.
    pass();
    own.state.isAway = true;
    await put(old, topKey(A));
    await expect(roll.view()).rejects.toThrow(/\(in s3:\/\/new\)$/);
    expect(keysOf(roll.partialView("away"))).toEqual([topKey(A), topKey(B)]);
  });

  it("names no store where there is one", async () => {
    const { own, newRoll } = setUp();
    own.state.isAway = true;
    const roll = newRoll({ alsoRead: [] });
    await expect(roll.view()).rejects.toThrow(/does not answer$/);
    expect(roll.unread()).toEqual([]);
    expect(roll.partialView("away").partial?.reason).toBe("away");
  });

  it("answers of one host from both, again where it is known to lie", async () => {
    const { own, old, roll, put, pass } = setUp();
    await put(old, topKey(A));
    await put(own, ownKey(B));
    expect(keysOf(await roll.viewHost(A))).toContain(topKey(A));
    pass(0.5);
    await put(old, topKey(A), { app_version: "2" });
    const host = await roll.viewHost(A);
    expect(host.listedAt).toBe(START);
    expect(readReports(host.reports).map(({ body }) => JSON.parse(body.toString()).app_version)).toEqual([
      "2",
    ]);
  });

  it("knows of one host that it left in the store that is written, wherever its report lies", async () => {
    for (const isListed of [true, false]) {
      const { own, old, roll, put, leave, time } = setUp({ refreshesAhead: false });
      await put(old, ownKey(A));
      time.now += 2000;
      if (isListed) await leave(own, ownKey(A));
      expect((await roll.view()).departed).toHaveLength(isListed ? 1 : 0);
      time.now += 2000;
      // By another process.
      if (!isListed) await leave(own, ownKey(A));
      expect(keysOf(await roll.viewHost(A))).toEqual([]);
      expect((await roll.viewHost(A)).departed.map(({ key }) => key)).toEqual([ownKey(A)]);
    }
  });

  it("keeps the snapshots of both in the one that is written, and writes nothing to the other", async () => {
    const { old, newRoll, put, time } = setUp({ snapshot: "keep", snapshotEveryMs: 1 });
    for (let at = 0; at < 150; at++) await put(old, topKey(`i-0${String(at).padStart(16, "0")}`));
    const before = old.state.writes;
    const first = newRoll();
    expect((await first.view()).reports.rowOf).toHaveLength(150);
    await first.settle();
    expect(old.state.writes).toBe(before);
    old.state.gets = 0;
    time.now += 5000;
    const second = newRoll({ snapshot: "use" });
    expect((await second.view()).reports.rowOf).toHaveLength(150);
    expect(old.state.gets).toBe(0);
  });

  it("looks once whether its snapshots are to be believed, says so once, and then keeps none", async () => {
    const { own, newRoll, old, put, time } = setUp({ snapshot: "keep", snapshotEveryMs: 1 });
    for (let at = 0; at < 150; at++)
      for (const store of [own, old]) await put(store, ownKey(`i-0${String(at).padStart(16, "0")}`));
    const first = newRoll();
    await first.view();
    await first.settle();
    expect(own.state.manifests).toBe(2);
    await put(own, topKey(A));
    time.now += MINUTE_MS;
    for (let at = 150; at < 300; at++) await put(old, ownKey(`i-0${String(at).padStart(16, "0")}`));
    own.state.looks = 0;
    const notices: string[] = [];
    const second = newRoll({ onNotice: (notice) => notices.push(notice) });
    expect((await second.view()).reports.rowOf).toHaveLength(301);
    await second.settle();
    // One look for the snapshots of both stores, and one of the listing.
    expect(own.state.looks).toBe(2);
    expect(notices).toEqual([expect.stringContaining(topKey(A))]);
    expect(own.state.manifests).toBe(2);
  });

  it("counts as one store would count that holds all, with the newest of each key", async () => {
    const step = fc.record({
      isOld: fc.boolean(),
      isDeparture: fc.boolean(),
      account: fc.constantFrom("", "111111111111", "222222222222"),
      role: fc.constantFrom("AROAA:", "AROAB:"),
      id: fc.constantFrom("a", "b", "c"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 24 }), async (steps) => {
        const { own, old, roll, put, leave, pass, time } = setUp();
        const all = makeStore("s3://all", time);
        for (const { isOld, isDeparture, account, role, id } of steps) {
          const key = account === "" ? `${id}.json` : `reports/v1/${account}/${role}${id}.json`;
          const act = isDeparture && account !== "" ? leave : put;
          await act(isOld ? old : own, key);
          await act(all, key);
          pass();
        }
        const whole = await createRoll({ store: all.store, clock: () => time.now }).view();
        const both = await roll.view();
        expect(keysOf(both)).toEqual(keysOf(whole));
        expect(both.departed).toEqual(whole.departed);
        expect([...readReports(both.reports)].map(({ receivedAt }) => receivedAt)).toEqual(
          [...readReports(whole.reports)].map(({ receivedAt }) => receivedAt),
        );
      }),
    );
  });
});

describe("a folder that is only read", () => {
  const list = async (folder: string) =>
    await Promise.all(
      (await readdir(folder, { recursive: true, withFileTypes: true }))
        .filter((one) => one.isFile())
        .map(async (one) => {
          const path = join(one.parentPath, one.name);
          return [path, await readFile(path, "utf8")];
        }),
    );

  it("stays as it is: no marker, no draft, no snapshot", async () => {
    const body = JSON.stringify({ update_date: "2024-02-29T00:00:00Z", instance_id: A });
    const folder = await makeFolder({ [topKey(A)]: body, ".tmp/left-behind": "x" });
    const before = await list(folder);
    const own = memoryStore({ clock: Date.now });
    const old = await openToRead(`file:${folder}`, { clock: Date.now });
    expect(old).not.toHaveProperty("put");
    expect(old).not.toHaveProperty("delete");
    const roll = createRoll({ store: own, alsoRead: [old], clock: Date.now, snapshot: "keep" });
    expect(keysOf(await roll.view())).toEqual([topKey(A)]);
    await roll.close();
    expect(await list(folder)).toEqual(before);
  });

  it("is waited for where it is away, and read when it is back", async () => {
    const folder = await makeFolder();
    const body = JSON.stringify({ update_date: "2024-02-29T00:00:00Z", instance_id: A });
    const old = await openToRead(`file:${folder}`, { clock: Date.now });
    let now = Date.now();
    const roll = createRoll({
      store: memoryStore({ clock: Date.now }),
      alsoRead: [old],
      clock: () => now,
    });
    await expect(roll.view()).rejects.toThrow(/is empty and no store.*\(in file:/);
    await writeFile(join(folder, topKey(A)), body);
    now += MINUTE_MS;
    expect(keysOf(await roll.view())).toEqual([topKey(A)]);
  });
});
