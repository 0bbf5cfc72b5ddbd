// Tests of compaction: the same rows, in fewer bytes.
import fc from "fast-check";
import { expect, it } from "vitest";
import { makeStoreDouble } from "../testing/store-double.ts";
import { compactTable } from "./compaction.ts";
import { createRoll } from "./roll.ts";
import { createSegmentBuilder } from "./segment.ts";
import { createTableBuilder, keyAt } from "./table.ts";
import { readReport } from "./view.ts";

/** A table over segments of some rows each, of which only some are in use. */
function makeTable(segments: readonly (readonly boolean[])[], bodyBytes: number) {
  const rows: { key: string; segment: number; row: number }[] = [];
  const built = segments.map((uses, segment) => {
    const builder = createSegmentBuilder();
    for (const [row, isUsed] of uses.entries()) {
      const place = String((row * 31 + segment * 17) % 97).padStart(2, "0");
      const key = `reports/v1/local/h${place}-${segment}-${row}.json`;
      const body = Buffer.alloc(bodyBytes, key);
      builder.add(key, key, {
        id: "x",
        body,
        updatedAt: segment,
        insertion: { offset: row, kind: "object" },
      });
      if (isUsed) rows.push({ key, segment, row });
    }
    return builder.build();
  });
  rows.sort((a, b) => (a.key < b.key ? -1 : 1));
  const table = createTableBuilder(rows.length);
  for (const { segment, row } of rows) table.push(segment, row, segment * 1000 + row);
  return table.build(built);
}

it("keeps every row as it is, and no segment that is not in use", () => {
  const uses = fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }), { maxLength: 20 });
  fc.assert(
    fc.property(uses, fc.constantFrom(10, 300_000), (segments, bodyBytes) => {
      const table = makeTable(segments, bodyBytes);
      const compact = compactTable(table);
      expect(compact.rowOf.length).toBe(table.rowOf.length);
      for (let at = 0; at < table.rowOf.length; at++) {
        expect(keyAt(compact, at)).toBe(keyAt(table, at));
        const [before, after] = [readReport(table, at), readReport(compact, at)];
        expect(after.body.equals(before.body)).toBe(true);
        expect({ ...after, body: 0 }).toEqual({ ...before, body: 0 });
      }
      expect(new Set(compact.segmentOf).size).toBe(compact.segments.length);
    }),
    { numRuns: 40 },
  );
});

it("holds little more than the newest bodies after a day of changes, in few segments", async () => {
  const { store, clock, put, report, advance } = makeStoreDouble();
  const pad = "x".repeat(20_000);
  const roll = createRoll({ store, clock });
  for (let round = 0; round < 100; round++) {
    for (let index = 0; index < 10; index++) {
      const id = `host-${String((round * 7 + index * 13) % 100).padStart(2, "0")}`;
      await put(`reports/v1/local/${id}.json`, report(id, { round, pad }));
    }
    advance(2000);
    const { reports } = await roll.view();
    const live = reports.rowOf.length * 20_100;
    const held = reports.segments.reduce((sum, { bodies }) => sum + bodies.buffer.byteLength, 0);
    expect(held).toBeLessThan(live * 1.5 + 9 * 10 * 20_100);
    expect(reports.segments.length).toBeLessThan(14);
  }
});
