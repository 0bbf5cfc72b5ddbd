// How versions of packages are ordered, beside the programs themselves: rpm and dpkg.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  comparePackageVersions,
  type Packaging,
  parsePackageVersion,
} from "../../src/grammar/package-version.ts";

function compare(a: string, b: string, packaging: Packaging): number {
  return Math.sign(comparePackageVersions(parsePackageVersion(a), parsePackageVersion(b), packaging)) + 0;
}

function run(program: string, args: readonly string[], input = ""): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    input,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error || status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`);
  return stdout;
}

/** What rpm says of each version beside each. */
function askRpm(versions: readonly string[]): readonly (readonly number[])[] {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-rpm-"));
  try {
    const file = join(folder, "versions");
    writeFileSync(file, versions.map((version) => `${version}\n`).join(""));
    const loop =
      `for one in io.lines("${file}") do for other in io.lines("${file}") do ` +
      `io.write(rpm.vercmp(one, other), " ") end io.write("\\n") end`;
    const lines = run("rpm", ["--eval", `%{lua: ${loop}}`])
      .trim()
      .split("\n");
    return lines.map((line) => line.trim().split(" ").map(Number));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What dpkg says of each version and the next. */
function askDpkg(versions: readonly string[]): readonly number[] {
  const script = `read -r one; while read -r next; do
    if dpkg --compare-versions "$one" lt "$next"; then echo -1
    elif dpkg --compare-versions "$one" eq "$next"; then echo 0
    else echo 1; fi
    one=$next
  done`;
  return run("sh", ["-c", script], versions.map((version) => `${version}\n`).join(""))
    .trim()
    .split("\n")
    .map(Number);
}

const readList = (name: string) => readFileSync(join("test/packages", name), "utf8").trim().split("\n");
const RPM = readList("rpm.txt");
const DEBIAN = readList("debian.txt");

/**
 * The pairs that stand otherwise than rpm says. A hundred thousand of them are too many to expect.
 */
function findWrong(versions: readonly string[], answers: readonly (readonly number[])[]) {
  return versions.flatMap((one, at) =>
    versions.flatMap((other, place) => {
      const [ours, theirs] = [compare(one, other, "rpm"), answers[at]?.[place]];
      return ours === theirs ? [] : [{ one, other, ours, theirs }];
    }),
  );
}

describe("comparePackageVersions", () => {
  it("orders each pair of packages of Red Hat, Fedora and Amazon Linux as rpm does", () => {
    const answers = askRpm(RPM);
    expect(answers.length).toBe(RPM.length);
    expect(findWrong(RPM, answers)).toEqual([]);
  });

  it("orders packages of Debian and Ubuntu as dpkg does", () => {
    // In a list that dpkg finds sorted each pair is as dpkg has it.
    const sorted = DEBIAN.toSorted((a, b) => compare(a, b, "debian"));
    const answers = askDpkg(sorted);
    expect(answers.length).toBe(sorted.length - 1);
    for (const [at, answer] of answers.entries()) {
      const [one = "", other = ""] = [sorted[at], sorted[at + 1]];
      expect([one, other, compare(one, other, "debian")]).toEqual([one, other, answer]);
    }
  });

  const version = (parts: readonly string[]) =>
    fc.array(fc.constantFrom(...parts), { maxLength: 7 }).map((tail) => `1${tail.join("")}`);

  it("orders made-up versions as rpm does", () => {
    const parts = ["0", "01", "2", "10", ".", "_", "+", "~", "^", "a", "rc", "Z", ".el9", "-1"];
    fc.assert(
      fc.property(fc.array(version(parts), { minLength: 2, maxLength: 60 }), (versions) => {
        expect(findWrong(versions, askRpm(versions))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it("orders made-up versions as dpkg does", () => {
    const parts = ["0", "01", "2", "10", ".", "+", "~", "a", "rc", "Z", "+b1", "-1", "~deb12u1", "ubuntu"];
    fc.assert(
      fc.property(fc.array(version(parts), { minLength: 2, maxLength: 40 }), (versions) => {
        for (const [at, answer] of askDpkg(versions).entries()) {
          const [one = "", other = ""] = [versions[at], versions[at + 1]];
          expect([one, other, compare(one, other, "debian")]).toEqual([one, other, answer]);
        }
      }),
      { numRuns: 10 },
    );
  });
});
