// A store that asks again: what is repeated, how long, and how it ends.
import { describe, expect, it } from "vitest";
import { memoryStore } from "./memory.ts";
import { type RepeatableStore, type RetryOptions, withRetry } from "./retry.ts";
import { PreconditionFailed, type Store, StoreError, TooLarge, Unavailable } from "./store.ts";

const LIMIT = { maxBytes: 1024 };

/** A store in memory whose next calls fail as told: by an error before the call, or after it was carried out. */
function makeLine() {
  const time = { now: 1_700_000_000_000 };
  const waits: number[] = [];
  const memory = memoryStore({ clock: () => time.now });
  const marks = new Map<string, string>();
  const failures: { error: Error; when: "before" | "after" }[] = [];
  let calls = 0;
  const call = async <T>(run: () => Promise<T>): Promise<T> => {
    calls++;
    const failure = failures.shift();
    if (failure?.when === "before") throw failure.error;
    const result = await run();
    if (failure) throw failure.error;
    return result;
  };
  const driver: RepeatableStore = {
    ...memory,
    get: (key, options) => call(() => memory.get(key, options)),
    delete: (key) => call(() => memory.delete(key)),
    put: (key, body, options) =>
      call(async () => {
        const entry = await memory.put(key, body, options);
        if (options?.mark !== undefined) marks.set(key, options.mark);
        return entry;
      }),
    async findMarked(key, mark) {
      const found = await memory.get(key, LIMIT);
      return found && marks.get(key) === mark ? found : undefined;
    },
  };
  const options: RetryOptions = {
    clock: () => time.now,
    random: () => 1,
    newMark: () => `mark-${calls}`,
    async wait(ms) {
      waits.push(ms);
      time.now += ms;
    },
  };
  return {
    driver,
    memory,
    options,
    waits,
    store: withRetry(driver, options),
    fail: (when: "before" | "after", ...errors: Error[]) => failures.push(...errors.map((error) => ({ error, when }))),
    calls: () => calls,
  };
}

const busy = (retryAfterMs?: number) => new Unavailable("[store] busy", { retryAfterMs });

