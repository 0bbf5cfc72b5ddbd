// Tests of spans of time for people.
import { expect, it } from "vitest";
import { formatSpan } from "./span-text.ts";

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
