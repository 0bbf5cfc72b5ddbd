// What is particular to each dialect of INI; beside the programs that they are:
// test/compared/dialects.test.ts.
import { describe, expect, it } from "vitest";
import type { TreeFormat } from "../../specs/schema.ts";
import { parseFormat } from "../formats.ts";
import { AmbiguousValue } from "./tree.ts";

type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Sections without those that are empty; undefined for a text that is refused. Values in doubt are
 * left as they are.
 */
function read(text: string, format: TreeFormat): Sections | undefined {
  const parsed = parseFormat(text, format);
  if ("fault" in parsed) return undefined;
  const sections = Object.entries(parsed.tree as Sections).map(
    ([name, members]) => [name, { ...members }] as const,
  );
  return Object.fromEntries(sections.filter(([, members]) => Object.keys(members).length > 0));
}

describe("configparser's [DEFAULT]", () => {
  it("counts in each section that has no such key of its own", () => {
    expect(read("[DEFAULT]\nX = 1\ny = 2\n[s]\ny = 3\n[t]\n", "configparser")).toEqual({
      DEFAULT: { x: "1", y: "2" },
      s: { x: "1", y: "3" },
      t: { x: "1", y: "2" },
    });
  });
});

describe("systemd", () => {
  it("makes a list of a key that stands there again, which an empty value empties", () => {
    expect(read("[S]\nA=1\nA=\nA=2\nB=1\nB=2\nB=3\nC=1\nC=\nD=a\\\\\nE=x\\\n# c\n y\n", "systemd")).toEqual({
      S: { A: "2", B: ["1", "2", "3"], C: "", D: "a\\\\", E: "x y" },
    });
  });
});

describe("ini", () => {
  it("says what Python, PHP and MariaDB would not contradict, or that it is in doubt", () => {
    const doubts = [
      ["filename = A_red_1.1   ; note", "A_red_1.1   ; note", /may end in a comment/],
      ["filename = A_red_1.1 # note", "A_red_1.1 # note", /may end in a comment/],
      ['filename = "A_red_1.1" ; note', '"A_red_1.1" ; note', /may end in a comment/],
      ["filename = A_red_1.1 \\", "A_red_1.1 \\", /ends in/],
      ["filename = A\nfilename = B", undefined, /more than once/],
      ["filename = A\n  port = 5", undefined, /deeper indent/],
      ["filename = A\n[t]\n[s]\nx = 1", "A", /section that stands in the text more than once/],
    ] as const;
    for (const [body, value, reason] of doubts) {
      const node = read(`[s]\n${body}\n`, "ini")?.s?.filename;
      expect(node, body).toBeInstanceOf(AmbiguousValue);
      expect([(node as AmbiguousValue).best?.node, (node as AmbiguousValue).reason]).toEqual([
        value,
        expect.stringMatching(reason),
      ]);
    }
  });

  it.each([
    ["a = /opt/v2#gpu/x", "/opt/v2#gpu/x"],
    ["a = http://h/x;rev=12", "http://h/x;rev=12"],
    ['a = "C:\\new\\tools"', "C:\\new\\tools"],
    ["a = C:\\new\\tools", "C:\\new\\tools"],
    ["a = 'x ; y'", "x ; y"],
    ['a = "b\\"c"', '"b\\"c"'],
    ["a = it's", "it's"],
    ["a: b", "b"],
    ["a = A\na = A", "A"],
    ["a[] = 1\na[] = 2", ["1", "2"]],
    ["a", true],
    ["a = null", "null"],
  ])("%j gives %j", (body, value) => {
    expect(read(`[s]\n${body}\n`, "ini")).toEqual({ s: { a: value } });
  });

  it("keeps keys in their section, whatever stands after its name", () => {
    expect(read("[a]\nx=1\n[b] ; since May\nx=2\n [ c ]\nx=3\n", "ini")).toEqual({
      a: { x: "1" },
      b: { x: "2" },
      c: { x: "3" },
    });
  });
});
