// Tests of the matrix's columns.
import { describe, expect, it } from "vitest";
import { findColumns, findHeadings } from "./columns.ts";
import type { VersionCount } from "./version-count.ts";

const row = (by: Record<string, number>, value: string | null = "A_1"): VersionCount => ({
  ...{ field: "m", value, variant: "A", version: "1", count: 1, share: 1, share_of_variant: 1 },
  behind: false,
  by,
});

describe("findColumns", () => {
  it("orders by each label as people count, who has none and the others last", () => {
    const rows = [row({ "…": 1, "prod/": 1, "prod/s10": 1 }), row({ "prod/s9": 1, "dev/s1": 1, "/": 1 })];
    expect(findColumns(rows, ["env", "service"]).map(({ key }) => key)).toEqual([
      "dev/s1",
      "prod/s9",
      "prod/s10",
      "prod/",
      "/",
      "…",
    ]);
  });

  it("leaves out groups whose hosts have no value", () => {
    expect(findColumns([row({ prod: 1 }), row({ "": 3 }, null)], ["env"])).toHaveLength(1);
    expect(findColumns([row({})], [])).toEqual([]);
  });

  it("does not guess which label a / belongs to", () => {
    const columns = findColumns([row({ "a/b/c": 1, "a/b": 1 })], ["env", "service"]);
    expect(columns.map(({ key, values }) => [key, values])).toEqual([
      ["a/b", ["a", "b"]],
      ["a/b/c", undefined],
    ]);
  });

  it("takes a group called __proto__ for one", () => {
    const groups = Object.fromEntries([["__proto__", 2]]);
    expect(findColumns([row(groups)], ["env"])).toMatchObject([{ values: ["__proto__"] }]);
  });
});

describe("findHeadings", () => {
  it("has a row a label, and joins what is the same", () => {
    const columns = findColumns([row({ "prod/a": 1, "prod/b": 1, "stg/a": 1, "…": 1 })], ["env", "service"]);
    const [groups, last] = findHeadings(columns, 2);
    expect(groups?.map(({ text, columns: width }) => [text, width])).toEqual([
      ["prod", 2],
      ["stg", 1],
      ["", 1],
    ]);
    expect(last?.map(({ text, values }) => [text, values])).toEqual([
      ["a", ["prod", "a"]],
      ["b", ["prod", "b"]],
      ["a", ["stg", "a"]],
      ["…", undefined],
    ]);
  });
});
