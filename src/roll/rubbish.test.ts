// Tests of a store that somebody has filled with rubbish: bounded memory, honest counts, and the
// real reports none the worse.
import { expect, it } from "vitest";
import { memoryStore } from "../store/memory.ts";
import type { Entry, Store } from "../store/store.ts";
import { createRoll } from "./roll.ts";
import { readReports } from "./view.ts";

const NOW = Date.UTC(2026, 0, 1);
const MILLION = 1_000_000;

const NAMES: readonly ((index: number) => string)[] = [
  (index) => `reports/v1/../${index}.json`,
  (index) => `reports/v1/local/${index}/x.json`,
  (index) => `reports/v1/local/${"é".repeat(300)}${index}.json`,
  (index) => `reports/v1/local/\n"${index}.json`,
];

/** A store with one honest report and a million keys that no host may write. */
function makeRubbishStore(): Store & { gets: number } {
  const inner = memoryStore({ clock: () => NOW });
  const rubbish = {
    ...inner,
    gets: 0,
    get: async (key: string, options: { maxBytes: number }) => {
      rubbish.gets++;
      return await inner.get(key, options);
    },
    async *list(prefix: string, options: { shallow?: boolean } = {}) {
      yield* inner.list(prefix, options);
      if (options.shallow || prefix !== "reports/v1/") return;
      for (const [kind, name] of NAMES.entries()) {
        for (let at = 0; at < MILLION / NAMES.length; at += 1000) {
          yield Array.from({ length: 1000 }, (_, index): Entry => {
            const size = kind === 0 ? 5 * 2 ** 30 : 10;
            return { key: name(at + index), etag: "e", size, lastModified: NOW };
          });
        }
      }
    },
  };
  return rubbish;
}

it("a million keys of rubbish are counted, listed as far as is of use, and cost no download", async () => {
  const store = makeRubbishStore();
  await store.put(
    "reports/v1/local/good.json",
    Buffer.from('{"instance_id":"good","update_date":"2026-01-01T00:00:00Z"}'),
  );
  await store.put("reports/v1/local/large.json", Buffer.alloc(2 * 1024 * 1024, 0x20));
  const before = process.memoryUsage().heapUsed;
  const view = await createRoll({ store, clock: () => NOW }).view();
  expect(readReports(view.reports).map(({ id }) => id)).toEqual(["good"]);
  expect(view.problemCount).toBe(MILLION + 1);
  expect(view.problems).toHaveLength(10_000);
  for (const { key } of view.problems) expect(key.length).toBeLessThanOrEqual(1024);
  expect(store.gets).toBe(1);
  // Ten thousand problems of a few hundred bytes each; a million would be hundreds of MiB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 * 2 ** 20);
});
