// Tests of whether reports have a field: each is looked at once, and only the chosen ones count.
import { expect, it } from "vitest";
import { makeView } from "../testing/view-double.ts";
import { createPresenceReader } from "./field-presence.ts";

const REPORTS = Array.from({ length: 40 }, (_, at) => ({
  id: `i-${String(at).padStart(2, "0")}`,
  ageMs: 0,
  body: JSON.stringify({
    instance_id: `i-${String(at).padStart(2, "0")}`,
    update_date: "2024-03-01T00:00:00Z",
    ...(at === 33 && { disks: [{ gpu: null }] }),
  }),
}));

/** Counts the bytes of the reports that are looked at. */
function makeYielder() {
  const spent: number[] = [];
  return {
    spent,
    spend(bytes: number) {
      spent.push(bytes);
      return undefined;
    },
  };
}

it("finds a field that one report has, and looks at none twice", async () => {
  const { reports: table } = makeView(REPORTS);
  const all = Uint32Array.from(table.rowOf, (_, at) => at);
  const isPresent = createPresenceReader();
  const yielder = makeYielder();
  expect(await isPresent({ table, positions: all }, ["disks", "gpu"], yielder)).toBe(true);
  expect(yielder.spent.length).toBe(34);
  expect(await isPresent({ table, positions: all }, ["disks", "gpu"], yielder)).toBe(true);
  expect(yielder.spent.length).toBe(34);
  // The one that has it is not among these.
  expect(await isPresent({ table, positions: all.slice(0, 30) }, ["disks", "gpu"], yielder)).toBe(false);
  expect(yielder.spent.length).toBe(34);
  expect(await isPresent({ table, positions: all.slice(33) }, ["disks", "gpu"], yielder)).toBe(true);
});

it("a field that nobody has is looked for once", async () => {
  const { reports: table } = makeView(REPORTS);
  const positions = Uint32Array.from(table.rowOf, (_, at) => at);
  const isPresent = createPresenceReader();
  const yielder = makeYielder();
  for (let turn = 0; turn < 3; turn++)
    expect(await isPresent({ table, positions }, ["nobody"], yielder)).toBe(false);
  expect(yielder.spent.length).toBe(40);
});
