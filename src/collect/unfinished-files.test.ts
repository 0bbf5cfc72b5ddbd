// Tests of unfinished files, on real files that this very process holds open: half a file is no
// fact.
import { closeSync, openSync, writeSync } from "node:fs";
import { appendFile, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseSpec } from "../specs/spec.ts";
import { makeHostDouble } from "../testing/host-double.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { type HostFiles, openHostFiles } from "./host-files.ts";
import { parseFdInfo } from "./open-writers.ts";
import { type FileRead, recordReads } from "./reads.ts";
import { createRounds } from "./rounds.ts";
import { createUnfinishedFileFinder } from "./unfinished-files.ts";

const never = new AbortController().signal;

/** Files of this machine, whose processes are all seen, or not. */
async function setUp({ isWhole, given }: { readonly isWhole: boolean; readonly given?: string }) {
  const folder = given ?? (await makeFolder());
  const real = openHostFiles("/");
  const files: HostFiles = {
    ...real,
    // Who runs the tests may not see all processes, and in a container there are others.
    findWriters: async (identities) => ({ ...(await real.findWriters(identities)), isWhole }),
  };
  let passed = 0;
  // The clock stands still where the file that is read was written, however slow the machine is.
  let written = Date.now();
  const unfinishedFiles = createUnfinishedFileFinder({
    files,
    clock: () => written + passed,
    monotonic: () => passed,
  });
  return {
    path: (name: string) => join(folder, name),
    unfinishedFiles,
    pass: (ms: number) => {
      passed += ms;
    },
    async read(name: string): Promise<readonly FileRead[]> {
      const noted = recordReads(files, Date.now());
      await noted.files.read(join(folder, name), never);
      written = (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? written;
      return noted.list().files;
    },
  };
}

/** Opens a file for writing until the test ends, or it is closed. */
function hold(path: string, flags = "w") {
  const fd = openSync(path, flags);
  let isOpen = true;
  const close = () => {
    if (isOpen) closeSync(fd);
    isOpen = false;
  };
  onTestFinished(close);
  return { write: (text: string) => writeSync(fd, text), close };
}

describe("files that are being written", () => {
  it("waits for one in memory, which /dev/shm has among devices", async () => {
    const given = await mkdtemp("/dev/shm/rollcall-");
    onTestFinished(() => rm(given, { recursive: true, force: true }));
    const { path, unfinishedFiles, read } = await setUp({ isWhole: true, given });
    hold(path("a")).write("1.1");
    expect(await unfinishedFiles.judge(await read("a"))).toMatchObject([{ path: path("a") }]);
  });

  it("waits for a file that somebody has open for writing, and says who", async () => {
    const { path, unfinishedFiles, read } = await setUp({ isWhole: true });
    await writeFile(path("a"), "1.10\n");
    expect(await unfinishedFiles.judge(await read("a"))).toEqual([]);
    for (const flags of ["w", "r+", "a"]) {
      const file = hold(path("a"), flags);
      file.write("1.1");
      const unfinished = await unfinishedFiles.judge(await read("a"));
      expect(unfinished).toEqual([
        { path: path("a"), reason: expect.stringContaining(`by process ${process.pid} (`), isLasting: false },
      ]);
      expect(unfinishedFiles.isHeld(unfinished)).toBe(true);
      file.close();
      expect(unfinishedFiles.isHeld(unfinished)).toBe(false);
      expect(await unfinishedFiles.judge(await read("a"))).toEqual([]);
    }
  });

  it("waits for no reader", async () => {
    const { path, unfinishedFiles, read } = await setUp({ isWhole: true });
    await writeFile(path("a"), "1\n");
    hold(path("a"), "r");
    expect(await unfinishedFiles.judge(await read("a"))).toEqual([]);
  });

  it("does not wait for ever", async () => {
    const { path, unfinishedFiles, read, pass } = await setUp({ isWhole: true });
    const file = hold(path("log"));
    file.write("1\n");
    expect(await unfinishedFiles.judge(await read("log"))).toMatchObject([{ isLasting: false }]);
    pass(15_000);
    const unfinished = await unfinishedFiles.judge(await read("log"));
    expect(unfinished).toMatchObject([
      { isLasting: true, reason: expect.stringContaining("open for writing") },
    ]);
    expect(unfinishedFiles.isHeld(unfinished)).toBe(false);
    // Quiet for long, it is whole; when it changes, it is known, and not waited for again.
    pass(100_000);
    expect(await unfinishedFiles.judge(await read("log"))).toEqual([]);
    pass(-100_000);
    file.write("2\n");
    expect(await unfinishedFiles.judge(await read("log"))).toMatchObject([{ isLasting: true }]);
    file.close();
    expect(await unfinishedFiles.judge(await read("log"))).toEqual([]);
  });

  it("takes no file that changed after it was read", async () => {
    const { path, unfinishedFiles, read } = await setUp({ isWhole: true });
    await writeFile(path("a"), "1");
    const reads = await read("a");
    await appendFile(path("a"), "0\n");
    expect(await unfinishedFiles.judge(reads)).toMatchObject([
      { reason: expect.stringContaining("while it was read") },
    ]);
    expect(await unfinishedFiles.judge(await read("a"))).toEqual([]);
  });

  it("takes what was renamed into its place at once, seen or not", async () => {
    for (const isWhole of [true, false]) {
      const { path, unfinishedFiles, read } = await setUp({ isWhole });
      await writeFile(path("a.new"), "1");
      // Times are told in steps of some milliseconds.
      const before = (await openHostFiles("/").facts(path("a.new")))?.writtenAt ?? 0;
      do await rename(path("a.new"), path("a")).then(() => rename(path("a"), path("a.new")));
      while (((await openHostFiles("/").facts(path("a.new")))?.changedAt ?? 0) <= before);
      await rename(path("a.new"), path("a"));
      expect(await unfinishedFiles.judge(await read("a"))).toEqual([]);
    }
  });

  it("where it does not see all, what was written within the clock's millisecond is young", async () => {
    const facts = { identity: "1:1", size: 2, writtenAt: 1000.5, changedAt: 1000.5 };
    const unfinishedFiles = createUnfinishedFileFinder({
      files: {
        ...openHostFiles("/"),
        facts: async () => facts,
        findWriters: async () => ({ writers: new Map(), isWhole: false }),
      },
      clock: () => 1000,
      monotonic: () => 0,
    });
    expect(await unfinishedFiles.judge([{ path: "/a", facts, isUnended: false }])).toHaveLength(1);
  });

  it("where it does not see all, waits until a file was quiet, longer where its end is missing", async () => {
    const { path, unfinishedFiles, read, pass } = await setUp({ isWhole: false });
    await writeFile(path("a"), "1\n");
    expect(await unfinishedFiles.judge(await read("a"))).toMatchObject([
      { reason: expect.stringContaining("a moment ago") },
    ]);
    pass(600);
    expect(await unfinishedFiles.judge(await read("a"))).toEqual([]);
    for (const half of ["", "1"]) {
      pass(-600);
      await writeFile(path("a"), half);
      pass(600);
      expect(await unfinishedFiles.judge(await read("a"))).toHaveLength(1);
    }
    pass(3000);
    expect(await unfinishedFiles.judge(await read("a"))).toEqual([]);
    // Now this is how it ends.
    pass(-3600);
    await writeFile(path("a"), "2");
    pass(600);
    expect(await unfinishedFiles.judge(await read("a"))).toEqual([]);
  });
});

describe("rounds", () => {
  /**
   * @param stepMs how long each question for the time takes, so that nobody waits for the bounds
   */
  async function makeRounds(stepMs: number) {
    const root = await makeFolder({
      "etc/machine-id": "4c4c4544003510528031b4c04f4d3132\n",
      a: "v=1\n",
      b: "v=1\n",
    });
    const real = openHostFiles("/");
    const below = openHostFiles(root);
    let now = 0;
    const host = makeHostDouble(root, {
      monotonic: () => (now += stepMs),
      clock: () => Date.now(),
      files: {
        ...below,
        findWriters: async (identities) => ({ ...(await real.findWriters(identities)), isWhole: true }),
        isStillOpen: real.isStillOpen,
      },
    });
    const field = (name: string) =>
      `  - file: { path: /${name}, fields: { ${name}: { pattern: 'v=(.*)' } } }\n`;
    const parsed = parseSpec(`version: 1\ncollect:\n  - host: { metadata: off }\n${field("a")}${field("b")}`);
    if ("mistakes" in parsed) throw new Error("a bad spec");
    const rounds = createRounds(parsed.spec, host, { agentVersion: "1", specDigest: parsed.digest });
    return {
      path: (name: string) => join(root, name),
      pass: (ms: number) => {
        now += ms;
      },
      async look(wanted: Parameters<typeof rounds.collect>[0]) {
        const { bytes, isUnsettled, unread } = await rounds.collect(wanted, never);
        const { a, b } = JSON.parse(bytes.toString()) as Record<string, string>;
        return { a, b, isUnsettled, unread };
      },
    };
  }

  it(
    "keep the last value while a file is being written, with all else as it is, and " + "look again then",
    async () => {
      const { path, look } = await makeRounds(1);
      expect(await look({ all: true })).toEqual({ a: "1", b: "1", isUnsettled: false, unread: [] });
      const file = hold(path("a"));
      expect(await look({ changed: ["/a"] })).toEqual({ a: "1", b: "1", isUnsettled: true, unread: [] });
      file.write("v=1.1");
      await writeFile(path("b"), "v=2\n");
      expect(await look({ changed: ["/b"] })).toEqual({ a: "1", b: "2", isUnsettled: true, unread: [] });
      file.write("0\n");
      file.close();
      expect(await look({ changed: [] })).toEqual({ a: "1.10", b: "2", isUnsettled: false, unread: [] });
    },
  );

  it("say what is being written where there is no value from before, and where it lasts", async () => {
    const { path, look, pass } = await makeRounds(400);
    const file = hold(path("a"));
    file.write("v=1.1");
    const isWritten = { what: "/a", reason: expect.stringContaining("open for writing by process") };
    expect(await look({ all: true })).toEqual({ a: "1.1", b: "1", isUnsettled: true, unread: [isWritten] });
    file.write("0");
    pass(15_000);
    expect(await look({ changed: [] })).toEqual({
      a: "1.10",
      b: "1",
      isUnsettled: false,
      unread: [isWritten],
    });
    file.close();
    expect(await look({ changed: [] })).toEqual({ a: "1.10", b: "1", isUnsettled: false, unread: [] });
  });
});

describe("parseFdInfo", () => {
  it("tells who may write", () => {
    const info = (flags: string) => parseFdInfo(`pos:\t0\nflags:\t${flags}\nmnt_id:\t29\nino:\t77\n`);
    expect(info("0100000")).toEqual({ isWritten: false, inode: "77" });
    expect(info("0100001")).toEqual({ isWritten: true, inode: "77" });
    expect(info("02100002")).toEqual({ isWritten: true, inode: "77" });
    expect(parseFdInfo("pos:\t0\nflags:\t0102001\nmnt_id:\t29\n")).toEqual({
      isWritten: true,
      inode: undefined,
    });
    expect(parseFdInfo("")).toEqual({ isWritten: false, inode: undefined });
  });
});
