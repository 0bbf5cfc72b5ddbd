// Waits between tries.
import { describe, expect, it } from "vitest";
import { drawWait, readRetryAfter } from "./backoff.ts";

it("draws anything from nothing to a bound that doubles up to the cap", () => {
  const backoff = { first: 1000, cap: 8000 };
  expect([1, 2, 3, 4, 5, 60].map((attempt) => drawWait(attempt, 1, backoff))).toEqual([
    1000, 2000, 4000, 8000, 8000, 8000,
  ]);
  expect(drawWait(3, 0, backoff)).toBe(0);
  expect(drawWait(3, 0.25, backoff)).toBe(1000);
});

describe("readRetryAfter", () => {
  const NOW = Date.UTC(2024, 1, 29, 12);
  const at = (ms: number) => new Date(NOW + ms).toUTCString();

  it.each([
    [{ retryAfter: "7" }, 7000],
    [{ retryAfter: " 0 " }, 0],
    [{ retryAfter: "99999999999999999999" }, 24 * 3_600_000],
    [{ retryAfter: at(30_000) }, 30_000],
    [{ retryAfter: at(30_000), date: at(20_000) }, 10_000],
    [{ retryAfter: at(-30_000) }, 0],
    [{ retryAfter: "Thursday, 29-Feb-24 12:00:05 GMT" }, 5000],
    [{ retryAfter: "soon" }, undefined],
    [{ retryAfter: "-5" }, undefined],
    [{ retryAfter: "" }, undefined],
    [{ retryAfter: null }, undefined],
    [{}, undefined],
  ])("%j: %s", (headers, expected) => {
    expect(readRetryAfter(headers, NOW)).toBe(expected);
  });

  it("makes waits that are no shorter, and not all the same", () => {
    expect(drawWait(1, 0, { first: 1000, cap: 5000 }, 7000)).toBe(7000);
    expect(drawWait(1, 1, { first: 1000, cap: 5000 }, 7000)).toBe(8750);
    expect(drawWait(9, 1, { first: 1000, cap: 60_000 }, 7000)).toBe(60_000);
  });
});
