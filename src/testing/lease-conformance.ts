// What a lease promises over any store, as tests: one holder at a time, by the store's clock.
import { expect, it, onTestFinished } from "vitest";
import type { Clock } from "../report/clock.ts";
import { LEASE_MS, LeaseTaken, takeLease } from "../store/lease.ts";
import type { Store } from "../store/store.ts";

const [MINUTE, DAY] = [60_000, 24 * 3_600_000];

/** Stores tell whole seconds. */
const SLACK_MS = 2000;

const KEY = "publishers/v1/lease.json";

/**
 * Makes the tests.
 *
 * @param makePlace makes a place with nothing in it, and opens it as one whose clock is as given:
 *   real to the last request
 */
export function describeLease(makePlace: () => Promise<(clock: Clock) => Promise<Store>>): void {
  /** The store's clock goes ahead of its real time as it is told, and so do those of holders. */
  async function setUp() {
    const open = await makePlace();
    const time = { passed: 0 };
    const openAt = async (aheadMs: number): Promise<Store> => {
      const real = await open(() => Date.now() + aheadMs);
      onTestFinished(async () => await real.close?.());
      const { now } = real;
      return {
        ...real,
        put: async (key, body, options) => {
          const outcome = await real.put(key, body, options);
          return { ...outcome, lastModified: outcome.lastModified + time.passed };
        },
        ...(now && { now: async () => (await now.call(real)) + time.passed }),
      };
    };
    const store = await openAt(0);
    const take = async (holder: string, aheadMs = 0, over?: Store) =>
      await takeLease({
        store: over ?? (aheadMs === 0 ? store : await openAt(aheadMs)),
        key: KEY,
        clockKey: "publishers/v1/clock",
        task: "run of wiki",
        clock: () => Date.now() + time.passed + aheadMs,
        monotonic: () => time.passed,
        holder,
      });
    const etagOf = async () => (await store.get(KEY, { maxBytes: 10_000 }))?.etag;
    return { store, time, take, etagOf };
  }

  it("is held by one of many who want it at once", async () => {
    const { take } = await setUp();
    const tries = await Promise.allSettled(Array.from({ length: 8 }, (_, at) => take(`holder-${at}`)));
    const refused = tries.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
    expect(refused).toHaveLength(7);
    for (const error of refused) expect(error).toBeInstanceOf(LeaseTaken);
  });

  it("is let go at once, with what was saved in it", async () => {
    const { take } = await setUp();
    const lease = await take("first");
    await lease.save({ done: 1 });
    await expect(take("second")).rejects.toThrow(/^another run of wiki goes on until .+Z at the latest$/);
    await lease.release();
    expect((await take("second")).value).toEqual({ done: 1 });
  });

  it("is over by the store's clock alone, whatever its holder's and the other's say", async () => {
    for (const aheadMs of [-1000 * DAY, 0, 1000 * DAY]) {
      const { time, take } = await setUp();
      const lease = await take("first", aheadMs);
      await expect(take("second", -aheadMs)).rejects.toThrow(LeaseTaken);
      time.passed += LEASE_MS - MINUTE;
      await expect(take("second", 1000 * DAY)).rejects.toThrow(LeaseTaken);
      time.passed += MINUTE + SLACK_MS;
      const next = await take("second", -aheadMs);
      // The first was away for too long, and hears of it before it does anything.
      await expect(lease.renew()).rejects.toThrow("another run of wiki has taken over");
      await expect(lease.save(1)).rejects.toThrow(LeaseTaken);
      await expect(lease.release()).rejects.toThrow(LeaseTaken);
      await next.save(2);
    }
  });

  it("is renewed by a request a minute, however often that is asked for", async () => {
    const { time, take, etagOf } = await setUp();
    const lease = await take("first");
    const taken = await etagOf();
    // The wall's clock goes on meanwhile.
    time.passed += MINUTE / 2;
    await lease.renew();
    expect(await etagOf()).toBe(taken);
    time.passed += MINUTE / 2;
    await lease.renew();
    expect(await etagOf()).not.toBe(taken);
  });

  it("that stood for as long as it lasts is over, though the store's clock was set back", async () => {
    const { store, time, take } = await setUp();
    await take("dead");
    const back: Store = { ...store, now: async () => Date.now() - 1000 * DAY };
    await expect(take("next", 0, back)).rejects.toThrow(LeaseTaken);
    time.passed += LEASE_MS - 1000;
    await expect(take("next", 0, back)).rejects.toThrow(LeaseTaken);
    time.passed += 2000;
    await take("next", 0, back);
  });

  it("is nobody's where what lies there cannot be read, and leaves nothing else behind", async () => {
    const { store, take } = await setUp();
    for (const body of ["", "null", "{", '{"schema":2}', "[]"]) {
      await store.put(KEY, Buffer.from(body));
      const lease = await take("holder");
      expect(lease.value).toBeUndefined();
      await expect(take("other")).rejects.toThrow(LeaseTaken);
    }
    const keys: string[] = [];
    for await (const page of store.list("publishers/")) keys.push(...page.map(({ key }) => key));
    expect(keys).toEqual([KEY]);
  });

  it("is taken again by the same holder", async () => {
    const { take } = await setUp();
    await (await take("first")).save("kept");
    expect((await take("first")).value).toBe("kept");
  });
}
