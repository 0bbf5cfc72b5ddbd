// Tests of cells: nothing that hosts write can command a terminal.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatJson, formatSpan } from "./cell.ts";
import { sanitizeLine } from "./terminal-text.ts";

/** Controls, separators of lines, and what turns the direction of writing. */
const DANGEROUS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

const nasty = fc.string({
  unit: fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    fc.constantFrom("\u001b", "\n", "\u009b", "\u202e", "\u2028", "\u061c"),
  ),
});

describe("sanitizeLine", () => {
  it("leaves no control character", () => {
    fc.assert(fc.property(nasty, (text) => !DANGEROUS.test(sanitizeLine(text))));
  });

  it("keeps what is harmless", () => {
    expect(sanitizeLine("本番 é 👩 a-b")).toBe("本番 é 👩 a-b");
    expect(sanitizeLine("\u001b[2J")).toBe("\\u001b[2J");
  });
});

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

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

it.each([
  [-5 * SECOND, "0s"],
  [0, "0s"],
  [499, "0s"],
  [12 * SECOND, "12s"],
  [59_499, "59s"],
  [59_500, "1m"],
  [5 * MINUTE + 59 * SECOND, "5m"],
  [HOUR, "1h"],
  [HOUR + 40 * MINUTE, "1h40m"],
  [DAY - SECOND, "23h59m"],
  [DAY, "1d"],
  [3 * DAY + 4 * HOUR, "3d4h"],
])("formats %d ms as %s", (ms, text) => {
  expect(formatSpan(ms)).toBe(text);
});
