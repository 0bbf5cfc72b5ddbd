// Tests of pages' names.
import fc from "fast-check";
import { expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import { namePage, SUMMARY_NAME } from "./page-name.ts";

it.each([
  ["payments", /^payments$/],
  ["payments-2", /^payments-2$/],
  ["Payments", /^payments-[0-9a-f]{10}$/],
  ["Zahlungen (EU)", /^zahlungen-eu-[0-9a-f]{10}$/],
  ["決済", /^決済-[0-9a-f]{10}$/],
  ["हिन्दी", /^हिन्दी-[0-9a-f]{10}$/],
  ["../../etc/passwd", /^etc-passwd-[0-9a-f]{10}$/],
  ["", /^none-[0-9a-f]{10}$/],
  ["\u202e\u3164", /^none-[0-9a-f]{10}$/],
  ["summary", /^summary-[0-9a-f]{10}$/],
  ["a-0123456789", /^a-0123456789-[0-9a-f]{10}$/],
  ["😀", /^none-[0-9a-f]{10}$/],
  ["x".repeat(5000), /^x{40}-[0-9a-f]{10}$/],
])("%j can be read in its page's name", (value, name) => {
  expect(namePage(value)).toMatch(name);
  expect(namePage(value)).toBe(namePage(value));
});

const value = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({
    unit: fc.constantFrom("a", "A", "ä", "a\u0308", "-", ".", "/", " ", "İ", "ß", "\0", "ﬁ", "Σ", "ς"),
    maxLength: 6,
  }),
);

it("no two values have one name, also where case and composition do not count", () => {
  const fold = (name: string) => name.normalize("NFKC").toLowerCase().normalize("NFC").toUpperCase();
  fc.assert(
    fc.property(value, value, (one, other) => {
      fc.pre(one !== other);
      expect(fold(namePage(one))).not.toBe(fold(namePage(other)));
    }),
    { numRuns: runs(400) },
  );
});

it("every name is safe as part of a file's name, of an address and of HTML, and short", () => {
  fc.assert(
    fc.property(value, (one) => {
      const name = namePage(one);
      expect(name).toMatch(/^[\p{L}\p{N}][\p{L}\p{M}\p{N}-]*$/u);
      expect(name).not.toBe(SUMMARY_NAME);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(131);
    }),
    { numRuns: runs(400) },
  );
});
