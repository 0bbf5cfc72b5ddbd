// No text costs much more than an ordinary one of its length: each parser's time is linear,
// whatever stands there. Times are compared with each other only.
import { describe, expect, it } from "vitest";
import { TREE_FORMATS, type TreeFormat } from "../../specs/schema.ts";
import { parseFormat } from "../formats.ts";
import { stripEscapeSequences } from "../text.ts";
import { checkValue } from "../value.ts";

const LENGTH = 32 * 1024;
/**
 * What is quadratic takes some hundred times as long at this length (blank lines in the dotenv
 * package did).
 */
const MOST = 60;

const fill = (piece: string): string => piece.repeat(Math.floor(LENGTH / piece.length));
const count = (line: (index: number) => string): string => {
  const parts: string[] = [];
  for (let index = 0, length = 0; length < LENGTH; index++)
    length += parts[parts.push(line(index)) - 1]?.length ?? 0;
  return parts.join("");
};

const ORDINARY: { readonly [Name in TreeFormat]: string } = {
  json: `{${count((i) => `"key${i}": "value ${i}",\n`)}"z": 1}`,
  yaml: count((i) => `key${i}: value ${i}\n`),
  toml: count((i) => `key${i} = "value ${i}"\n`),
  ini: count((i) => `[s${i}]\nkey = value ${i}\n`),
  configparser: count((i) => `[s${i}]\nkey = value ${i}\n`),
  systemd: count((i) => `[s${i}]\nkey = value ${i}\n`),
  "my.cnf": count((i) => `[s${i}]\nkey = value ${i}\n`),
  "php.ini": count((i) => `[s${i}]\nkey = value ${i}\n`),
  dotenv: count((i) => `key${i}="value ${i}"\n`),
  properties: count((i) => `key${i} = value ${i}\n`),
};

const PIECES = [
  "\n",
  "\r\n",
  "\r",
  " ",
  "\t",
  "a=1\n",
  "a=1 # c\\\n",
  "a='\n",
  'a="\n',
  "a='\"\n",
  "a=x\\\n",
  "#\\\n",
  ";\n",
  "[a]\n",
  "[[a]]\n",
];
PIECES.push(
  "[",
  "{",
  "- ",
  "-\n",
  "? ",
  ": ",
  "a: 1\n",
  '"',
  "'",
  "\\",
  "\\\\x",
  "$",
  "a=$\n",
  "=",
  "x",
  '"""',
  "'''",
  "  a\n",
  "a\n b\n",
  "&a ",
);
PIECES.push(
  "*a ",
  "- &a 1\n",
  "<<: ",
  "!",
  "| ",
  "> ",
  "%a\n",
  "---\n",
  "\0",
  "1",
  "1_",
  "a.",
  "{a=",
  "{a: ",
  "1,",
  "\\u0041",
  '{"a":',
  "[],",
);
PIECES.push(
  '{"a":{},',
  "a[]=1\n",
  "= \n",
  "a= ;\n",
  "!include\n",
  "a:\n",
  "~:",
  "(",
  "a.b=1\n",
  "]",
  "}",
  ",",
  "a=\\\\\n",
  ' "a" b\n',
);

/** Before and after what is repeated: so that it stands in a section, in quotes, in a list. */
const FRAMES = [
  ["", ""],
  ["a=", "\n"],
  ["a: ", "\n"],
  ["[s]\na=", "\n"],
  ['[s]\na = "', '"\n'],
  ["a: [", "]"],
  ['{"a":[', "1]}"],
] as const;

/**
 * The processor time of this process; ms. The least of three is the one that others disturbed the
 * least.
 */
function time(work: () => unknown, runs = 3): number {
  const times = Array.from({ length: runs }, () => {
    const start = process.cpuUsage();
    work();
    return process.cpuUsage(start).user / 1000;
  });
  return Math.min(...times);
}

describe("the time of", () => {
  it.each(TREE_FORMATS)("%s is that of the text's length", (format) => {
    const take = (text: string) => () => {
      const parsed = parseFormat(text, format);
      return "tree" in parsed && checkValue(parsed.tree);
    };
    const ordinary = time(take(ORDINARY[format]));
    const numbered = [
      count((i) => `k${i}=1\n`),
      count((i) => `k${i}: 1\n`),
      count((i) => `[k${i}]\n`),
      count((i) => `- &a${i} 1\n`),
    ];
    const shapes = [...PIECES.map(fill), ...numbered];
    for (const shape of shapes) {
      for (const [before, after] of FRAMES) {
        const work = take(`${before}${shape}${after}`);
        // Measured again, and more often, only where the first look is slow.
        const first = time(work, 1);
        const factor = first < ordinary * MOST ? 0 : time(work) / time(take(ORDINARY[format]));
        expect(factor, JSON.stringify(`${before}${shape.slice(0, 12)}`)).toBeLessThan(MOST);
      }
    }
  });

  it("YAML's merges and aliases is bounded", () => {
    const many = Array.from({ length: 3000 }, (_, i) => `k${i}: 1`).join(",");
    const merges = `a: &a {${many}}\nb:\n${" - {<<: *a}\n".repeat(3000)}`;
    const aliases = `a: &a [${"1,".repeat(20_000)}]\nb: [${"*a,".repeat(20_000)}]`;
    expect(parseFormat(merges, "yaml")).toHaveProperty(
      "fault",
      expect.stringMatching(/^merges too many keys/),
    );
    const parsed = parseFormat(aliases, "yaml");
    expect("tree" in parsed && checkValue(parsed.tree)).toEqual({ reason: "has more than 300000 values" });
  });

  it("taking terminal codes out is that of the text's length", () => {
    const ordinary = time(() => stripEscapeSequences(fill("\u001B[31mred\u001B[0m plain\n")));
    for (const piece of [
      "\u001B",
      "\u001B[",
      "\u001B]",
      "\u001B]0;a",
      "\u001B[1;",
      "\u001B#;",
      "\u009B;",
      "\u001B[ ",
      "\u001B#",
      ";",
      "\u0090",
    ]) {
      expect(
        time(() => stripEscapeSequences(`\u001B]${fill(piece)}`)) / ordinary,
        JSON.stringify(piece),
      ).toBeLessThan(MOST);
    }
  });
});

describe("stripEscapeSequences", () => {
  it.each([
    ["\u001B[1;32mv1.2.3\u001B[0m\n", "v1.2.3\n"],
    ["\u001B]0;title\u0007v1", "v1"],
    ["\u001B]8;;https://example.com\u001B\\link\u001B]8;;\u001B\\", "link"],
    ["\u001B[?25l\u001B[2K\u001B[1Gdone\u001B[?25h", "done"],
    ["\u001B(Bplain\u001B=\u001B>", "plain"],
    ["\u009B31mred", "red"],
    ["[31m is no code", "[31m is no code"],
  ])("of %j leaves %j", (text, plain) => {
    expect(stripEscapeSequences(text)).toBe(plain);
  });
});
