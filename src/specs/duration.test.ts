// Durations, both ways.
import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

describe("durations", () => {
  it.each([
    ["500ms", 500],
    ["5s", 5000],
    ["1m", 60_000],
    ["2h", 7_200_000],
    ["0s", 0],
    ["1d", 86_400_000],
    ["336h", 1_209_600_000],
  ])("%s is %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
    expect(parseDuration(formatDuration(ms))).toBe(ms);
  });

  it.each([
    "",
    "5",
    "5 s",
    "-5s",
    "1.5s",
    "5S",
    "5s ",
    "1h30m",
    "9999999999s",
    "337h",
    "15d",
    "720h",
    "999999999d",
    "1209600001ms",
    "1e3s",
    "٥s",
  ])("%j is none", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it("are written in the largest whole unit", () => {
    expect([90_000, 7_200_000, 1500, 0].map(formatDuration)).toEqual(["90s", "2h", "1500ms", "0ms"]);
  });
});
