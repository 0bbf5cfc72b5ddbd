// Tests of harmless text: nothing that hosts write can command a terminal.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sanitizeLine } from "./safe-text.ts";

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
