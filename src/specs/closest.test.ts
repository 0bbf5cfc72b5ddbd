// Tests of which known word was meant.
import { expect, it } from "vitest";
import { findClosest } from "./closest.ts";

const KNOWN = ["collect", "host", "file", "pattern", "optional"];

it.each([
  ["colect", "collect"],
  ["optinal", "optional"],
  ["hsot", "host"],
  ["Host", "host"],
  ["patetrn", "pattern"],
  ["hsto", undefined],
  ["fils", "file"],
  ["x", undefined],
  ["", undefined],
  ["p".repeat(65), undefined],
])("takes %j for %j", (word, meant) => {
  expect(findClosest(word, KNOWN)).toBe(meant);
});
