// Environment files, beside what systemd and docker compose document; beside real shells:
// test/compared/dotenv.test.ts.
import { describe, expect, it } from "vitest";
import { parseDotenv } from "./dotenv.ts";
import { AmbiguousValue, type Members } from "./tree.ts";

function read(text: string): Members {
  const parsed = parseDotenv(text);
  return "tree" in parsed ? (parsed.tree as Members) : {};
}

describe("dotenv", () => {
  // systemd.exec(5), EnvironmentFile=;
  // https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax
  it.each([
    ["A=resnet#2_1.8", "resnet#2_1.8"],
    ["A=registry.example.com/app:1.2.3#abc", "registry.example.com/app:1.2.3#abc"],
    ["A=#fff", "#fff"],
    ["  A=1  ", "1"],
    ["A=", ""],
    ['A=""', ""],
    ['A="x # y"', "x # y"],
    ["A='x \"y\" $z'", 'x "y" $z'],
    ['A="a\\"b\\\\c"', 'a"b\\c'],
    ['A="two\nlines"', "two\nlines"],
    ["export A=1", "1"],
    ["A=1\r", "1"],
    ["# A=2\nA=1\n;\n", "1"],
    ["A=1\nA=1", "1"],
  ])("%j is %j for all", (text, value) => {
    expect(read(`${text}\n`)).toEqual({ A: value });
  });

  it.each([
    ['A={"tag":"x#1","gpu":2}', '{"tag":"x#1","gpu":2}', "sh would read another value"],
    ["A=x # note", "x", "systemd would read another value"],
    ['A="x" # note', "x", "systemd would read another value"],
    ["A=a b", "a b", "sh would read another value"],
    ["A=http://h/?a=1&b=2", "http://h/?a=1&b=2", "sh would read another value"],
    ["A=$B/x", "$B/x", "docker compose and sh would read another value"],
    ["A=~/x", "~/x", "sh would read another value"],
    ["A=C:\\new", "C:new", "docker compose would read another value"],
    ['A="a\\nb"', "a\\nb", "docker compose would read another value"],
    ["A =1", "1", "sh would read another value"],
    ["A=1\nA=2", "2", "stands in the text more than once; the last counts"],
    ["A='open", undefined, "cannot be told: a quote is not closed, or only a shell could say"],
  ])("%j is %j, and told", (text, value, reason) => {
    const { A: node } = read(`${text}\n`);
    expect(node).toBeInstanceOf(AmbiguousValue);
    expect([(node as AmbiguousValue).best?.node, (node as AmbiguousValue).reason]).toEqual([value, reason]);
  });
});
