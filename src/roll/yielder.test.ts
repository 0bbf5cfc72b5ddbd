// Tests of yielding: how much is done in one go, whoever comes; and of sorting in slices.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../store/memory.ts";
import { countYields } from "../testing/yielder-double.ts";
import { createRefresh } from "./refresh.ts";
import { EMPTY_TABLE } from "./table.ts";
import { createYielder, inSlices, SLICE_BYTES, sortInSlices } from "./yielder.ts";

describe("a yielder", () => {
  it(
    "have no more bytes than a slice, but for one piece that is larger, however many " + "come at once",
    async () => {
      const sizes = fc.array(fc.nat({ max: 150 }), { maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(sizes, async (all) => {
          const yielder = countYields(100);
          await Promise.all(all.map((bytes) => yielder.spend(bytes)));
          expect(yielder.longest).toBeLessThanOrEqual(Math.max(100, ...all));
          expect(yielder.slices).toBeGreaterThanOrEqual(
            Math.ceil(all.reduce((sum, bytes) => sum + bytes, 0) / 150),
          );
        }),
      );
    },
  );

  it("goes round the parties, however much one of them has under way", async () => {
    const yielder = createYielder(async () => await new Promise(setImmediate), 100);
    const order: string[] = [];
    const work = async (party: string, turns: number) => {
      const own = yielder.of(party);
      for (let turn = 0; turn < turns; turn++) {
        await own.spend(100);
        order.push(party);
      }
    };
    const crowd = Array.from({ length: 64 }, () => work("crowd", 20));
    await Promise.all([work("one", 10), work("other", 10)]);
    // Three parties: a third of the turns each, but for the first.
    expect(order.filter((party) => party === "crowd").length).toBeLessThanOrEqual(12);
    await Promise.all(crowd);
    expect(order).toHaveLength(64 * 20 + 20);
  });

  it("lets one go on at a cost that does not follow how many wait behind it", async () => {
    // What is counted: steps over arrays, which copying a line takes one of for each who waits.
    const steps: { next(): unknown } = Object.getPrototypeOf([][Symbol.iterator]());
    const { next } = steps;
    let count = 0;
    steps.next = function (this: unknown) {
      count++;
      return next.call(this);
    };
    try {
      const yielder = createYielder(async () => undefined, 100);
      await Promise.all(Array.from({ length: 2000 }, async () => await yielder.of("crowd").spend(10)));
    } finally {
      steps.next = next;
    }
    expect(count).toBeLessThan(20 * 2000);
  });

  it("divide a loop over places", async () => {
    const yielder = countYields();
    const seen: number[] = [];
    await inSlices(
      1000,
      (from, bytes) => {
        const to = Math.min(1000, from + Math.ceil(bytes / SLICE_BYTES) * 7);
        for (let at = from; at < to; at++) seen.push(at);
        return to;
      },
      yielder,
    );
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, at) => at));
  });

  it("sort as Array.prototype.sort does, and in slices", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 50 }), { minLength: 0, maxLength: 3000, size: "max" }),
        async (numbers) => {
          const pairs = numbers.map((number, at) => ({ number, at }));
          const order = (a: { number: number }, b: { number: number }) => a.number - b.number;
          const yielder = countYields();
          expect(await sortInSlices(pairs, order, yielder)).toEqual(pairs.toSorted(order));
          if (numbers.length > 1024) expect(yielder.slices).toBeGreaterThan(2);
        },
      ),
      { numRuns: 30 },
    );
  });
});

it("reads a few large reports that arrive at once in slices of their bytes", async () => {
  const now = Date.UTC(2024, 2, 1);
  const store = memoryStore({ clock: () => now });
  for (let at = 0; at < 24; at++) {
    const body = JSON.stringify({
      update_date: "2024-03-01T00:00:00Z",
      instance_id: `i-${at}`,
      pad: "x".repeat(700_000),
    });
    await store.put(`reports/v1/local/i-${at}.json`, Buffer.from(body));
  }
  const yielder = countYields();
  const signal = new AbortController().signal;
  const refresh = createRefresh({
    store,
    table: EMPTY_TABLE,
    departures: [],
    now,
    retryUnreadable: false,
    signal,
    yielder,
  });
  const { table } = await refresh.run();
  expect(table.rowOf).toHaveLength(24);
  expect(yielder.longest).toBeLessThanOrEqual(SLICE_BYTES);
  // Once to judge them, once to pack them.
  expect(yielder.slices).toBeGreaterThanOrEqual(46);
});
