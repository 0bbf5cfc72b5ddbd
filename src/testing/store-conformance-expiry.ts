// The Store contract as tests: expiry, for the drivers that have it. Only *.test.ts files may
// import this.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ExpireOptions, Store } from "../store/store.ts";
import { runs } from "./runs.ts";
import type { StoreFixture } from "./store-conformance-fixture.ts";

const HOUR = 3_600_000;
const LIMIT = { maxBytes: 1024 };

async function listKeys(store: Store, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of store.list(prefix)) keys.push(...page.map(({ key }) => key));
  return keys;
}

async function expire(
  store: Store,
  prefix: string,
  before: number,
  options?: ExpireOptions,
): Promise<number> {
  if (!store.expire) throw new Error("the store has no expire");
  return await store.expire(prefix, before, options);
}

/** The store and its clock, which these tests set. */
function control({ store, time }: StoreFixture): { store: Store; time: { now: number } } {
  if (time === "real") throw new Error("the store's clock cannot be set");
  return { store, time };
}

/** Runs the part of the contract that speaks of expire. */
export function describeExpiry(name: string, makeStore: () => Promise<StoreFixture>): void {
  describe(`${name}: expiry`, () => {
    let fixture: StoreFixture;
    beforeAll(async () => {
      fixture = await makeStore();
    });
    afterAll(() => fixture.dispose());

    it("removes what is older than the time, to the second, below the prefix alone", async () => {
      const { store, time } = control(fixture);
      const start = Math.floor(time.now / 1000) * 1000;
      for (const [key, age] of [
        ["some/old", 2 * HOUR],
        ["some/deep/er/old", 2 * HOUR],
        ["some/edge-before", HOUR + 1000],
        ["some/edge", HOUR],
        ["some/new", 0],
        ["somewhere/old", 2 * HOUR],
      ] as const) {
        time.now = start - age;
        await store.put(key, Buffer.from(key));
      }
      time.now = start;
      expect(await expire(store, "some/", start - HOUR)).toBe(3);
      expect(await listKeys(store, "some")).toEqual(["some/edge", "some/new", "somewhere/old"]);
      expect(await expire(store, "some/", start - HOUR)).toBe(0);
    });

    it("stays in one folder if it is shallow", async () => {
      const { store, time } = control(fixture);
      for (const key of ["flat/a", "flat/b/c"]) await store.put(key, Buffer.from("x"));
      time.now += HOUR;
      expect(await expire(store, "flat/", time.now, { shallow: true })).toBe(1);
      expect(await listKeys(store, "flat/")).toEqual(["flat/b/c"]);
    });

    it("has nothing to do where nothing is", async () => {
      const { store, time } = control(fixture);
      expect(await expire(store, "nothing/", time.now)).toBe(0);
    });

    it("removes more than a page holds", async () => {
      const { store, time } = control(fixture);
      const keys = Array.from({ length: 1_203 }, (_, index) => `page/${index % 7}/${index}`);
      await Promise.all(keys.map((key) => store.put(key, Buffer.from("x"))));
      time.now += HOUR;
      expect(await expire(store, "page/", time.now)).toBe(keys.length);
      expect(await listKeys(store, "page/")).toEqual([]);
    });

    it("never loses what is written while it runs", async () => {
      const { store, time } = control(fixture);
      const keys = Array.from({ length: 40 }, (_, index) => `race/${index}`);
      const start = time.now;
      for (let round = 0; round < runs(5); round++) {
        time.now = start + round * HOUR;
        await Promise.all(keys.map((key) => store.put(key, Buffer.from(`old ${round}`))));
        time.now += HOUR / 2;
        const write = async (key: string, index: number) => {
          // Spread over the run, so that some come before, some between and some after the removal.
          for (let turn = 0; turn < index % 5; turn++) await Promise.resolve(store.get(key, LIMIT));
          await store.put(key, Buffer.from(`new ${round}`));
        };
        await Promise.all([
          expire(store, "race/", time.now - 60_000),
          ...keys.map(write),
          expire(store, "race/", time.now - 60_000),
        ]);
        for (const key of keys)
          expect((await store.get(key, LIMIT))?.body.toString(), key).toBe(`new ${round}`);
      }
      expect(await expire(store, "race/", time.now - 60_000)).toBe(0);
    });
  });
}
