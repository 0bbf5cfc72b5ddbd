// The Store contract as tests. A driver joins with describeStore(NAME, makeStore); only *.test.ts
// files may import this.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvalidKey, type Store, TooLarge } from "../store/store.ts";
import { describeConditions } from "./store-conformance-conditions.ts";
import type { StoreFixture } from "./store-conformance-fixture.ts";
import { describeListing } from "./store-conformance-listing.ts";

/** How far a server's clock on this machine, which tells whole seconds, may seem from ours. */
const REAL_CLOCK_MS = 3000;

const LIMIT = { maxBytes: 2 * 1024 * 1024 };

const INVALID_KEYS: readonly (readonly [string, string])[] = [
  ["empty", ""],
  ["parent folder", "../x"],
  ["parent folder inside", "a/../x"],
  ["parent folder at the end", "a/.."],
  ["this folder", "./x"],
  ["leading slash", "/x"],
  ["two slashes", "a//b"],
  ["trailing slash", "a/"],
  ["hidden", ".x"],
  ["hidden inside", "a/.x"],
  ["the file driver's own folder", ".tmp/x"],
  ["NUL", "a\0b"],
  ["newline", "a\nb"],
  ["newline at the end", "a\n"],
  ["backslash", "a\\b"],
  ["space", "a b"],
  ["percent", "a%2fb"],
  ["not ASCII", "é"],
  ["segment of 201 characters", "x".repeat(201)],
  ["901 characters", `${"x/".repeat(450)}x`],
  ["2,000 characters", "x".repeat(2000)],
];

/** Runs the whole contract over one driver. */
export function describeStore(name: string, makeStore: () => Promise<StoreFixture>): void {
  describe(`${name}: the Store contract`, () => {
    let fixture: StoreFixture;
    beforeAll(async () => {
      fixture = await makeStore();
    });
    afterAll(() => fixture.dispose());

    describeObjects(() => fixture);
    describeKeys(() => fixture);
    describeConditions(() => fixture);
    describeListing(() => fixture);
  });
}

/** All entries of a listing, its pages checked for their form. */
async function collect(store: Store, prefix: string) {
  const entries = [];
  for await (const page of store.list(prefix)) entries.push(...page);
  return entries;
}

