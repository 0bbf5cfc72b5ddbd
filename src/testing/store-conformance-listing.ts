// The Store contract as tests: listings. Part of conformance.ts.
import { beforeAll, describe, expect, it } from "vitest";
import type { ListOptions, Store } from "../store/store.ts";
import type { StoreFixture } from "./store-conformance-fixture.ts";

/** More than two pages, so that there are a first, a middle and a last one. */
const MANY = 2_100;
/** Listings beside which others write, and what they write beside listings, at least. */
const LOOKS = 4;
const TURNS = 20;
const WRITERS = 50;

/**
 * Ordered as bytes: `-` is 0x2d, `.` 0x2e, `/` 0x2f, `0` 0x30, `:` 0x3a. A walk by folders gets
 * this wrong without care.
 */
const TREE = ["a-b", "a.json", "a/b", "a/b-c", "a/b/c", "a/b0", "a0", "a:b", "ab/c", "b"];

const name = (index: number) => `many/${index % 3}/${String(index).padStart(5, "0")}.json`;

async function listKeys(store: Store, prefix: string, options?: ListOptions): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of store.list(prefix, options)) {
    expect(page.length).toBeGreaterThan(0);
    for (const { key } of page) keys.push(key);
  }
  return keys;
}

async function putAll(store: Store, keys: readonly string[]): Promise<void> {
  const waiting = [...keys];
  const work = async () => {
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop())
      await store.put(key, Buffer.from(key));
  };
  await Promise.all(Array.from({ length: WRITERS }, work));
}

/** Runs the part of the contract that speaks of list. */
export function describeListing(use: () => StoreFixture): void {
  describe("listings", () => {
    // `a/b` both an object and the start of `a/b/c` is more than a file system can hold: each
    // stands in a tree of its own.
    const flat = TREE.filter((key) => key !== "a/b/c").map((key) => `flat/${key}`);
    const deep = TREE.filter((key) => key !== "a/b").map((key) => `deep/${key}`);
    const many = Array.from({ length: MANY }, (_, index) => name(index)).sort();
    beforeAll(async () => {
      const { store } = use();
      await putAll(store, [...flat, ...deep, ...many]);
    });

    it("come in ascending order of the whole key", async () => {
      const { store } = use();
      expect(await listKeys(store, "flat/")).toEqual(flat);
      expect(await listKeys(store, "deep/")).toEqual(deep);
      const all = await listKeys(store, "");
      expect(all).toEqual([...new Set(all)].sort());
    });

    it("are complete, once each, over many pages", async () => {
      const { store } = use();
      expect(await listKeys(store, "many/")).toEqual(many);
      expect(await listKeys(store, "many/1/")).toEqual(many.filter((key) => key.startsWith("many/1/")));
    });

    it("hold what starts with the prefix, whether or not it ends at a slash", async () => {
      const { store } = use();
      for (const prefix of [
        "deep/a",
        "deep/a/",
        "deep/a/b",
        "deep/a/b/",
        "deep/a/b/c",
        "deep/b",
        "deep",
        "dee",
        "deep/zz",
        "deep/b/",
      ]) {
        expect(await listKeys(store, prefix)).toEqual(deep.filter((key) => key.startsWith(prefix)));
      }
    });

    it("begin after a key, there or not", async () => {
      const { store } = use();
      for (const tree of [flat, deep]) {
        const start = tree[0]?.slice(0, 5) ?? "";
        for (const after of [
          ...tree,
          `${start}`,
          `${start}a`,
          `${start}a/`,
          `${start}a/b/`,
          `${start}a/zz`,
          `${start}zz`,
          "zz",
          "a",
        ]) {
          expect(await listKeys(store, start, { after })).toEqual(tree.filter((key) => key > after));
        }
      }
      const middle = many[1134] ?? "";
      expect(await listKeys(store, "many/", { after: middle })).toEqual(many.slice(1135));
    });

    it("end at a key, there or not", async () => {
      const { store } = use();
      for (const tree of [flat, deep]) {
        const start = tree[0]?.slice(0, 5) ?? "";
        for (const upTo of [
          ...tree,
          `${start}`,
          `${start}a`,
          `${start}a/`,
          `${start}a/b/`,
          `${start}a/zz`,
          `${start}zz`,
          "zz",
          "a",
        ]) {
          expect(await listKeys(store, start, { upTo })).toEqual(tree.filter((key) => key <= upTo));
          const after = tree[2] ?? "";
          const between = tree.filter((key) => key > after && key <= upTo);
          expect(await listKeys(store, start, { after, upTo })).toEqual(between);
        }
      }
      const [from = "", to = ""] = [many[777], many[2045]];
      expect(await listKeys(store, "many/", { after: from, upTo: to })).toEqual(many.slice(778, 2046));
      expect(await listKeys(store, "deep/", { shallow: true, upTo: "deep/a0" })).toEqual([
        "deep/a-b",
        "deep/a.json",
        "deep/a0",
      ]);
    });

    it("stay in one folder if they are shallow", async () => {
      const { store } = use();
      for (const prefix of ["deep/", "deep/a", "deep/a/", "deep/a/b", "deep"]) {
        const expected = deep.filter(
          (key) => key.startsWith(prefix) && !key.slice(prefix.length).includes("/"),
        );
        expect(await listKeys(store, prefix, { shallow: true })).toEqual(expected);
      }
      expect(await listKeys(store, "deep/", { shallow: true, after: "deep/a.json" })).toEqual([
        "deep/a0",
        "deep/a:b",
        "deep/b",
      ]);
    });

    it("are empty where nothing is, and outside the store", async () => {
      const { store } = use();
      for (const prefix of [
        "nothing/",
        "nothing",
        "../",
        "deep/../",
        "/",
        "/etc/",
        "deep//",
        ".tmp/",
        "a\0/",
        `${"x".repeat(300)}/`,
      ]) {
        expect(await listKeys(store, prefix)).toEqual([]);
      }
    });

    it("show every write that was acknowledged", async () => {
      const { store } = use();
      for (let turn = 0; turn < 20; turn++) {
        await store.put(`own/${turn}`, Buffer.from("x"));
        expect(await listKeys(store, "own/")).toContain(`own/${turn}`);
      }
    });

    it("keep what stands while others come and go", async () => {
      const { store } = use();
      let [looks, turns, isOver] = [0, 0, false];
      const goOn = () => !isOver && (looks < LOOKS || turns < TURNS);
      const churn = async () => {
        for (; goOn(); turns++) {
          await store.put(`many/0/churn-${turns}`, Buffer.from("x"));
          await store.put(name(turns % 100), Buffer.from("again"));
          await store.delete(`many/0/churn-${turns}`);
        }
      };
      const watch = async () => {
        for (; goOn(); looks++) {
          const keys = await listKeys(store, "many/");
          expect(keys.filter((key) => !key.includes("churn"))).toEqual(many);
          expect(new Set(keys).size).toBe(keys.length);
        }
      };
      // Who fails ends the other one too.
      const end = () => {
        isOver = true;
      };
      await Promise.all([churn().finally(end), watch().finally(end)]);
    });

    it("stop when told to", async () => {
      const { store } = use();
      const before = AbortSignal.abort(new Error("told to stop"));
      await expect(listKeys(store, "many/", { signal: before })).rejects.toThrow("told to stop");
      const control = new AbortController();
      const midway = async () => {
        for await (const page of store.list("many/", { signal: control.signal })) {
          expect(page.length).toBeLessThan(MANY);
          control.abort(new Error("told midway"));
        }
      };
      await expect(midway()).rejects.toThrow("told midway");
    });
  });
}
