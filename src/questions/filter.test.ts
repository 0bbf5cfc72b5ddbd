// Tests of filters on stored bytes.
import { describe, expect, it } from "vitest";
import { compileFilter } from "./filter.ts";
import { parseFieldPath } from "./path.ts";

const BODY = Buffer.from(`{
  "instance_id": "i-1", "count": 1.50, "big": 12345678901234567890, "on": true, "none": null,
  "a.b": "dot", "esc": "t\\u00e4st",
  "processes": [ { "module_A_filename": "A_red_1.1", "port": 80 }, { "module_A_filename": "A_blue_2.0" } ],
  "tags": ["x", "y", 3], "nested": { "deep": { "er": "here" } }, "empty": [], "grid": [[1, 2], [3]]
}`);

function ask(field: string, ...values: string[]): string {
  const path = parseFieldPath(field);
  if (!path) throw new Error(field);
  return compileFilter({ field, path, values })(BODY, 0, BODY.length);
}

describe("compileFilter", () => {
  it.each([
    ["instance_id", ["i-1"], "match"],
    ["instance_id", ["i-2"], "no match"],
    ["instance_id", ["i-2", "i-1"], "match"],
    ["instance_id", ["i-*"], "match"],
    ["missing", ["x"], "no field"],
    ["missing", ["*"], "no field"],
    ["count", ["1.50"], "match"],
    ["count", ["1.5"], "no match"],
    ["big", ["12345678901234567890"], "match"],
    ["on", ["true"], "match"],
    ["none", ["null"], "match"],
    ["a\\.b", ["dot"], "match"],
    ["a.b", ["dot"], "no field"],
    ["esc", ["täst"], "match"],
    ["processes.module_A_filename", ["A_red_*"], "match"],
    ["processes.module_A_filename", ["A_blue_2.0"], "match"],
    ["processes.module_A_filename", ["A_green_*"], "no match"],
    ["processes.module_B_filename", ["*"], "no field"],
    ["processes.port", ["80"], "match"],
    ["processes", ["*"], "match"],
    ["processes", ["A_red_1.1"], "no match"],
    ["tags", ["y"], "match"],
    ["tags", ["3"], "match"],
    ["tags", ["z"], "no match"],
    ["nested.deep.er", ["here"], "match"],
    ["nested.deep", ["here"], "no match"],
    ["nested.deep", ["*"], "match"],
    ["instance_id.x", ["*"], "no field"],
    ["empty", ["*"], "match"],
    ["empty", ["x"], "no match"],
    ["grid", ["3"], "match"],
  ])("%s=%j: %s", (field, values, expected) => {
    expect(ask(field, ...values)).toBe(expected);
  });
});

it("takes names and texts that look the same for the same", () => {
  const report = Buffer.from('{"caf\u0065\u0301":"\u00e9te\u0301","plain":"e"}');
  const ask = (path: string, ...values: string[]) =>
    compileFilter({ field: path, path: [path], values })(report, 0, report.length);
  for (const name of ["caf\u00e9", "cafe\u0301"]) {
    for (const value of ["\u00e9t\u00e9", "e\u0301te\u0301", "*t\u00e9"])
      expect(ask(name, value)).toBe("match");
    expect(ask(name, "ete")).toBe("no match");
  }
  expect(ask("cafe", "*")).toBe("no field");
});
