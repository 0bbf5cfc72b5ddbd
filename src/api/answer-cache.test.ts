// Tests of what is kept of answers: never more than the bound, the older views' first.
import fc from "fast-check";
import { expect, it } from "vitest";
import { makeView } from "../testing/view-double.ts";
import { createAnswerCache } from "./answer-cache.ts";

const VIEW = makeView([]);

it("holds no more than its bound, whatever is kept, and lets go of what is of an older view first", () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant("set" as const),
      key: fc.nat({ max: 9 }),
      bytes: fc.nat({ max: 30_000 }),
      lasts: fc.boolean(),
    }),
    fc.record({ do: fc.constant("get" as const), key: fc.nat({ max: 9 }), lasts: fc.boolean() }),
    fc.record({ do: fc.constant("follow" as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const cache = createAnswerCache(50_000);
      const partitions = new Map([true, false].map((lasts) => [lasts, cache.openPartition<number>(lasts)]));
      const set = new Map<string, number>();
      let version = 1;
      cache.follow({ ...VIEW, version });
      for (const [at, one] of steps.entries()) {
        if (one.do === "follow") {
          version++;
          cache.follow({ ...VIEW, version });
          for (const key of set.keys()) if (key.startsWith("false")) set.delete(key);
        } else if (one.do === "set") {
          partitions.get(one.lasts)?.set(String(one.key), at, one.bytes);
          set.set(`${one.lasts}${one.key}`, at);
        } else {
          expect([undefined, set.get(`${one.lasts}${one.key}`)]).toContain(
            partitions.get(one.lasts)?.get(String(one.key)),
          );
        }
        expect(cache.bytes).toBeLessThanOrEqual(cache.maxBytes);
      }
    }),
  );
  const cache = createAnswerCache(30_000);
  const partition = cache.openPartition<string>(true);
  cache.follow({ ...VIEW, version: 1 });
  for (const key of ["a", "b"]) partition.set(key, key, 9000);
  cache.follow({ ...VIEW, version: 2 });
  partition.set("c", "c", 9000);
  partition.get("a");
  partition.set("d", "d", 9000);
  expect(["a", "b", "c", "d"].map((key) => partition.get(key))).toEqual(["a", undefined, "c", "d"]);
});

it("follows the size of the roll, above a floor, and forgets at once what only an older view has", () => {
  const cache = createAnswerCache(1000);
  const [lasting, passing] = [cache.openPartition<number>(true), cache.openPartition<number>(false)];
  const body = JSON.stringify({
    update_date: "2024-03-01T00:00:00Z",
    instance_id: "a",
    pad: "x".repeat(100_000),
  });
  cache.follow({ ...makeView([{ id: "a", ageMs: 0, body }]), version: 7 });
  expect(cache.maxBytes).toBeGreaterThan(100_000);
  lasting.set("k", 1, 10_000);
  passing.set("k", 2, 10_000);
  // Together with its key it would be more than there is room for.
  passing.set("huge", 3, cache.maxBytes);
  expect([lasting.get("k"), passing.get("k"), passing.get("huge")]).toEqual([1, 2, undefined]);
  cache.follow({ ...VIEW, version: 8, partial: { reason: "x", missing: 1 } });
  expect(passing.get("k")).toBe(2);
  cache.follow({ ...VIEW, version: 9 });
  expect([cache.maxBytes, cache.bytes, lasting.get("k"), passing.get("k")]).toEqual([
    1000,
    0,
    undefined,
    undefined,
  ]);
});
