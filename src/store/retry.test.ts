// A store that asks again: what is repeated, how long, and how it ends.
import { describe, expect, it } from "vitest";
import { memoryStore } from "./memory.ts";
import type { RepeatableStore } from "./repeated-put.ts";
import { type RetryOptions, withRetry } from "./retry.ts";
import { PreconditionFailed, type Store, StoreError, TooLarge, Unavailable } from "./store.ts";

const LIMIT = { maxBytes: 1024 };

/**
 * A store in memory whose next calls fail as told: by an error before the call, or after it was
 * carried out.
 */
function makeLine() {
  const time = { now: 1_700_000_000_000 };
  const waits: number[] = [];
  const memory = memoryStore({ clock: () => time.now });
  /** By etag, since a put of another has another. */
  const marks = new Map<string, string>();
  const failures: { error: Error; when: "before" | "after" }[] = [];
  let calls = 0;
  let marked = 0;
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
        if (options?.mark !== undefined) marks.set(entry.etag, options.mark);
        return entry;
      }),
    async readExisting(key) {
      const found = await memory.get(key, LIMIT);
      return (
        found && {
          entry: found,
          mark: marks.get(found.etag),
          now: Math.floor(time.now / 1000) * 1000,
          holds: found.body.equals.bind(found.body),
        }
      );
    },
  };
  const options: RetryOptions = {
    clock: () => time.now,
    random: () => 1,
    newMark: () => `mark-${marked++}`,
    async wait(ms) {
      waits.push(ms);
      time.now += ms;
    },
  };
  return {
    driver,
    memory,
    time,
    options,
    waits,
    store: withRetry(driver, options),
    fail: (when: "before" | "after", ...errors: Error[]) =>
      failures.push(...errors.map((error) => ({ error, when }))),
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
    for (const error of [
      new StoreError("no"),
      new TooLarge("no"),
      new PreconditionFailed("no"),
      new TypeError("no"),
    ]) {
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

  it(
    "leaves the store alone for a put as long as it asks, and gives up where that is " +
      "longer than there is time",
    async () => {
      const { store, fail, waits } = makeLine();
      fail("before", busy(7000), busy(60_000));
      const error = await store.put("a", Buffer.from("x")).catch((reason: unknown) => reason);
      expect(waits).toEqual([7000]);
      expect(error).toMatchObject({ retryAfterMs: 60_000 });
      expect(String(error)).toContain("it asks to be left alone for 60 s (gave up after 2 tries in 7.0 s)");
    },
  );

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
    await expect(store.put("a", Buffer.from("same"), { ifNoneMatch: "*" })).rejects.toThrow(
      PreconditionFailed,
    );
  });

  it("tells who may not read what the put was told", async () => {
    const { driver, options, fail } = makeLine();
    const readExisting = () => Promise.reject(new StoreError("may not read"));
    const store = withRetry({ ...driver, readExisting }, options);
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

describe("withRetry: puts of one key", () => {
  const read = async (store: Store) => (await store.get("a", LIMIT))?.body.toString();

  it("lie over what was there before, and know their own first try", async () => {
    const { store, memory, fail, calls } = makeLine();
    await memory.put("a", Buffer.from("before"));
    fail("before", busy(), busy());
    expect(await store.put("a", Buffer.from("1"))).not.toHaveProperty("isOvertaken");
    expect(await read(memory)).toBe("1");
    fail("after", busy());
    const puts = calls();
    expect(await store.put("a", Buffer.from("2"))).toMatchObject({
      etag: (await memory.get("a", LIMIT))?.etag,
    });
    expect(calls() - puts).toBe(1);
    fail("before", busy());
    await store.put("new", Buffer.from("3"));
    expect(await memory.get("new", LIMIT)).toBeDefined();
  });

  it.each(["before", "after"] as const)(
    "lie over nothing newer of another process, tried again: failed %s",
    async (when) => {
      const { driver, options, memory, time, fail } = makeLine();
      await memory.put("a", Buffer.from("before"));
      const wait: RetryOptions["wait"] = async () => {
        time.now += 5000;
        await memory.put("a", Buffer.from("newer"));
      };
      fail(when, busy());
      const outcome = await withRetry(driver, { ...options, wait }).put("a", Buffer.from("older"));
      expect(outcome.isOvertaken).toBe(true);
      expect(await read(memory)).toBe("newer");
    },
  );

  it("lie over nothing that this process began later, though it may not look", async () => {
    const { driver, options, memory, time, fail } = makeLine();
    const readExisting = () => Promise.reject(new StoreError("may not read"));
    let later: Promise<unknown> | undefined;
    const wait: RetryOptions["wait"] = async (ms) => {
      time.now += ms;
      later ??= store.put("a", Buffer.from("newer"));
      await later;
    };
    const store: Store = withRetry({ ...driver, readExisting }, { ...options, wait });
    fail("before", busy());
    expect(await store.put("a", Buffer.from("older"))).toMatchObject({
      isOvertaken: true,
      key: "a",
      size: 5,
    });
    expect(await read(memory)).toBe("newer");
  });

  it("are made again where another wrote between the look and the write", async () => {
    const { driver, options, memory, time, fail } = makeLine();
    await memory.put("a", Buffer.from("before"));
    let looks = 0;
    const readExisting: RepeatableStore["readExisting"] = async (key) => {
      const found = await driver.readExisting(key);
      if (looks++ === 0) await memory.put("a", Buffer.from("between"));
      time.now += 2000;
      return found;
    };
    fail("before", busy());
    const outcome = await withRetry({ ...driver, readExisting }, options).put("a", Buffer.from("older"));
    expect([outcome.isOvertaken, looks, await read(memory)]).toEqual([undefined, 2, "older"]);
  });

  it("need no conditions of a server that knows none, nor a right to look", async () => {
    const { driver, options, memory, fail } = makeLine();
    const put: RepeatableStore["put"] = async (key, body, conditions) => {
      if (conditions?.ifMatch !== undefined) throw new StoreError("NotImplemented");
      return await driver.put(key, body, conditions);
    };
    await memory.put("a", Buffer.from("before"));
    for (const readExisting of [driver.readExisting, () => Promise.reject(new StoreError("may not read"))]) {
      fail("before", busy());
      await withRetry({ ...driver, put, readExisting }, options).put("a", Buffer.from("x"));
      expect(await read(memory)).toBe("x");
    }
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
