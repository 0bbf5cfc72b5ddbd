// Tests of what identifies the content of fields: it is the same exactly where hosts and bytes are.
import fc from "fast-check";
import { expect, it } from "vitest";
import { SHARED_YIELDER } from "../roll/yielder.ts";
import { runs } from "../testing/runs.ts";
import { makeView } from "../testing/view-double.ts";
import { createContentReader } from "./content-reader.ts";
import { compileProjection } from "./projection.ts";

const PATHS = [["a"], ["list", "b"]];

const report = fc.record({
  id: fc.constantFrom("i-1", "i-2", "i-3", "i-4"),
  a: fc.constantFrom(1, 2, "1", null, undefined),
  list: fc.constantFrom([], [{ b: 1 }], [{ b: 1, c: 2 }], [{ c: 2 }], undefined),
  noise: fc.nat(3),
});
const fleet = fc
  .uniqueArray(report, { selector: ({ id }) => id, maxLength: 4 })
  .map((reports) => reports.toSorted((a, b) => (a.id < b.id ? -1 : 1)));

it("is the same exactly where the hosts and what the fields hold are", async () => {
  const reader = createContentReader();
  const cut = compileProjection(PATHS);
  await fc.assert(
    fc.asyncProperty(fleet, fleet, async (one, other) => {
      const [first, second] = [one, other].map((reports) =>
        reports.map(({ id, ...rest }) => ({
          id,
          ageMs: rest.noise * 1000,
          etag: `${id}-${rest.noise}`,
          body: JSON.stringify({
            instance_id: id,
            update_date: `2024-03-01T00:00:0${rest.noise}Z`,
            ...rest,
          }),
        })),
      );
      const shown = [first, second].map((reports = []) =>
        reports.map(({ id, body }) => `${id} ${cut(Buffer.from(body))}`).join("\n"),
      );
      const digests: string[] = [];
      for (const reports of [first, second]) {
        const { reports: table } = makeView(reports ?? []);
        const positions = Uint32Array.from(table.rowOf, (_, at) => at);
        // The second time from what is kept.
        for (const by of [reader, reader, createContentReader()])
          digests.push(await by.digest({ table, positions }, PATHS, SHARED_YIELDER));
      }
      expect(new Set(digests.slice(0, 3)).size).toBe(1);
      expect(new Set(digests.slice(3)).size).toBe(1);
      expect(digests[0] === digests[3]).toBe(shown[0] === shown[1]);
    }),
    { numRuns: runs(300) },
  );
});

it("looks at each report once for the same fields", async () => {
  const reader = createContentReader();
  const reports = ["i-1", "i-2"].map((id) => ({
    id,
    ageMs: 0,
    body: JSON.stringify({ instance_id: id, update_date: "2024-03-01T00:00:00Z", a: "x".repeat(10_000) }),
  }));
  const { reports: table } = makeView(reports);
  const spent: number[] = [];
  const yielder = {
    spend(bytes: number) {
      spent.push(bytes);
      return undefined;
    },
  };
  const positions = Uint32Array.of(0, 1);
  await reader.digest({ table, positions }, PATHS, yielder);
  expect(spent.length).toBe(2);
  await reader.digest({ table, positions }, [...PATHS].reverse(), yielder);
  expect(spent.length).toBe(2);
});
