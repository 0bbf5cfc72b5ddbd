// Tests of filters on stored bytes.
import { describe, expect, it } from "vitest";
import { parseFieldPath } from "../grammar/path.ts";
import { compileFilter, compileSameElement } from "./body-filter.ts";

const BODY = Buffer.from(`{
  "instance_id": "i-1", "count": 1.50, "big": 12345678901234567890, "on": true, "none": null,
  "a.b": "dot", "esc": "t\\u00e4st",
  "processes": [ { "module_A_filename": "A_red_1.1", "port": 80 }, { "module_A_filename": "A_blue_2.0" } ],
  "tags": ["x", "y", 3], "nested": { "deep": { "er": "here" } }, "empty": [], "grid": [[1, 2], [3]]
}`);

function ask(field: string, ...values: string[]): string {
  const path = parseFieldPath(field);
  if (!path) throw new Error(field);
  const { matches, seen } = compileFilter({ path, values });
  return matches(BODY, 0, BODY.length) ? "match" : seen[0] ? "no match" : "no field";
}

describe("compileSameElement", () => {
  const processes = Buffer.from(
    `{"processes":[{"m":"A_red_1.1","state":"stopped"},{"m":"A_blue_2.0","state":"running"},[{"m":"B_1.0","state":"idle"}]],
      "one":{"m":"C_1.0","state":"running"},"tags":["a","b"]}`,
  );
  const same = (array: string, ...filters: [string, string][]) => {
    const { matches, seen } = compileSameElement(
      array.split("."),
      filters.map(([name, value]) => ({ path: name.split("."), values: [value] })),
    );
    return [matches(processes, 0, processes.length), ...seen];
  };

  it("finds what one element has, and not what two have", () => {
    expect(same("processes", ["processes.m", "A_red_*"], ["processes.state", "running"])).toEqual([
      false,
      true,
      true,
    ]);
    expect(same("processes", ["processes.m", "A_*"], ["processes.state", "running"])).toEqual([
      true,
      true,
      true,
    ]);
    expect(same("processes", ["processes.m", "A_*"], ["processes.state", "not:running"])).toEqual([
      true,
      true,
      true,
    ]);
    expect(same("processes", ["processes.m", "A_blue_*"], ["processes.state", "not:running"])[0]).toBe(false);
    expect(same("processes", ["processes.m", "B_*"], ["processes.state", "idle"])[0]).toBe(true);
  });

  it("takes an object for an array of one, and sees names that no element has", () => {
    expect(same("one", ["one.m", "C_*"], ["one.state", "running"])[0]).toBe(true);
    expect(same("processes", ["processes.m", "A_*"], ["processes.stat", "running"])).toEqual([
      false,
      true,
      false,
    ]);
    expect(same("tags", ["tags", "a"])).toEqual([true, true]);
    expect(same("nobody", ["nobody.m", "not:x"])).toEqual([false, false]);
  });
});

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
    ["none", ["*"], "match"],
    ["none", ["*", "not:null"], "no match"],
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
    ["processes.module_A_filename", ["lt:1.10"], "match"],
    ["processes.module_A_filename", ["lt:A_blue_2.0"], "no match"],
    ["processes.module_A_filename", ["ge:A_blue_2.0"], "match"],
    // A range is of one value: 1.1 is below it and 2.0 above.
    ["processes.module_A_filename", ["gt:1.1", "lt:2.0"], "no match"],
    ["processes.module_A_filename", ["gt:1.0", "lt:2.0"], "match"],
    ["processes.module_A_filename", ["A_red_*", "gt:1.1"], "no match"],
    ["instance_id", ["not:i-1"], "no match"],
    ["instance_id", ["not:i-2"], "match"],
    ["instance_id", ["i-*", "not:i-1"], "no match"],
    ["tags", ["not:y"], "no match"],
    ["tags", ["not:z"], "match"],
    // Who does not have a field does not have its value.
    ["missing", ["not:x"], "match"],
    ["missing", ["*", "not:x"], "no field"],
    ["missing", ["not:*"], "match"],
    ["nested", ["not:*"], "no match"],
    ["empty", ["not:*"], "no match"],
    ["missing", ["lt:1.10"], "no field"],
    ["esc", ["ge:1.0"], "no match"],
    ["none", ["ge:1.0"], "no match"],
    ["processes.port", ["ge:80", "le:80"], "match"],
  ])("%s=%j: %s", (field, values, expected) => {
    expect(ask(field, ...values)).toBe(expected);
  });
});

it("takes names and texts that look the same for the same", () => {
  const report = Buffer.from('{"caf\u0065\u0301":"\u00e9te\u0301","plain":"e"}');
  const ask = (name: string, ...values: string[]) => {
    const { matches, seen } = compileFilter({ path: [name], values });
    return matches(report, 0, report.length) ? "match" : seen[0] ? "no match" : "no field";
  };
  for (const name of ["caf\u00e9", "cafe\u0301"]) {
    for (const value of ["\u00e9t\u00e9", "e\u0301te\u0301", "*t\u00e9"])
      expect(ask(name, value)).toBe("match");
    expect(ask(name, "ete")).toBe("no match");
  }
  expect(ask("cafe", "*")).toBe("no field");
});
