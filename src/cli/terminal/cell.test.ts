// Tests of cells: nothing that hosts write can command a terminal.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatJson } from "./cell.ts";

/** Controls, separators of lines, and what turns the direction of writing. */
const DANGEROUS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

describe("formatJson", () => {
  const format = (json: string) => formatJson(Buffer.from(json), { start: 0, end: Buffer.byteLength(json) });

  it("makes one harmless line of any JSON", () => {
    const value = fc.jsonValue({
      stringUnit: fc.oneof(fc.constantFrom("\u001b", "\n", "\u202e", "\u009b"), fc.constant("a")),
    });
    fc.assert(
      fc.property(
        value,
        fc.constantFrom(0, 2),
        (json, space) => !DANGEROUS.test(format(JSON.stringify(json, null, space))),
      ),
    );
  });

  it.each([
    ["null", ""],
    ['"a"', "a"],
    ["1.50", "1.50"],
    ["12345678901234567890", "12345678901234567890"],
    ["false", "false"],
    ['["a", 1.0, ["b", null]]', "a,1.0,b,"],
    ['{ "\\u0061": [1.10, { }, null] }', '{"a":[1.10,{},null]}'],
  ])("writes %s as %s", (json, text) => {
    expect(format(json)).toBe(text);
  });
});
