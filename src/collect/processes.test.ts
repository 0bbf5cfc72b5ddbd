// Tests of the collector processes, with real processes of this machine.
import { spawn } from "node:child_process";
import { copyFile, rename, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { OptionsOf } from "../spec/schema.ts";
import type { HostAccess } from "./collector.ts";
import { makeHostDouble } from "./host-double.ts";
import { compileMatch, parseCommandLine, parseStat } from "./process-table.ts";
import { processesCollector } from "./processes.ts";
import { makeFolder } from "./temporary-folder.ts";

/** A host that is this machine, but booted so much earlier: to it everything started that long ago. */
function later(ms: number): HostAccess {
  const host = makeHostDouble("/");
  const btime = async (signal: AbortSignal) => {
    const stat = await host.files.read("/proc/stat", signal);
    const text = "bytes" in stat ? stat.bytes.toString("latin1") : "";
    return Buffer.from(text.replace(/^btime (\d+)$/m, (_, seconds: string) => `btime ${Number(seconds) - ms / 1000}`));
  };
  const read: HostAccess["files"]["read"] = async (path, signal) =>
    path === "/proc/stat" ? { bytes: await btime(signal) } : host.files.read(path, signal);
  return { ...host, files: { ...host.files, read } };
}

async function setUp() {
  const folder = await makeFolder({ "a.conf": "v=1\n", "b.conf": "v=1\n" });
  await copyFile("/usr/bin/tail", join(folder, "app-1"));
  await symlink("app-1", join(folder, "app"));
  const options: OptionsOf["processes"] = {
    glob: [`${folder}/*.conf`],
    into: "processes",
    format: "ini",
    fields: { v: { key: "v", optional: false } },
    match: [{ words: "{path}" }],
    also: [],
    program: join(folder, "app"),
  };
  return {
    folder,
    options,
    async start(program = join(folder, "app"), args = ["-f", join(folder, "a.conf")]) {
      const child = spawn(program, args, { stdio: "ignore" });
      onTestFinished(() => void child.kill("SIGKILL"));
      await new Promise((resolve) => child.once("spawn", resolve));
      return child;
    },
    async look(host = makeHostDouble("/", { clock: Date.now }), changes: Partial<OptionsOf["processes"]> = {}) {
      const { fields, unread } = await processesCollector.collect({ ...options, ...changes }, host, new AbortController().signal);
      expect(unread).toEqual([]);
      const [[, entries] = []] = fields;
      return (entries as unknown as { state: string }[]).map(({ state }) => state);
    },
  };
}

describe("the collector processes", () => {
  it("tells what runs from what does not", async () => {
    const { start, look } = await setUp();
    expect(await look()).toEqual(["not_running", "not_running"]);
    const child = await start();
    expect(await look()).toEqual(["running", "not_running"]);
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    expect(await look()).toEqual(["not_running", "not_running"]);
  });

  it("says the same at each look, whatever the clock says meanwhile", async () => {
    const { start, options } = await setUp();
    await start();
    let now = Date.now();
    const host = makeHostDouble("/", { clock: () => now });
    const look = async () => (await processesCollector.collect(options, host, new AbortController().signal)).fields;
    const first = await look();
    expect(JSON.stringify(first)).toMatch(/"started_at":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"/);
    for (const ms of [7, 400, 90_000]) {
      now += ms;
      expect(await look()).toEqual(first);
    }
  });

  it("sees a file that changed since, though its times were set back", async () => {
    const { folder, start, look } = await setUp();
    await start();
    await writeFile(join(folder, "a.conf"), "v=2\n");
    await utimes(join(folder, "a.conf"), 0, 0);
    expect(await look(later(60_000))).toEqual(["restart_pending", "not_running"]);
  });

  it("sees a program that was replaced, removed, or that its link leads to no more", async () => {
    const { folder, start, look } = await setUp();
    await start();
    expect(await look()).toEqual(["running", "not_running"]);
    await copyFile("/usr/bin/tail", join(folder, "app-2"));
    await symlink("app-2", join(folder, "app.new"));
    await rename(join(folder, "app.new"), join(folder, "app"));
    expect(await look()).toEqual(["restart_pending", "not_running"]);
    await start();
    // Of two the first one counts, until it is gone.
    expect(await look()).toEqual(["restart_pending", "not_running"]);
    await rename(join(folder, "app-2"), join(folder, "app-1"));
    expect(await look()).toEqual(["restart_pending", "not_running"]);
  });

  it("knows a script by its interpreter's first argument", async () => {
    const { folder, start, look } = await setUp();
    const program = join(folder, "svc.sh");
    await writeFile(program, "#!/bin/sh\nwhile :; do sleep 1; done\n", { mode: 0o755 });
    await start(program, ["--config", join(folder, "a.conf")]);
    const look2 = (host?: HostAccess) => look(host, { program, match: [{ words: "--config {path}" }] });
    await expect.poll(() => look2()).toEqual(["running", "not_running"]);
    await writeFile(program, "#!/bin/sh\n# another version\nwhile :; do sleep 1; done\n");
    expect(await look2(later(60_000))).toEqual(["restart_pending", "not_running"]);
  });

  it("passes over other programs that have the file open", async () => {
    const { folder, start, look } = await setUp();
    await start("/usr/bin/tail", ["-f", join(folder, "b.conf")]);
    expect(await look()).toEqual(["not_running", "not_running"]);
    expect(await look(undefined, { program: undefined })).toEqual(["not_running", "running"]);
  });
});

describe("compileMatch", () => {
  const path = "/opt/conf/a.conf";
  it.each([
    ["{path}", ["app", "/opt/conf/a.conf"], true],
    ["{path}", ["app", "--config=/opt/conf/a.conf"], true],
    ["{path}", ["app", "/opt/conf/a.conf.bak"], false],
    ["{path}", ["app", "x/opt/conf/a.conf"], false],
    ["--name {stem}", ["app", "--name", "a"], true],
    ["--name {stem}", ["app", "--name", "b", "a"], false],
    ["{name}", ["app", "a.conf"], true],
  ])("%s of %j is %s", (match, argv, expected) => {
    expect(compileMatch(match, path)(argv)).toBe(expected);
  });
});

describe("/proc", () => {
  it("is read as the kernel writes it", () => {
    expect(parseCommandLine("a\0b c\0\0")).toEqual(["a", "b c"]);
    expect(parseCommandLine("")).toEqual([]);
    const stat = `1 (a) b (c) S ${Array.from({ length: 30 }, (_, at) => at).join(" ")}`;
    expect(parseStat(stat)).toEqual({ parent: "0", startTicks: 18 });
    expect(parseStat("")).toBeUndefined();
  });
});
