// Tests of reading files that people name: devices without an end, pipes, and files of each length
// around the limit.
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder } from "../../testing/temporary-folder.ts";
import { readGivenStart, readGivenStream, readGivenText } from "./given-file.ts";

describe("a file that somebody names", () => {
  it.each(["/dev/zero", "/dev/full"])("may be %s, which has no end: it is too long", async (path) => {
    expect(await readGivenStart(path, 100_000)).toHaveLength(100_001);
    await expect(readGivenText(path, 100_000)).rejects.toThrow(`${path} has more than 100000 bytes`);
  });

  it.each([0, 1, 65_535, 65_536, 65_537, 199_999, 200_000])(
    "is read whole with %i bytes, up to the limit",
    async (length) => {
      const path = join(await makeFolder({ a: "x".repeat(length) }), "a");
      expect(await readGivenText(path, 200_000)).toBe("x".repeat(length));
    },
  );

  it("may be a pipe", async () => {
    const path = join(await makeFolder(), "pipe");
    execFileSync("/usr/bin/mkfifo", [path]);
    const [text] = await Promise.all([readGivenText(path), writeFile(path, "from a pipe")]);
    expect(text).toBe("from a pipe");
  });

  it("is an error where it is none", async () => {
    await expect(readGivenText(join(await makeFolder(), "none"))).rejects.toThrow("ENOENT");
    await expect(readGivenText(await makeFolder())).rejects.toThrow("EISDIR");
  });
});

describe("what comes in by a pipe", () => {
  async function* give(count: number) {
    for (let at = 0; at < count; at++) yield Buffer.alloc(1000, "x");
  }

  it("is read to its end, and no further than fits", async () => {
    expect(await readGivenStream(give(3), "stdin", 3000)).toEqual(Buffer.alloc(3000, "x"));
    await expect(readGivenStream(give(Number.POSITIVE_INFINITY), "stdin", 3000)).rejects.toThrow(
      "stdin has more than 3000 bytes",
    );
  });
});
