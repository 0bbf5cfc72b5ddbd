// Tests of instants in a URL.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { parseInstant } from "./instant.ts";

it("reads ISO 8601 with an offset", () => {
  const at = Date.UTC(2026, 10, 26, 9, 0, 0);
  for (const text of [
    "2026-11-26T09:00:00Z",
    "2026-11-26T09:00Z",
    "2026-11-26T18:00:00+09:00",
    "2026-11-26T18:00+0900",
    "2026-11-26T18:00:00.000+09",
    "2026-11-26t05:00:00-04:00",
  ])
    expect(parseInstant(text)).toBe(at);
  expect(parseInstant("2026-11-26T09:00:00.250Z")).toBe(at + 250);
});

it("says what to write instead", () => {
  expect(() => parseInstant("2026-11-26T18:00:00 09:00")).toThrow(
    'a "+" stands for a blank; write 2026-11-26T18:00:00%2B09:00',
  );
  expect(() => parseInstant("2026-11-26T18:00 0900")).toThrow("write 2026-11-26T18:00%2B0900");
  expect(() => parseInstant("2026-11-26T18:00")).toThrow("write an offset: 2026-11-26T18:00Z");
  expect(() => parseInstant("2026-11-26")).toThrow("2026-11-26T00:00:00Z");
  for (const text of ["", "yesterday", "1764150000", "2026-02-30T00:00:00Z", "2026-11-26T25:00:00Z"])
    expect(() => parseInstant(text)).toThrow("is no time; write ISO 8601 with an offset");
});

it("reads what JavaScript writes", () => {
  const years = { min: Date.UTC(1971, 0, 1), max: Date.UTC(9999, 0, 1) };
  return fc.assert(
    fc.property(fc.integer(years), (at) => {
      expect(parseInstant(new Date(at).toISOString())).toBe(at);
    }),
  );
});
