// Waits between tries.
import { expect, it } from "vitest";
import { drawWait } from "./backoff.ts";

it("draws anything from nothing to a bound that doubles up to the cap", () => {
  const backoff = { first: 1000, cap: 8000 };
  expect([1, 2, 3, 4, 5, 60].map((attempt) => drawWait(attempt, 1, backoff))).toEqual([1000, 2000, 4000, 8000, 8000, 8000]);
  expect(drawWait(3, 0, backoff)).toBe(0);
  expect(drawWait(3, 0.25, backoff)).toBe(1000);
});
