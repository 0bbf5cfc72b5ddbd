// Freshness is a difference and nothing else.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import { judgeFreshness } from "./freshness.ts";
import { DEFAULT_WINDOW_MS, EXPIRY_MS, RECEIPT_TOLERANCE_MS } from "./limits.ts";

const HOUR = 60 * 60 * 1000;

describe("judgeFreshness", () => {
  it.each([
    [0, "fresh"],
    [1, "fresh"],
    [DEFAULT_WINDOW_MS, "fresh"],
    [DEFAULT_WINDOW_MS + 1, "silent"],
    [EXPIRY_MS, "silent"],
    [EXPIRY_MS + 1, "gone"],
    [365 * EXPIRY_MS, "gone"],
    [-1, "fresh"],
    [-RECEIPT_TOLERANCE_MS, "fresh"],
    [-RECEIPT_TOLERANCE_MS - 1, "future"],
    [-365 * EXPIRY_MS, "future"],
  ])("calls an age of %d ms %s", (age, state) => {
    const now = Date.UTC(2024, 0, 1);
    expect(judgeFreshness(now - age, now, DEFAULT_WINDOW_MS)).toBe(state);
  });

  it("depends on the difference only", () => {
    const time = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });
    const age = fc.integer({ min: -2 * EXPIRY_MS, max: 3 * EXPIRY_MS });
    fc.assert(
      fc.property(
        time,
        time,
        age,
        fc.integer({ min: 0, max: 2 * EXPIRY_MS }),
        (one, other, difference, window) => {
          expect(judgeFreshness(one - difference, one, window)).toBe(
            judgeFreshness(other - difference, other, window),
          );
        },
      ),
      { numRuns: runs(400) },
    );
  });

  it.each([
    ["midnight in UTC", Date.UTC(2023, 11, 12)],
    ["midnight in Tokyo", Date.UTC(2023, 11, 11, 15)],
    ["the end of a month", Date.UTC(2023, 3, 30, 15)],
    ["the end of a year", Date.UTC(2023, 11, 31, 15)],
    ["the start of a leap day", Date.UTC(2024, 1, 29)],
    ["the end of a leap day", Date.UTC(2024, 2, 1)],
    ["summer time begins in New York", Date.UTC(2024, 2, 10, 7)],
    ["summer time ends in New York", Date.UTC(2024, 10, 3, 6)],
    ["the epoch", 0],
  ])("is the same across %s", (_, moment) => {
    for (const [age, state] of [
      [HOUR, "fresh"],
      [2 * HOUR, "fresh"],
      [2 * HOUR + 1, "silent"],
      [24 * HOUR, "silent"],
      [24 * HOUR + 1, "gone"],
    ] as const) {
      // The moment lies just after receipt, in the middle, and just before the question.
      for (const since of [1, age / 2, age - 1]) {
        expect(judgeFreshness(moment - age + since, moment + since, 2 * HOUR)).toBe(state);
      }
    }
  });

  it("takes a window of nothing and one beyond expiry at their word", () => {
    expect(judgeFreshness(1000, 1000, 0)).toBe("fresh");
    expect(judgeFreshness(1000, 1001, 0)).toBe("silent");
    expect(judgeFreshness(0, 2 * EXPIRY_MS, 2 * EXPIRY_MS)).toBe("fresh");
    expect(judgeFreshness(0, 2 * EXPIRY_MS + 1, 2 * EXPIRY_MS)).toBe("gone");
  });
});
