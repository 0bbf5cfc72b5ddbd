// Every format: good files, broken ones, hostile ones. No reason quotes a file.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TREE_FORMATS } from "../spec/schema.ts";
import { parseFormat } from "./formats.ts";

describe("parseFormat", () => {
  it.each([
    ["json", '\uFEFF{"a":{"b":[1,"x"]}}', { a: { b: [1, "x"] } }],
    ["yaml", "a: &x {b: 1}\nc: {<<: *x, d: 2}\n", { a: { b: 1 }, c: { b: 1, d: 2 } }],
    ["toml", "[a]\nb = 1.5\n", { a: { b: 1.5 } }],
    ["ini", "; c\n[module_A]\nfilename = A_red_1.1\n[x.y]\nz=1\n", { module_A: { filename: "A_red_1.1" }, x: { y: { z: "1" } } }],
    ["dotenv", "export A=1\nB='x y' # c\n", { A: "1", B: "x y" }],
    ["properties", "a.b=1\nc : x\\\n  y\n", { "a.b": "1", c: "xy" }],
  ] as const)("reads %s", (format, text, tree) => {
    const parsed = parseFormat(text, format);
    expect("tree" in parsed && JSON.parse(JSON.stringify(parsed.tree))).toEqual(tree);
  });

  it("keeps YAML numbers as they are written where a number would lose something", () => {
    expect(parseFormat("[1.10, 1.5, 0x1F, 10, 1e3, 2.0, 12345678901234567890]", "yaml")).toEqual({
      tree: ["1.10", 1.5, "0x1F", 10, "1e3", "2.0", "12345678901234567890"],
    });
  });

  it.each([
    ["json", '{"password": hunter2}', /^is not json/],
    ["json", "", /^is not json$/],
    ["yaml", "password: 'hunter2\n", /^is not yaml: line 2, column 1$/],
    ["yaml", "hunter2: 1\n---\nb: 2\n", /more than one YAML document/],
    ["yaml", "? [hunter2]\n: 1\n", /no plain text/],
    ["toml", "a = 1\npassword = hunter2\n", /^is not toml: line 2, column \d+$/],
    ["ini", "a=null\n[a.b]\nhunter2=1\n", /^is not ini$/],
    ["properties", "hunter2=\\uZZ", /^is not properties$/],
  ] as const)("tells what is wrong with %s without quoting it: %j", (format, text, reason) => {
    const parsed = parseFormat(text, format);
    expect("fault" in parsed && parsed.fault).toMatch(reason);
    expect(JSON.stringify(parsed)).not.toContain("hunter2");
  });

  it("survives nesting and aliases without end", () => {
    const bomb = [
      "a0: &a0 [x,x,x,x,x,x,x,x,x]",
      ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`),
    ];
    expect(parseFormat(bomb.join("\n"), "yaml")).toHaveProperty("fault");
    expect(parseFormat(`a: ${"[".repeat(100_000)}`, "yaml")).toHaveProperty("fault");
    expect(parseFormat(`a = ${"[".repeat(100_000)}`, "toml")).toHaveProperty("fault");
    expect(parseFormat(`${"[".repeat(100_000)}`, "json")).toHaveProperty("fault");
    expect(parseFormat("- ".repeat(50_000), "yaml")).toBeDefined();
  });

  it("never changes the prototype of anything", () => {
    for (const format of TREE_FORMATS) {
      parseFormat('{"__proto__":{"polluted":1}}', format);
      parseFormat("[__proto__]\npolluted=1\n", format);
      parseFormat("__proto__.polluted=1\n__proto__=1\n", format);
      parseFormat("__proto__: {polluted: 1}\n", format);
    }
    expect({}).not.toHaveProperty("polluted");
  });

  it("never throws, whatever the text", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: fc.constantFrom(..."[]{}=:\n\"'\\#;.-&*!|> a1u") }));
    fc.assert(
      fc.property(text, fc.constantFrom(...TREE_FORMATS), (input, format) => {
        const parsed = parseFormat(input, format);
        expect("tree" in parsed || "fault" in parsed).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
