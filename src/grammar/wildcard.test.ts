// Tests of wildcards.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileWildcard } from "./wildcard.ts";

describe("compileWildcard", () => {
  it.each([
    ["A_red_*", "A_red_1.1", true],
    ["A_red_*", "A_red_", true],
    ["A_red_*", "B_red_1.1", false],
    ["*", "", true],
    ["**", "x", true],
    ["a*b*c", "aXbYc", true],
    ["a*b*c", "acb", false],
    ["ab*ba", "aba", false],
    ["*b*", "abc", true],
    ["a\\*", "a*", true],
    ["a\\*", "ab", false],
    ["a\\\\*", "a\\x", true],
    ["", "", true],
    ["", "a", false],
    ["a", "A", false],
    ["赤_*", "赤_1.1", true],
    [".+", "ab", false],
  ])("%j on %j is %s", (pattern, value, expected) => {
    expect(compileWildcard(pattern)(value)).toBe(expected);
  });

  it("agrees with a regular expression", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
    const values = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 12 });
    fc.assert(
      fc.property(letters, values, (pattern, value) => {
        const expected = new RegExp(`^${pattern.replace(/\*+/g, ".*")}$`, "s").test(value);
        expect(compileWildcard(pattern)(value)).toBe(expected);
      }),
    );
  });

  it("takes a hostile pattern in linear steps", () => {
    const test = compileWildcard(`${"*a".repeat(500)}*b`);
    expect(test("a".repeat(100_000))).toBe(false);
  });
});

it("takes a time that the lengths decide, and says the same of long texts", () => {
  const long = "a".repeat(1_000_000);
  const half = "a".repeat(250);
  expect(compileWildcard(`*${half}b${half}*`)(long)).toBe(false);
  expect(compileWildcard(`*${half}b${half}*`)(`${long}b${long}`)).toBe(true);
  expect(compileWildcard(`*${"ab".repeat(300)}c*b*`)(`${"ab".repeat(3000)}c${"ab".repeat(3000)}`)).toBe(true);
  expect(compileWildcard(`*${"ab".repeat(300)}cc*`)(`${"ab".repeat(3000)}c${"ab".repeat(3000)}`)).toBe(false);
});
