// Tests of the snapshot: it saves downloads, changes no answer, and harms nobody when it is broken.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Store } from "../store/store.ts";
import { runs } from "../testing/runs.ts";
import { makeStoreDouble } from "../testing/store-double.ts";
import { createRoll, type Roll, type RollOptions } from "./roll.ts";
import { type RollView, readReports } from "./view.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MANIFEST = "snapshots/v1/manifest.json";
const LIMIT = { maxBytes: 2 ** 30 };

function show({ asOf, reports, problems, problemCount }: RollView) {
  return { asOf, reports: readReports(reports), problems, problemCount };
}

function makeFleet(count: number) {
  const double = makeStoreDouble();
  const notices: string[] = [];
  const open = (snapshot: RollOptions["snapshot"] = "keep", more: Partial<RollOptions> = {}): Roll =>
    createRoll({
      store: double.store,
      clock: double.clock,
      snapshot: snapshot ?? "keep",
      onNotice: (notice, error) => notices.push(`${notice}: ${String(error)}`),
      ...more,
    });
  const report = async (id: string, more: object = {}) =>
    await double.put(`reports/v1/local/${id}.json`, double.report(id, more));
  return {
    ...double,
    double,
    notices,
    open,
    report,
    async fill() {
      for (let index = 0; index < count; index++) await report(`host-${index}`, { index });
      await double.put("reports/v1/local/broken.json", "{");
      await double.put("what is this", "?").catch(() => undefined);
    },
    /** Looks, and waits for the snapshot to be written. */
    async look(roll: Roll) {
      const view = await roll.view();
      await roll.close();
      return view;
    },
    async snapshotKeys() {
      const keys: string[] = [];
      for await (const page of double.inner.list("snapshots/")) keys.push(...page.map(({ key }) => key));
      return keys;
    },
  };
}

const reportGets = (gets: readonly string[]) => gets.filter((key) => key.startsWith("reports/"));