function describeObjects(use: () => StoreFixture): void {
  describe("objects", () => {
    const bodies: readonly (readonly [string, Buffer])[] = [
      ["text", Buffer.from('{"update_date":"2023-12-12T07:00:01+09:00"}')],
      ["nothing", Buffer.alloc(0)],
      ["every byte", Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
      ["1 MiB", Buffer.alloc(1024 * 1024, "0123456789abcde")],
    ];
    it.each(bodies)("gives back %s as it was put", async (_, body) => {
      const { store } = use();
      await store.put("objects/body", body);
      const found = await store.get("objects/body", LIMIT);
      expect(found?.body.equals(body)).toBe(true);
      expect(found?.size).toBe(body.length);
      expect(found?.key).toBe("objects/body");
    });

    it("shows the newest body after an overwrite", async () => {
      const { store } = use();
      await store.put("objects/over", Buffer.from("a longer first"));
      await store.put("objects/over", Buffer.from("second"));
      expect((await store.get("objects/over", LIMIT))?.body.toString()).toBe("second");
      expect(await collect(store, "objects/over")).toHaveLength(1);
    });

    it("has nothing where nothing was put", async () => {
      const { store } = use();
      expect(await store.get("objects/none", LIMIT)).toBeUndefined();
      expect(await store.get("no/such/folder/none", LIMIT)).toBeUndefined();
    });

    it("has nothing under a key that is the start of another", async () => {
      const { store } = use();
      await store.put("objects/deep/er/key", Buffer.from("x"));
      expect(await store.get("objects/deep", LIMIT)).toBeUndefined();
      await store.delete("objects/deep");
      expect(await store.get("objects/deep/er/key", LIMIT)).toBeDefined();
    });

    it("tells the same entry from put, get and list", async () => {
      const { store, time } = use();
      for (const options of [{}, { ifNoneMatch: "*" as const }]) {
        await store.delete("entries/one");
        const put = await store.put("entries/one", Buffer.from("body"), options);
        const { body, ...found } = (await store.get("entries/one", LIMIT)) ?? {
          lastModified: 0,
          body: undefined,
        };
        expect(body?.toString()).toBe("body");
        // A server stamps the object while it is written and its answer a little later: between put
        // and get a second may pass.
        if (time === "real")
          expect(Math.abs(found.lastModified - put.lastModified)).toBeLessThanOrEqual(REAL_CLOCK_MS);
        expect(found).toEqual(time === "real" ? { ...put, lastModified: found.lastModified } : put);
        expect(await collect(store, "entries/")).toEqual([found]);
      }
    });

    it("stamps lastModified with the store's clock, whole seconds at worst", async () => {
      const { store, time } = use();
      if (time === "real") {
        const before = Date.now();
        const { lastModified } = await store.put("objects/time", Buffer.from("x"));
        expect(lastModified).toBeGreaterThanOrEqual(before - REAL_CLOCK_MS);
        expect(lastModified).toBeLessThanOrEqual(Date.now() + REAL_CLOCK_MS);
        return;
      }
      // A leap day's end, a daylight saving change, and a time of which only the milliseconds are
      // not zero.
      for (const now of [
        Date.UTC(2024, 1, 29, 23, 59, 59, 999),
        Date.UTC(2023, 2, 12, 10, 0, 0, 1),
        1_700_000_000_123,
      ]) {
        time.now = now;
        const { lastModified } = await store.put("objects/time", Buffer.from("x"));
        expect(Math.floor(lastModified / 1000)).toBe(Math.floor(now / 1000));
        expect(lastModified).toBeLessThanOrEqual(now);
      }
    });

    it("tells what time it is by its own clock, where it has one", async () => {
      const { store } = use();
      // A file system's and a server's cannot be set by a test, and on this machine they are right.
      if (store.now) expect(Math.abs((await store.now()) - Date.now())).toBeLessThanOrEqual(REAL_CLOCK_MS);
    });

    it("changes the etag whenever the bytes change, however fast", async () => {
      const { store } = use();
      const bodies = new Map<string, string>();
      for (let turn = 0; turn < 60; turn++) {
        const body = turn % 2 ? "aaaa" : "bbbb";
        const { etag } = await store.put("objects/etag", Buffer.from(body));
        expect(bodies.get(etag) ?? body).toBe(body);
        bodies.set(etag, body);
      }
    });

    it("deletes, and deletes again", async () => {
      const { store } = use();
      await store.put("objects/gone", Buffer.from("x"));
      await store.delete("objects/gone");
      expect(await store.get("objects/gone", LIMIT)).toBeUndefined();
      expect(await collect(store, "objects/gone")).toEqual([]);
      await store.delete("objects/gone");
      await store.delete("no/such/folder/gone");
    });

    it("reads no more than it was asked to", async () => {
      const { store } = use();
      await store.put("objects/big", Buffer.alloc(1001));
      await expect(store.get("objects/big", { maxBytes: 1000 })).rejects.toThrow(TooLarge);
      expect((await store.get("objects/big", { maxBytes: 1001 }))?.size).toBe(1001);
    });

    it("keeps its bytes from those who hold a buffer", async () => {
      const { store } = use();
      const body = Buffer.from("mine");
      await store.put("objects/private", body);
      body.fill("x");
      const first = await store.get("objects/private", LIMIT);
      expect(first?.body.toString()).toBe("mine");
      first?.body.fill("y");
      expect((await store.get("objects/private", LIMIT))?.body.toString()).toBe("mine");
    });

    it("shows whole bodies only while they are overwritten", async () => {
      const { store } = use();
      const body = (turn: number) => Buffer.alloc(20_000 + turn, String(turn % 10));
      await store.put("whole/one", body(0));
      let isWriting = true;
      const write = async () => {
        for (let turn = 1; turn <= 60; turn++) await store.put("whole/one", body(turn));
        isWriting = false;
      };
      const read = async () => {
        while (isWriting) {
          const found = await store.get("whole/one", LIMIT);
          expect(found?.body.equals(body((found?.size ?? 0) - 20_000))).toBe(true);
          const [entry, ...others] = await collect(store, "whole/");
          expect(others).toEqual([]);
          expect(entry?.size).toBeGreaterThanOrEqual(20_000);
        }
      };
      await Promise.all([write(), read(), read()]);
    });

    it("stops when told to", async () => {
      const { store } = use();
      await store.put("objects/abort", Buffer.from("x"));
      const signal = AbortSignal.abort(new Error("told to stop"));
      await expect(store.get("objects/abort", { ...LIMIT, signal })).rejects.toThrow("told to stop");
    });
  });
}

function describeKeys(use: () => StoreFixture): void {
  describe("keys", () => {
    it.each([
      "a",
      "a.json",
      "reports/v1/local/i-0123456789abcdef0.json",
      "reports/v1/123456789012/AROAEXAMPLE:i-0.json",
      "A-Z_a.z:0=9,@+-",
      "x".repeat(200),
      `${"y".repeat(199)}/`.repeat(4) + "z".repeat(100),
    ])("takes a key, case %#", async (key) => {
      const { store } = use();
      await store.put(`keys/${key}`.slice(0, 900), Buffer.from(key));
      expect((await store.get(`keys/${key}`.slice(0, 900), LIMIT))?.body.toString()).toBe(key);
    });

    it.each(INVALID_KEYS)("refuses a key: %s; and touches nothing", async (_, key) => {
      const { store } = use();
      await store.put("invalid/witness", Buffer.from("x"));
      const before = await collect(store, "");
      await expect(store.put(key, Buffer.from("evil"))).rejects.toThrow(InvalidKey);
      await expect(store.get(key, LIMIT)).rejects.toThrow(InvalidKey);
      await expect(store.delete(key)).rejects.toThrow(InvalidKey);
      expect(await collect(store, "")).toEqual(before);
    });
  });
}
