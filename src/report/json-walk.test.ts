// Tests of comparing texts: what looks the same is the same, and no text takes longer than its
// length allows.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalizeText } from "./normal-text.ts";

const marks = (count: number) => "\u0301\u0316".repeat(count / 2);

describe("a text, normalized", () => {
  it("is the same for each way to write the same letters", () => {
    expect(normalizeText("cafe\u0301")).toBe("café");
    expect(normalizeText("\u212b")).toBe("å".toUpperCase());
    expect(normalizeText(`a${marks(30)}`)).toBe(`a${marks(30)}`.normalize("NFC"));
  });

  it("is what Unicode's NFC makes of it, for all texts of languages", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "é", "e", "\u0301", "\u0316", "각", "ᄀ", "ᅡ", "\u02ff", "漢", "😀"),
    });
    fc.assert(
      fc.property(text, (one) => {
        expect(normalizeText(one)).toBe(/\p{M}{31}/u.test(one) ? one : one.normalize("NFC"));
      }),
    );
    const latin = Array.from({ length: 0x300 }, (_, at) => String.fromCharCode(at)).join("");
    expect(latin.normalize("NFC")).toBe(latin);
  });

  // A megabyte of marks took minutes to put in order.
  it("stays as it is where no language has so many marks in a row", () => {
    for (const count of [32, 1_000_000]) expect(normalizeText(`a${marks(count)}`)).toBe(`a${marks(count)}`);
  });
});
