// Tests of the matrix that the table shows.
import { describe, expect, it } from "vitest";
import { findColumns } from "./columns.ts";
import { createMatrix, SHADES, type Wish } from "./matrix.ts";
import type { VersionCount } from "./version-count.ts";

const ALL: Wish = { text: "", isOnlyBehind: false, whole: new Set() };

function count(
  field: string,
  value: string | null,
  by: Record<string, number>,
  behind = false,
): VersionCount {
  const [variant = "", version = ""] = value?.split("_") ?? [];
  const hosts = Object.values(by).reduce((sum, one) => sum + one, 0);
  return { field, value, variant, version, count: hosts, share: 0, share_of_variant: 0, behind, by };
}

function make(counts: readonly VersionCount[], wish: Partial<Wish> = {}, hosts = 100) {
  return createMatrix(counts, findColumns(counts, ["env"]), hosts, { ...ALL, ...wish });
}

const COUNTS = [
  count("m", "A_2", { prod: 60, stg: 1 }),
  count("m", "A_1", { prod: 20 }, true),
  count("m", "B_1", { prod: 0, stg: 9 }),
  count("m", null, { prod: 10 }),
  count("n", "C_1", { stg: 5 }),
];

describe("createMatrix", () => {
  it("has a section a field in the answer's order, a variant once, and who has no value beside", () => {
    const { sections, all, left, variantWidth } = make(COUNTS);
    expect({ all, left, variantWidth }).toEqual({ all: 4, left: 4, variantWidth: 1 });
    expect(sections.map(({ field, hosts, without }) => [field, hosts, without])).toEqual([
      ["m", 90, 10],
      ["n", 100, 0],
    ]);
    expect(sections[0]?.rows.map(({ isFirstOfVariant }) => isFirstOfVariant)).toEqual([true, false, true]);
  });

  it("shades a cell by its share of its column within the field", () => {
    const [section] = make(COUNTS).sections;
    const shades = section?.rows.map(({ cells }) => cells.map(({ shade }) => shade));
    expect(shades).toEqual([
      [Math.round((60 / 80) * SHADES), 1],
      [Math.round((20 / 80) * SHADES), 0],
      [0, Math.round((9 / 10) * SHADES)],
    ]);
  });

  it("keeps rows with the text, in whatever case, and only what is behind", () => {
    const texts = (wish: Partial<Wish>) =>
      make(COUNTS, wish).sections.flatMap(({ rows }) => rows.map(({ count: one }) => one.value));
    expect(texts({ text: "a_" })).toEqual(["A_2", "A_1"]);
    expect(texts({ text: "N" })).toEqual(["C_1"]);
    expect(texts({ isOnlyBehind: true })).toEqual(["A_1"]);
    expect(make(COUNTS, { text: "none" })).toMatchObject({ sections: [], all: 4, left: 0 });
  });

  it("bounds its cells, tells how many rows are not there, and gives more on a wish", () => {
    const groups = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`g${index}`, 1]));
    const many = Array.from({ length: 5000 }, (_, index) => count("m", `A_${index}`, groups));
    const [first] = make(many).sections;
    expect(first?.rows).toHaveLength(100);
    expect(first).toMatchObject({ more: 4900, next: 200 });
    const [whole] = make(many, { whole: new Set(["m"]) }).sections;
    expect(whole?.rows).toHaveLength(300);
    expect(whole).toMatchObject({ more: 4700, next: 0 });
  });
});
