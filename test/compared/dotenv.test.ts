// Environment files beside real shells.
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listAssignments } from "../../src/collect/formats/dotenv.ts";
import { makeFolder } from "../../src/testing/temporary-folder.ts";

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
});
