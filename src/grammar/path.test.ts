// Tests of field paths.
import { expect, it } from "vitest";
import { parseFieldPath } from "./path.ts";

it.each([
  ["instance_id", ["instance_id"]],
  ["processes.module_A_filename", ["processes", "module_A_filename"]],
  [".state", ["state"]],
  ["a\\.b.c", ["a.b", "c"]],
  ["a\\\\.b", ["a\\", "b"]],
  ["日本.語", ["日本", "語"]],
])("%j is %j", (text, expected) => {
  expect(parseFieldPath(text)).toEqual(expected);
});

it.each(["", ".", "a.", "a..b", "..a", "x".repeat(513), `${"a.".repeat(40)}a`])("%j is no path", (text) => {
  expect(parseFieldPath(text)).toBeUndefined();
});
