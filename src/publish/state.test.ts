// Tests of the lease: one run at a time, whatever the clocks on the wall say.
import { expect, it } from "vitest";
import { memoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";
import { LEASE_MS, LeaseTaken, takeLease } from "./state.ts";

const NOW = Date.UTC(2024, 2, 1);
const DAY = 24 * 3_600_000;

function setUp() {
  const time = { wall: NOW, steady: 0 };
  const memory = memoryStore({ clock: () => time.wall });
  // As a bucket, whose clock is its own, and as a folder, whose file system is asked.
  const stores: readonly Store[] = [memory, { ...memory, now: async () => time.wall }];
  const take = (store: Store, holder: string, aheadMs = 0) =>
    takeLease(
      store,
      holder.slice(0, 1),
      () => time.wall + aheadMs,
      holder,
      () => time.steady,
    );
  return { time, stores, take };
}

it.each([0, 1])(
  "is not taken by one whose clock is two days ahead, and the holder goes on (store %i)",
  async (at) => {
    const { time, stores, take } = setUp();
    const store = stores[at] as Store;
    const lease = await take(store, "p-holder");
    await expect(take(store, "p-ahead", 2 * DAY)).rejects.toThrow(LeaseTaken);
    time.wall += LEASE_MS / 2;
    await lease.save({ done: 1 });
    await expect(take(store, "p-ahead", 2 * DAY)).rejects.toThrow(LeaseTaken);
    await lease.release();
    expect((await take(store, "p-ahead", 2 * DAY)).value).toEqual({ done: 1 });
  },
);

it.each([0, 1])("is taken from the dead when it is over by both clocks (store %i)", async (at) => {
  const { time, stores, take } = setUp();
  const store = stores[at] as Store;
  await take(store, "p-dead");
  time.wall += LEASE_MS + 1;
  await take(store, "p-next");
  const keys: string[] = [];
  for await (const page of store.list("")) keys.push(...page.map(({ key }) => key));
  expect(keys).toEqual(["publishers/v1/p.json"]);
});

it(
  "is taken from one whose clock was years ahead and who died, when it stood for as " +
    "long as a lease lasts",
  async () => {
    const { time, stores, take } = setUp();
    const store = stores[1] as Store;
    await take(store, "p-dead", 1000 * DAY);
    await expect(take(store, "p-next")).rejects.toThrow(LeaseTaken);
    time.steady += LEASE_MS - 1000;
    await expect(take(store, "p-next")).rejects.toThrow(LeaseTaken);
    time.steady += 2000;
    await take(store, "p-next");
  },
);
