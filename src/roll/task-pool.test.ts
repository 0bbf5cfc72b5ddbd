// Tests of the task pool.
import fc from "fast-check";
import { expect, it } from "vitest";
import { createTaskPool } from "./task-pool.ts";

it("run every task once, in order, never more than so many at a time, whoever brings them", async () => {
  const brought = fc.array(fc.array(fc.nat({ max: 3 }), { maxLength: 12 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(brought, fc.integer({ min: 1, max: 4 }), async (lists, count) => {
      const pool = createTaskPool(count);
      const begun: string[] = [];
      let running = 0;
      const runs = lists.map(async (turns, list) => {
        // Some come later, when the tasks before may have ended already.
        for (let turn = 0; turn < list * 3; turn++) await null;
        const items = turns.map((turn, at) => ({ turn, name: `${list}-${String(at).padStart(2, "0")}` }));
        await pool.run(items, async ({ turn, name }) => {
          begun.push(name);
          running++;
          expect(running).toBeLessThanOrEqual(count);
          for (let step = 0; step < turn; step++) await new Promise(setImmediate);
          running--;
        });
        expect(begun.filter((name) => name.startsWith(`${list}-`))).toEqual(items.map(({ name }) => name));
      });
      await Promise.all(runs);
      expect(running).toBe(0);
    }),
  );
});

it("tell the first failure, begin none of its list after it, and go on with the others", async () => {
  const pool = createTaskPool(2);
  const begun: number[] = [];
  const failing = pool.run([1, 2, 3, 4], async (item) => {
    begun.push(item);
    await null;
    if (item === 2) throw new Error("two");
  });
  const other = pool.run([5, 6], async (item) => void begun.push(item));
  await expect(failing).rejects.toThrow("two");
  await other;
  expect(begun).toContain(6);
  expect(begun).not.toContain(4);
});
