// Tests of the filter in the address.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatAbsent,
  formatEquals,
  formatFilter,
  formatPresent,
  parseFilter,
  toParameters,
} from "./filter.ts";

describe("parseFilter", () => {
  it.each([
    [undefined, [], ""],
    ["env=prod  A_red service=web x", ["env=prod", "service=web"], "A_red x"],
    ["app_version<1.10 a!=b", ["app_version<1.10", "a!=b"], ""],
    ['"name=my host" "two words"', ["name=my host"], "two words"],
    ['name="my host"', ["name=my host"], ""],
    ["env=prod env=prod", ["env=prod"], ""],
    ["=x", [], "=x"],
    ['"name=a \\"b\\" \\\\"', ['name=a "b" \\'], ""],
  ])("reads %j", (q, conditions, text) => {
    expect(parseFilter(q)).toEqual({ conditions, text });
  });

  it("reads the conditions that formatFilter wrote, whatever is in them", () => {
    const condition = fc
      .tuple(fc.string({ minLength: 1, unit: "grapheme" }), fc.string({ unit: "grapheme" }))
      .filter(([name]) => name.trim() !== "")
      .map(([name, value]) => formatEquals(name, value));
    fc.assert(
      fc.property(fc.uniqueArray(condition, { maxLength: 4 }), (conditions) => {
        expect(parseFilter(formatFilter({ conditions, text: "" })).conditions).toEqual(conditions);
      }),
    );
  });
});

describe("conditions", () => {
  it("mean the very value: no wildcard, no operator", () => {
    const filter = (condition: string) => toParameters({ conditions: [condition], text: "" });
    expect(filter(formatEquals("a", "x*y\\z"))).toEqual([["a", "x\\*y\\\\z"]]);
    expect(filter(formatEquals("a", "lt:1"))).toEqual([["a", "eq:lt:1"]]);
    expect(filter(formatEquals("state", "x"))).toEqual([["field.state", "x"]]);
    expect(filter(formatEquals("a=b<c", "x=y"))).toEqual([["a\\=b\\<c", "x=y"]]);
    expect(filter(formatAbsent("a"))).toEqual([["a", "not:*"]]);
    expect(filter(formatPresent("a"))).toEqual([["a", "*"]]);
  });
});
