// Every format: good files, broken ones, hostile ones. No reason quotes a file.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TREE_FORMATS } from "../specs/schema.ts";
import { runs } from "../testing/runs.ts";
import { parseFormat } from "./formats.ts";
import { checkValue } from "./value.ts";

function toPlain(parsed: ReturnType<typeof parseFormat>): unknown {
  return "tree" in parsed ? JSON.parse(JSON.stringify(parsed.tree)) : parsed;
}

describe("parseFormat", () => {
  it.each([
    ["json", '{"a":{"b":[1,"x"]}}', { a: { b: [1, "x"] } }],
    ["yaml", "a: &x {b: 1}\nc: {<<: *x, d: 2}\n", { a: { b: 1 }, c: { b: 1, d: 2 } }],
    ["toml", "[a]\nb = 1.5\n", { a: { b: 1.5 } }],
    [
      "ini",
      "; c\n[module_A]\nfilename = A_red_1.1\n[x.y]\nz=1\n",
      { module_A: { filename: "A_red_1.1" }, "x.y": { z: "1" } },
    ],
    ["configparser", "[A]\nFile: a\n  b\n", { A: { file: "a\nb" } }],
    [
      "systemd",
      "[Service]\nExec=/bin/a \\\n  -y\nEnv=A=1\nEnv=B=2\n",
      { Service: { Exec: "/bin/a  -y", Env: ["A=1", "B=2"] } },
    ],
    [
      "my.cnf",
      "[mysqld]\nskip-networking\nport = 3306 # c\n",
      { mysqld: { skip_networking: true, port: "3306" } },
    ],
    ["php.ini", "[PHP]\nmemory_limit = 128M ; c\nx[] = 1\n", { PHP: { memory_limit: "128M", x: ["1"] } }],
    ["dotenv", "export A=1\nB='x y'\n# c\n", { A: "1", B: "x y" }],
    ["properties", "a.b=1\nc : x\\\n  y\n", { "a.b": "1", c: "xy" }],
  ] as const)("reads %s", (format, text, tree) => {
    const parsed = parseFormat(text, format);
    expect(toPlain(parsed)).toEqual(tree);
  });

  it.each([
    ["json", '{"a":[1.10,1.5,10,1e3,2.0,-0,9007199254740993,1234567890123456789]}'],
    ["yaml", "a: [1.10, 1.5, 10, 1e3, 2.0, -0, 9007199254740993, 1234567890123456789]"],
    ["toml", "a = [1.10, 1.5, 10, 1e3, 2.0, -0, 9007199254740993, 1234567890123456789]"],
  ] as const)(
    "keeps numbers of %s as they are written where a number would lose something",
    (format, text) => {
      const list = ["1.10", 1.5, 10, "1e3", "2.0", "-0", "9007199254740993", "1234567890123456789"];
      expect(toPlain(parseFormat(text, format))).toEqual({ a: list });
    },
  );

  it("keeps what else YAML and TOML have for numbers and dates", () => {
    const kept = ["0x1F", "0o17", ".inf", ".nan", "1_000", "2001-12-14", "+1"];
    expect(toPlain(parseFormat(`[${kept}]`, "yaml"))).toEqual(kept);
    const toml = `
      a."b.c" = 1.0 # = 1.10
      s = """x = 1.10 \\" "" [1.10]""""
      l = '''x = 1.10'' '''
      [[t]]
      "1.10" = [ [1_000, 0xFF], {x = 1.10, y.z = [ +1, inf ], "w" = "1.10"}, # [1.0
        1979-05-27 07:32:00.123456Z, 07:32:00, true ]
      3.10 = nan
    `;
    expect(toPlain(parseFormat(toml, "toml"))).toEqual({
      a: { "b.c": "1.0" },
      s: 'x = 1.10 " "" [1.10]"',
      l: "x = 1.10'' ",
      t: [
        {
          "1.10": [
            ["1_000", "0xFF"],
            { x: "1.10", y: { z: ["+1", "inf"] }, w: "1.10" },
            "1979-05-27 07:32:00.123456Z",
            "07:32:00",
            true,
          ],
          "3": { "10": "nan" },
        },
      ],
    });
  });

  it("reads YAML's tags, of any application too, as what is written under them", () => {
    expect(
      toPlain(parseFormat("a: !Ref b\nc: !x [1]\nd: !!str 1.5\ne: !!binary aGk=\nf: !y {g: 1}\n", "yaml")),
    ).toEqual({
      a: "b",
      c: [1],
      d: "1.5",
      e: "aGk=",
      f: { g: 1 },
    });
  });

  it.each([
    ["json", '{"password": hunter2}', /^is not json: position 13$/],
    ["json", "", /^is not json: position 0$/],
    ["yaml", `hunter2: ${"[".repeat(100_000)}`, /^is nested too deeply for yaml: line 1, column \d+$/],
    ["yaml", "password: 'hunter2\n", /^is not yaml: line \d+, column \d+$/],
    ["yaml", "hunter2: 1\nb: 2\nhunter2: 3\n", /^has a key twice in one mapping: line 3, column 1$/],
    ["yaml", "hunter2: 1\n---\nb: 2\n", /more than one YAML document/],
    ["yaml", "? [hunter2]\n: 1\n", /no plain text/],
    ["toml", "a = 1\npassword = hunter2\n", /^is not toml: line 2, column \d+$/],
    ["ini", "a=1\n[hunter2\n", /^is not ini: line 2 begins with \[/],
    ["configparser", "a=hunter2\n", /^is not configparser: line 1 stands before any section$/],
    ["configparser", "[a]\nhunter2\n", /^is not configparser: line 2 is neither/],
    ["systemd", "[hunter2] # c\n", /^is not systemd: line 1 begins with \[/],
    ["my.cnf", "hunter2\n", /^is not my.cnf: line 1 stands before any group$/],
    ["php.ini", "[hunter2\n", /^is not php.ini: line 1 begins with \[/],
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
    const shared = parseFormat(bomb.join("\n"), "yaml");
    expect("tree" in shared && checkValue(shared.tree)).toEqual({ reason: "has more than 300000 values" });
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
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom(..."[]{}=:\n\"'\\#;.-&*!|> a1u") }),
    );
    fc.assert(
      fc.property(text, fc.constantFrom(...TREE_FORMATS), (input, format) => {
        const parsed = parseFormat(input, format);
        expect("tree" in parsed || "fault" in parsed).toBe(true);
      }),
      { numRuns: runs(400) },
    );
  });
});