describe("a snapshot", () => {
  it("spares a new process the download of what has not changed", async () => {
    const { fill, open, look, report, advance, gets, double, snapshotKeys } = makeFleet(300);
    await fill();
    await look(open());
    expect(reportGets(gets)).toHaveLength(301);
    expect(await snapshotKeys()).toHaveLength(3);
    advance(HOUR);
    await report("host-7", { index: "new" });
    await report("host-new");
    await double.inner.delete("reports/v1/local/host-9.json");
    gets.length = 0;
    const view = await look(open("use"));
    expect(reportGets(gets).sort()).toEqual([
      "reports/v1/local/host-7.json",
      "reports/v1/local/host-new.json",
    ]);
    expect(show(view)).toEqual(show(await look(open("off"))));
    expect(view.problems.map(({ reason }) => reason)).toEqual(["not_json"]);
  });

  it("is neither believed nor written where hosts write at the top of the store", async () => {
    const { fill, open, look, put, report, double, gets, notices, advance, snapshotKeys } = makeFleet(120);
    await fill();
    await look(open());
    const before = await snapshotKeys();
    expect(before).toHaveLength(3);
    await put("i-0a1.json", double.report("i-0a1"));
    for (let index = 0; index < 120; index++) await report(`new-${index}`);
    advance(HOUR);
    gets.length = 0;
    const view = await look(open());
    expect(reportGets(gets)).toHaveLength(241);
    // No piece of what may be forged is even fetched.
    expect(gets.filter((key) => key.startsWith("snapshots/"))).toEqual([MANIFEST]);
    expect(show(view)).toEqual(show(await look(open("off"))));
    expect(await snapshotKeys()).toEqual(before);
    expect(notices.join()).toContain(
      "no snapshot is used or kept: reports lie at the top of the store, such as i-0a1.json, and who",
    );
  });

  it("is believed where other things lie at the top", async () => {
    const { fill, open, look, put, gets } = makeFleet(120);
    await fill();
    await put("notes.txt", "ours");
    await look(open());
    gets.length = 0;
    await look(open("use"));
    expect(reportGets(gets)).toEqual([]);
  });

  it("changes no answer, after any history", async () => {
    const id = fc.constantFrom("a", "b", "c", "d", "e");
    type Fleet = ReturnType<typeof makeFleet>;
    const step = fc.oneof(
      fc.tuple(id, fc.integer({ min: 0, max: 2 })).map(
        ([one, x]) =>
          async ({ report }: Fleet) =>
            void (await report(one, { x })),
      ),
      id.map(
        (one) =>
          async ({ put }: Fleet) =>
            void (await put(`reports/v1/local/${one}.json`, "[]")),
      ),
      id.map(
        (one) =>
          async ({ inner }: Fleet) =>
            await inner.delete(`reports/v1/local/${one}.json`),
      ),
      fc.constantFrom(2000, 10 * MINUTE, 13 * HOUR).map(
        (ms) =>
          async ({ advance }: Fleet) =>
            advance(ms),
      ),
      fc.constant(async (_fleet: Fleet, roll: Roll) => void (await roll.view())),
      // A restart.
      fc.constant(async (fleet: Fleet, roll: Roll) => {
        await roll.close();
        return fleet.open();
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const fleet = makeFleet(150);
        await fleet.fill();
        let roll = fleet.open();
        for (const take of steps) roll = (await take(fleet, roll)) ?? roll;
        await roll.close();
        fleet.advance(1001);
        expect(show(await fleet.open("use").view())).toEqual(show(await fleet.open("off").view()));
        // After days of silence the reader says so, which is no fault of the snapshot.
        expect(fleet.notices.filter((notice) => !notice.includes("none newer than a day"))).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  it.each<[string, (store: Store) => Promise<unknown>]>([
    ["its manifest is no JSON", (store) => store.put(MANIFEST, Buffer.from("{"))],
    ["its manifest is empty", (store) => store.put(MANIFEST, Buffer.alloc(0))],
    ["it is of another version", (store) => store.put(MANIFEST, Buffer.from('{"format":999}'))],
    [
      "its manifest names a path",
      (store) =>
        store.put(
          MANIFEST,
          Buffer.from('{"format":1,"as_of":0,"index":{"name":"../x","bytes":1},"segments":[]}'),
        ),
    ],
    ["a piece is gone", async (store) => await store.delete(await findPiece(store))],
    ["a piece is damaged", async (store) => await store.put(await findPiece(store), Buffer.from("not gzip"))],
    [
      "a piece is cut short",
      async (store) => {
        const key = await findPiece(store);
        const found = await store.get(key, LIMIT);
        await store.put(key, found?.body.subarray(0, 100) ?? Buffer.alloc(0));
      },
    ],
  ])("is ignored and made anew if %s", async (_name, damage) => {
    const { fill, open, look, advance, inner, gets, notices } = makeFleet(150);
    await fill();
    await look(open());
    await damage(inner);
    advance(10 * MINUTE);
    gets.length = 0;
    const view = await look(open());
    expect(show(view)).toEqual(show(await look(open("off"))));
    expect(reportGets(gets)).toHaveLength(302);
    expect(notices.join()).toContain("the snapshot cannot be used");
    gets.length = 0;
    advance(2000);
    await look(open("use"));
    expect(reportGets(gets)).toEqual([]);
  });

  it("is not needed, nor waited for, where the store refuses to take or give it", async () => {
    const { fill, open, look, store, clock, notices } = makeFleet(150);
    await fill();
    const readOnly: Store = {
      ...store,
      put: () => Promise.reject(new Error("AccessDenied")),
      get: (key, options) =>
        key.startsWith("snapshots/") ? Promise.reject(new Error("AccessDenied")) : store.get(key, options),
    };
    const roll = createRoll({
      store: readOnly,
      clock,
      snapshot: "keep",
      onNotice: (notice) => notices.push(notice),
    });
    expect(show(await look(roll))).toEqual(show(await look(open("off"))));
    expect(notices.join()).toContain("cannot be used");
    expect(notices.join()).toContain("could not be written");
  });

  it("is written at most once in five minutes, and only when enough has changed", async () => {
    const { fill, open, look, report, advance, puts } = makeFleet(300);
    await fill();
    const saves = () => puts.filter((key) => key === MANIFEST).length;
    await look(open());
    expect(saves()).toBe(1);
    for (let minute = 0; minute < 60; minute++) {
      advance(MINUTE);
      for (let index = 0; index < 40; index++) await report(`host-${index + (minute % 7) * 40}`, { minute });
      await look(open());
    }
    // 100 changes are there after three minutes, so it is the five minutes that bound.
    expect(saves()).toBe(13);
    const before = puts.length;
    advance(HOUR);
    await report("host-1", { minute: "last" });
    await look(open());
    expect(puts.length).toBe(before);
  });

  it("leaves no pieces behind that are of no use, and takes none away within the hour", async () => {
    const { fill, open, look, report, advance, snapshotKeys } = makeFleet(300);
    await fill();
    for (let round = 0; round < 30; round++) {
      for (let index = 0; index < 120; index++) await report(`host-${index}`, { round });
      advance(6 * MINUTE);
      await look(open());
      expect((await snapshotKeys()).length).toBeLessThanOrEqual(4 * 24);
    }
    advance(2 * HOUR);
    for (let index = 0; index < 120; index++) await report(`host-${index}`, { round: "last" });
    await look(open());
    expect((await snapshotKeys()).length).toBeLessThanOrEqual(8);
  });

  it("takes nothing away by the clock of one reader that is hours ahead", async () => {
    const { fill, open, look, double, snapshotKeys } = makeFleet(150);
    await fill();
    await look(open());
    // Written by another reader that is about to name it.
    const piece = `snapshots/v1/${"0".repeat(64)}.gz`;
    await double.put(piece, "piece");
    const ahead = open("keep", { clock: () => double.clock() + 3 * HOUR });
    for (let index = 0; index < 150; index++)
      await double.put(`reports/v1/local/new-${index}.json`, double.report(`new-${index}`));
    await ahead.view();
    await ahead.close();
    expect(double.puts.filter((key) => key === MANIFEST)).toHaveLength(2);
    expect(await snapshotKeys()).toContain(piece);
  });

  it(
    "is answered from without a listing of reports where its age was said to be good enough, and " +
      "only there",
    async () => {
      const { fill, open, look, advance, lists, gets, report } = makeFleet(150);
      await fill();
      const before = await look(open());
      advance(MINUTE);
      await report("host-0", { index: "newer" });
      lists.length = 0;
      gets.length = 0;
      const roll = open("use", { maxAgeMs: 5 * MINUTE });
      const view = await roll.view();
      expect(show(view)).toEqual(show(before));
      // The top alone, which tells whether a snapshot here is to be believed.
      expect(lists.map(({ prefix }) => prefix)).toEqual([""]);
      expect(reportGets(gets)).toEqual([]);
      advance(5 * MINUTE);
      expect((await roll.view()).asOf).toBe(before.asOf + 6 * MINUTE);
      expect(reportGets(gets)).toEqual(["reports/v1/local/host-0.json"]);
      expect((await look(open("use"))).asOf).toBe(before.asOf + 6 * MINUTE);
    },
  );
});

/** A key of the snapshot other than the manifest. */
async function findPiece(store: Store): Promise<string> {
  for await (const page of store.list("snapshots/")) {
    const found = page.find(({ key }) => key !== MANIFEST);
    if (found) return found.key;
  }
  throw new Error("there is no piece");
}

describe("several readers with one snapshot", () => {
  it("never break it, whoever saves when", async () => {
    const fleet = makeFleet(200);
    await fleet.fill();
    const random = fc
      .sample(fc.infiniteStream(fc.nat({ max: 9 })), { seed: 7, numRuns: 1 })[0]
      ?.[Symbol.iterator]();
    const draw = () => random?.next().value ?? 0;
    const rolls = [fleet.open(), fleet.open(), fleet.open()];
    for (let round = 0; round < runs(30); round++) {
      fleet.advance(draw() * MINUTE);
      for (let index = 0; index < 30; index++)
        await fleet.report(`host-${(round * 30 + index) % 200}`, { round });
      // All look at once, so that their saves meet.
      await Promise.all(rolls.map((roll) => roll.view()));
      if (draw() === 0) rolls[draw() % 3] = fleet.open();
      const [seen, expected] = await Promise.all([fleet.open("use").view(), fleet.open("off").view()]);
      expect(show(seen)).toEqual(show(expected));
    }
    expect(fleet.notices).toEqual([]);
  });
});
