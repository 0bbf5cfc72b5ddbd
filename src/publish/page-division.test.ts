// Tests of dividing blocks among pages: what stands where, and how much is looked at for it.
import fc from "fast-check";
import { expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import type { Block } from "./markdown-text.ts";
import { divideBlocks, measureText } from "./page-division.ts";
import { linkTo, MAX_LINK_BYTES } from "./page-links.ts";

/** Measures the whole page before each row, and so needs no sums. */
function divideByMeasuring(blocks: readonly Block[], room: number): string[] {
  const bodies = [""];
  const fits = (more: string) => measureText(`${bodies.at(-1)}${more}`) <= room;
  const add = (text: string) => void bodies.push(`${bodies.pop()}${text}`);
  for (const { head, rows } of blocks) {
    if (!fits(head + (rows[0] ?? ""))) bodies.push("");
    add(head);
    for (const row of rows) {
      if (!fits(row)) bodies.push(head);
      add(row);
    }
    add("\n");
  }
  return bodies.filter((body) => body !== "");
}

const text = fc
  .array(fc.constantFrom("a", "é", "語", "| x |\n", linkTo("part-1"), "\u{1f600}"), { maxLength: 8 })
  .map((pieces) => `${pieces.join("")}\n`);

it("fills each page as far as it goes, and begins a table anew on the next", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ head: text, rows: fc.array(text, { maxLength: 8 }) }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 3000 }),
      (blocks, room) => {
        expect(divideBlocks(blocks, room)).toEqual(divideByMeasuring(blocks, room));
      },
    ),
    { numRuns: runs(500) },
  );
});

it("counts a link as long as it may become", () => {
  expect(measureText(`é${linkTo("summary")}`)).toBe(
    Buffer.byteLength(`é${linkTo("summary")}`) + MAX_LINK_BYTES,
  );
});

it("looks at each text once, however long the page", () => {
  const blocks = [{ head: "| a |\n", rows: Array.from({ length: 5000 }, (_, at) => `| ${at} |\n`) }];
  const length = blocks.flatMap(({ head, rows }) => [head, ...rows]).join("").length;
  let looked = 0;
  const measure = (one: string) => {
    looked += one.length;
    return measureText(one);
  };
  for (const room of [10_000, 1_000_000]) {
    looked = 0;
    divideBlocks(blocks, room, measure);
    expect(looked).toBe(length);
  }
});
