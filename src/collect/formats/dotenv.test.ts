// Environment files beside real shells, and beside what systemd and docker compose document.
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeFolder } from "../../testing/temporary-folder.ts";
import { listAssignments, parseDotenv } from "./dotenv.ts";
import { Doubtful, type Members } from "./tree.ts";

function read(text: string): Members {
  const parsed = parseDotenv(text);
  return "tree" in parsed ? (parsed.tree as Members) : {};
}

/** A text that the shell leaves early has no such last line. */
const END = "END_OF_FILE=1";

describe("dotenv", () => {
  it.each(["sh", "bash"])("has no value for sh that %s would not have", async (shell) => {
    const part = fc.constantFrom(
      "a",
      "b_1.8",
      "#",
      " ",
      " # c",
      '"',
      "'",
      "\\",
      "$",
      "$A",
      "~",
      ":",
      "{",
      "}",
      ",",
      "\t",
      "é",
      "\n",
      '"x y"',
      "'x'",
    );
    const value = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(""));
    const line = fc.tuple(fc.constantFrom("A=", "B=", "export C="), value).map((parts) => parts.join(""));
    const text = fc.array(line, { minLength: 1, maxLength: 4 }).map((lines) => `${lines.join("\n")}\n`);
    const folder = await makeFolder({});
    let compared = 0;
    for (const body of fc.sample(text, { numRuns: 250, seed: 2 })) {
      await writeFile(join(folder, "file"), `${body}${END}\n`);
      const environment = source(shell, folder);
      if (environment?.get("END_OF_FILE") !== "1") continue;
      const ours = new Map(
        listAssignments(body).map(({ name, values }) => [
          name,
          values.find(([reader]) => reader === "sh")?.[1],
        ]),
      );
      for (const [name, expected] of ours) {
        if (expected === undefined) continue;
        expect(environment.get(name), JSON.stringify(body)).toBe(expected);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(100);
  });

  function source(shell: string, cwd: string): ReadonlyMap<string, string> | undefined {
    try {
      // Nothing that a text might call is found.
      const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
      const env = { PATH: "/nonexistent", HOME: "/home/nobody" };
      const printed = execFileSync(`/bin/${shell}`, ["-c", "set -a; . ./file; /usr/bin/env -0"], {
        cwd,
        encoding: "utf8",
        stdio,
        env,
      });
      return new Map(
        printed
          .split("\0")
          .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
      );
    } catch {
      // A text that is no shell's.
      return undefined;
    }
  }

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
    expect(node).toBeInstanceOf(Doubtful);
    expect([(node as Doubtful).best?.node, (node as Doubtful).reason]).toEqual([value, reason]);
  });
});
