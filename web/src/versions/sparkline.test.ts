// Tests of the line of a sparkline.
import { expect, it } from "vitest";
import { drawLine } from "./sparkline.tsx";

it("goes from the lowest to the highest, and is broken where it cannot be told", () => {
  expect(drawLine([0, 5, 10], 10)).toBe("M1 15h0L36 8L71 1");
  expect(drawLine([10, null, 0], 10)).toBe("M1 1h0M71 15h0");
  expect(drawLine([null, null], 1)).toBe("");
});