describe("withRetry", () => {
  it("repeats what is unavailable, and waits longer each time up to 2 s", async () => {
    const { store, fail, waits } = makeLine();
    await store.put("a", Buffer.from("x"));
    fail("before", ...Array.from({ length: 8 }, () => busy()));
    expect((await store.get("a", LIMIT))?.body.toString()).toBe("x");
    expect(waits).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000]);
  });

  it("repeats nothing else", async () => {
    const { store, fail, waits, calls } = makeLine();
    for (const error of [new StoreError("no"), new TooLarge("no"), new PreconditionFailed("no"), new TypeError("no")]) {
      fail("before", error);
      await expect(store.get("a", LIMIT)).rejects.toBe(error);
    }
    expect([waits, calls()]).toEqual([[], 4]);
  });

  it("gives up when its time is spent, and says how often, how long and why", async () => {
    const { store, fail, waits } = makeLine();
    fail("before", ...Array.from({ length: 100 }, () => busy()));
    const error = await store.delete("a").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Unavailable);
    expect(String(error)).toBe("Unavailable: [store] busy (gave up after 15 tries in 19.1 s)");
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(20_000);
  });

  it("ends though the clock stands still", async () => {
    const { driver, options, fail, calls } = makeLine();
    fail("before", ...Array.from({ length: 1000 }, () => busy()));
    const store = withRetry(driver, { ...options, wait: async () => undefined });
    await expect(store.get("a", LIMIT)).rejects.toThrow("gave up after 100 tries in 0.0 s");
    expect(calls()).toBe(100);
  });

  it("leaves the store alone as long as it asks, up to 2 s", async () => {
    const { store, fail, waits } = makeLine();
    fail("before", busy(700), busy(60_000));
    await store.get("a", LIMIT);
    expect(waits).toEqual([700, 2000]);
  });

  it("leaves the store alone for a put as long as it asks, and gives up where that is longer than there is time", async () => {
    const { store, fail, waits } = makeLine();
    fail("before", busy(7000), busy(60_000));
    const error = await store.put("a", Buffer.from("x")).catch((reason: unknown) => reason);
    expect(waits).toEqual([7000]);
    expect(error).toMatchObject({ retryAfterMs: 60_000 });
    expect(String(error)).toContain("it asks to be left alone for 60 s (gave up after 2 tries in 7.0 s)");
  });

  it("puts what it was given, whatever becomes of the buffer", async () => {
    const { store, fail } = makeLine();
    fail("before", busy());
    const body = Buffer.from("mine");
    const putting = store.put("a", body);
    body.fill("x");
    await putting;
    expect((await store.get("a", LIMIT))?.body.toString()).toBe("mine");
  });

  it("knows its own put again when the answer was lost", async () => {
    const { store, fail } = makeLine();
    fail("after", busy());
    const made = await store.put("a", Buffer.from("1"), { ifNoneMatch: "*" });
    fail("after", busy(), busy());
    const replaced = await store.put("a", Buffer.from("2"), { ifMatch: made.etag });
    expect((await store.get("a", LIMIT))?.etag).toBe(replaced.etag);
  });

  it("takes no other's put for its own, though the bytes are the same", async () => {
    const { store, memory, fail } = makeLine();
    fail("before", busy());
    await memory.put("a", Buffer.from("same"));
    await expect(store.put("a", Buffer.from("same"), { ifNoneMatch: "*" })).rejects.toThrow(PreconditionFailed);
  });

  it("tells who may not read what the put was told", async () => {
    const { driver, options, fail } = makeLine();
    const findMarked = () => Promise.reject(new StoreError("may not read"));
    const store = withRetry({ ...driver, findMarked }, options);
    fail("after", busy());
    await expect(store.put("a", Buffer.from("x"), { ifNoneMatch: "*" })).rejects.toThrow(PreconditionFailed);
  });

  it("stops when told to while it waits", async () => {
    const { driver, options, fail } = makeLine();
    const control = new AbortController();
    const wait = async () => control.abort(new Error("told to stop"));
    fail("before", busy(), busy());
    const store = withRetry(driver, { ...options, wait });
    await expect(store.get("a", { ...LIMIT, signal: control.signal })).rejects.toThrow("told to stop");
  });
});

describe("withRetry: a listing", () => {
  /** Pages of three that fail before every second one. */
  function makeShaky(keys: readonly string[], error: () => Error): Store["list"] {
    let pages = 0;
    return async function* (_, { after = "" } = {}) {
      for (let rest = keys.filter((key) => key > after); rest.length > 0; rest = rest.slice(3)) {
        if (pages++ % 2) throw error();
        yield rest.slice(0, 3).map((key) => ({ key, etag: "e", size: 1, lastModified: 0 }));
      }
    };
  }
  const keys = Array.from({ length: 20 }, (_, index) => `k${String(index).padStart(2, "0")}`);

  it("goes on after the last key it gave", async () => {
    const { driver, options, waits } = makeLine();
    const store = withRetry({ ...driver, list: makeShaky(keys, busy) }, options);
    const found: string[] = [];
    for await (const page of store.list("", { after: "k03" })) found.push(...page.map(({ key }) => key));
    expect(found).toEqual(keys.slice(4));
    expect(waits.length).toBeGreaterThan(3);
    expect(new Set(waits)).toEqual(new Set([50]));
  });

  it("fails on the way as a whole", async () => {
    const { driver, options } = makeLine();
    const store = withRetry({ ...driver, list: makeShaky(keys, () => new StoreError("may not")) }, options);
    const read = async () => {
      for await (const page of store.list("")) expect(page).toHaveLength(3);
    };
    await expect(read()).rejects.toThrow("may not");
  });
});
