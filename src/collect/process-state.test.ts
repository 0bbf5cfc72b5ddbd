// Tests of judging, with real processes and files of this machine.
import { spawn } from "node:child_process";
import {
  chmod,
  copyFile,
  link,
  readFile,
  rename,
  symlink,
  unlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { OptionsOf } from "../specs/schema.ts";
import { makePassingHost, makeRunningHost } from "../testing/passing-host.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import type { HostAccess } from "./collector.ts";
import type { Change, Judgement, TiedProcess } from "./process-state.ts";
import { openJudge } from "./process-state.ts";
import { listProcesses, type Process } from "./process-table.ts";
import { processesCollector } from "./processes.ts";

const NEVER = new AbortController().signal;

async function setUp() {
  const folder = await makeFolder({ "a.conf": "v=1\n", "conf.d/x.conf": "x=1\n" });
  const program = join(folder, "app");
  await copyFile("/usr/bin/tail", join(folder, "app-1"));
  await symlink("app-1", program);
  // Another program that does the same: what follows an ELF file's end is not looked at.
  await writeFile(join(folder, "app-2"), Buffer.concat([await readFile("/usr/bin/tail"), Buffer.from("2")]), {
    mode: 0o755,
  });
  const path = join(folder, "a.conf");
  return {
    folder,
    program,
    path,
    async start(file = program, args = ["-f", path]): Promise<Process> {
      const child = spawn(file, args, { stdio: "ignore" });
      onTestFinished(() => void child.kill("SIGKILL"));
      await new Promise((resolve) => child.once("spawn", resolve));
      const { processes } = await listProcesses(makeRunningHost(), NEVER);
      const found = processes.find(({ pid }) => pid === String(child.pid));
      if (!found) throw new Error("it does not run");
      return { ...found, exe: await makeRunningHost().files.readLink(`${found.folder}/exe`) };
    },
    /** @param parts others than the usual ones */
    async judge(host: HostAccess, process: Process, parts: Partial<TiedProcess> = {}): Promise<Judgement> {
      // What it is linked to may have changed meanwhile.
      const exe = await host.files.readLink(`/proc/${process.pid}/exe`);
      const tied = { path, program, reloads: undefined, also: [], alsoGlobs: [], children: [] };
      return (await openJudge(host, NEVER))({ ...tied, process: { ...process, exe }, ...parts });
    },
  };
}

function changesOf(judged: Judgement): readonly Change[] {
  expect(judged).toMatchObject({ state: "restart_pending" });
  return "changed" in judged ? judged.changed : [];
}

const RUNNING = { state: "running" };

describe("judging a process by what was seen before", () => {
  it(
    "passes over chmod, touch, a hard link, a copy of the same bytes and a file that " + "takes its place",
    async () => {
      const { path, start, judge, folder } = await setUp();
      const host = makeRunningHost({ laterMs: 60_000 });
      const process = await start();
      const early = { ...process, startTicks: process.startTicks - 3000 };
      // At first sight the file is newer than the process, by the clock. The program is what is
      // loaded, whatever the clock says.
      expect(changesOf(await judge(host, early))).toMatchObject([{ what: "file", by: "clock" }]);

      const { host: seen, pass } = makePassingHost();
      expect(await judge(seen, process)).toEqual(RUNNING);
      pass(5000);
      expect(await judge(seen, process)).toEqual(RUNNING);
      const acts = [
        () => chmod(path, 0o600),
        () => utimes(path, new Date(), new Date()),
        () => link(path, join(folder, "hard")),
        () => unlink(join(folder, "hard")),
        () => writeFile(path, "v=1\n"),
        async () => {
          await writeFile(join(folder, "new"), "v=1\n");
          await rename(join(folder, "new"), path);
        },
        () => chmod(join(folder, "app-1"), 0o700),
      ];
      for (const act of acts) {
        await act();
        pass(5000);
        expect(await judge(seen, process)).toEqual(RUNNING);
      }
    },
  );

  it("tells of other content, and no more once the old one is back or the process began anew", async () => {
    const { path, start, judge, folder } = await setUp();
    const { host, pass } = makePassingHost();
    const process = await start();
    expect(await judge(host, process)).toEqual(RUNNING);
    pass(5000);
    expect(await judge(host, process)).toEqual(RUNNING);
    pass(5000);
    await writeFile(path, "v=2\n");
    await utimes(path, 0, 0);
    const [change, ...others] = changesOf(await judge(host, process));
    expect(others).toEqual([]);
    expect(change).toMatchObject({ what: "file", path });
    expect(change?.by).toBeUndefined();
    expect(change?.since).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
    // The change's time stays, whatever comes.
    pass(90_000);
    await chmod(path, 0o600);
    expect(changesOf(await judge(host, process))).toEqual([change]);
    expect(await judge(host, { ...process, startTicks: process.startTicks + 9000 })).toEqual(RUNNING);
    await writeFile(path, "v=1\n");
    expect(await judge(host, process)).toEqual(RUNNING);
    await writeFile(join(folder, "conf.d/y.conf"), "y=1\n");
    expect(await judge(host, process)).toEqual(RUNNING);
  });

  it.each([-86_400_000, -3000, 3000, 86_400_000])(
    "stays as it is when the wall clock is stepped by %i ms",
    async (step) => {
      const { path, start, judge } = await setUp();
      const { host, pass, skew } = makePassingHost();
      const process = await start();
      expect(await judge(host, process)).toEqual(RUNNING);
      pass(5000);
      expect(await judge(host, process)).toEqual(RUNNING);
      skew(step);
      expect(await judge(host, process)).toEqual(RUNNING);
      pass(10_000);
      await chmod(path, 0o600);
      expect(await judge(host, process)).toEqual(RUNNING);
      await writeFile(path, "v=2\n");
      const changed = changesOf(await judge(host, process));
      expect(changed).toMatchObject([{ what: "file" }]);
      skew(0);
      pass(5000);
      expect(changesOf(await judge(host, process))).toEqual(changed);
      expect(await judge(host, { ...process, startTicks: process.startTicks + 1800 })).toEqual(RUNNING);
    },
  );

  it("cannot tell at first sight of a file that changed after now", async () => {
    const { start, judge } = await setUp();
    const process = await start();
    const judged = await judge(makeRunningHost({ laterMs: 60_000, skewMs: -86_400_000 }), process);
    expect(judged).toMatchObject({ state: "unknown", reason: expect.stringMatching(/wall clock/) });
  });

  it.each([-86_400_000, 86_400_000])(
    "goes by the kernel's wall clock, whatever this program is told (%i ms)",
    async (ms) => {
      const { start, judge } = await setUp();
      const process = await start();
      const host = { ...makeRunningHost({ laterMs: 60_000 }), clock: () => Date.now() + ms };
      const early = { ...process, startTicks: process.startTicks - 3000 };
      expect(changesOf(await judge(host, early))).toMatchObject([{ what: "file", by: "clock" }]);
      expect(await judge(host, { ...process, startTicks: process.startTicks + 6000 })).toEqual(RUNNING);
    },
  );

  it(
    "sees a program that was replaced, and one that its link leads to no more, but no " +
      "copy of the same bytes",
    async () => {
      const { folder, program, start, judge } = await setUp();
      const { host, pass } = makePassingHost();
      const turn = async (to: string) => {
        await symlink(to, join(folder, "app.new"));
        await rename(join(folder, "app.new"), program);
      };
      const process = await start();
      expect(await judge(host, process)).toEqual(RUNNING);
      pass(5000);
      expect(await judge(host, process)).toEqual(RUNNING);
      pass(5000);
      await copyFile(join(folder, "app-1"), join(folder, "app-3"));
      await turn("app-3");
      expect(await judge(host, process)).toEqual(RUNNING);
      await turn("app-2");
      expect(changesOf(await judge(host, process))).toMatchObject([{ what: "link", path: program }]);
      await turn("app-1");
      expect(await judge(host, process)).toEqual(RUNNING);
      await rename(join(folder, "app-3"), join(folder, "app-1"));
      expect(await judge(host, process)).toEqual(RUNNING);
      expect(await judge(host, process, { program: undefined })).toEqual(RUNNING);
      await rename(join(folder, "app-2"), join(folder, "app-1"));
      const pending = [{ what: "program", path: program }];
      expect(changesOf(await judge(host, process))).toMatchObject(pending);
      // What is loaded can be read: nothing need be remembered.
      const first = changesOf(await judge(makeRunningHost(), process));
      expect(first).toMatchObject(pending);
      expect(first[0]?.by).toBeUndefined();
      expect(changesOf(await judge(host, process, { program: undefined }))).toMatchObject([
        { what: "program" },
      ]);
      await unlink(join(folder, "app-1"));
      expect(changesOf(await judge(host, process))).toMatchObject(pending);
    },
  );

  it("judges a script by itself, and its interpreter once it is gone from its path", async () => {
    const { folder, path, start, judge } = await setUp();
    const { host, pass } = makePassingHost();
    const interpreter = join(folder, "sh");
    await copyFile("/bin/sh", interpreter);
    const program = join(folder, "svc");
    await writeFile(program, `#!${interpreter}\nwhile :; do sleep 1; done\n`, { mode: 0o755 });
    const process = await start(program, ["--config", path]);
    expect(await judge(host, process, { program })).toEqual(RUNNING);
    pass(5000);
    expect(await judge(host, process, { program })).toEqual(RUNNING);
    pass(5000);
    await writeFile(program, "#!/bin/sh\n# another version\nwhile :; do sleep 1; done\n");
    expect(changesOf(await judge(host, process, { program }))).toMatchObject([
      { what: "program", path: program },
    ]);
    await writeFile(program, `#!${interpreter}\nwhile :; do sleep 1; done\n`);
    expect(await judge(host, process, { program })).toEqual(RUNNING);
    await rename(join(folder, "app-2"), interpreter);
    expect(changesOf(await judge(host, process, { program }))).toMatchObject([
      { what: "program", path: interpreter },
    ]);
  });

  it("counts included files, those that come and those that go", async () => {
    const { folder, start, judge } = await setUp();
    const { host, pass } = makePassingHost();
    const process = await start();
    const alsoGlobs = [join(folder, "conf.d/*.conf")];
    const [x, y] = [join(folder, "conf.d/x.conf"), join(folder, "conf.d/y.conf")];
    const look = (...also: string[]) => judge(host, process, { also, alsoGlobs });
    expect(await look(x)).toEqual(RUNNING);
    pass(5000);
    expect(await look(x)).toEqual(RUNNING);
    pass(5000);
    await writeFile(x, "x=2\n");
    expect(changesOf(await look(x))).toMatchObject([{ what: "also", path: x }]);
    await writeFile(x, "x=1\n");
    await writeFile(y, "y=1\n");
    expect(changesOf(await look(x, y))).toMatchObject([{ what: "also", path: y }]);
    await unlink(y);
    expect(await look(x)).toEqual(RUNNING);
    await unlink(x);
    expect(changesOf(await look())).toMatchObject([{ what: "also", path: x }]);
    // To a process that began when it was gone, it never was there: 50 s later, long after the acts
    // above even where the machine is busy.
    pass(60_000);
    expect(
      await judge(host, { ...process, startTicks: process.startTicks + 5000 }, { also: [], alsoGlobs }),
    ).toEqual(RUNNING);
  });

  it("follows a reload by new workers, and cannot tell of one that shows nowhere", async () => {
    const { path, start, judge } = await setUp();
    const { host, pass } = makePassingHost();
    const process = await start();
    const worker = (afterMs: number, title = "worker") => ({
      ...process,
      argv: [title],
      startTicks: process.startTicks + afterMs / 10,
    });
    const old = worker(50);
    const look = (...children: Process[]) => judge(host, process, { reloads: "workers", children });
    expect(await look(old)).toEqual(RUNNING);
    expect(await judge(host, process, { reloads: "self" })).toEqual(RUNNING);
    pass(20_000);
    await writeFile(path, "v=2\n");
    expect(changesOf(await look(old, old))).toMatchObject([{ what: "file" }]);
    pass(20_000);
    const fresh = worker(30_000);
    expect(await look(old, fresh)).toMatchObject({
      state: "unknown",
      reason: expect.stringMatching(/beside each other/),
    });
    expect(await look(worker(50, "nginx: worker process is shutting down"), fresh)).toEqual(RUNNING);
    expect(await look(fresh, fresh)).toEqual(RUNNING);
    expect(await look(fresh)).toEqual(RUNNING);
    // As php-fpm replaces its workers, without reading its files again.
    expect(await look(fresh, worker(35_000))).toMatchObject({
      state: "unknown",
      reason: expect.stringMatching(/one after the other/),
    });
    expect(await look(worker(35_000), fresh, worker(31_000))).toEqual(RUNNING);
    expect(await look()).toMatchObject({ state: "unknown", reason: expect.stringMatching(/no worker/) });
    const self = await judge(host, process, { reloads: "self" });
    expect(self).toMatchObject({ state: "unknown", reason: expect.stringMatching(/reloads: self/) });
    // No reload brings another program.
    await chmod(path, 0o600);
    const other = { reloads: "workers" as const, children: [fresh], program: "/etc/hostname" };
    expect((await judge(host, process, other)).state).toBe("running");
  });

  it("cannot tell of one that shows nowhere what it has, even if the old content is back", async () => {
    const { start, judge, path } = await setUp();
    const { host, pass } = makePassingHost();
    const process = await start();
    expect(await judge(host, process, { reloads: "self" })).toEqual(RUNNING);
    pass(20_000);
    expect(await judge(host, process, { reloads: "self" })).toEqual(RUNNING);
    for (const text of ["v=2\n", "v=1\n"]) {
      pass(20_000);
      await writeFile(path, text);
      expect((await judge(host, process, { reloads: "self" })).state).toBe("unknown");
    }
    expect(await judge(host, process)).toEqual(RUNNING);
  });

  it(
    "cannot tell of a program that may not be seen and is not named, nor where uptime " + "is another's",
    async () => {
      const { start, judge } = await setUp();
      const process = await start();
      const exe = { unreadable: "refused" as const, reason: "may not be read by this user" };
      const host = makeRunningHost();
      const hidden: HostAccess = { ...host, files: { ...host.files, readLink: async () => exe } };
      expect(await judge(hidden, process, { program: undefined })).toMatchObject({
        state: "unknown",
        reason: expect.stringMatching(/name it in `program`/),
      });
      expect(await judge(hidden, process)).toEqual(RUNNING);
      expect(await judge(makeRunningHost({ laterMs: -600_000 }), process)).toMatchObject({
        state: "unknown",
        reason: expect.stringMatching(/uptime/),
      });
    },
  );

  it("finds the time since boot in a container that has an uptime of its own", async () => {
    const { start, judge } = await setUp();
    const process = await start();
    const host = makeRunningHost({ laterMs: -600_000 });
    const judged = await judge(
      { ...host, machine: { ...host.machine, ranFor: () => globalThis.process.uptime() * 1000 } },
      process,
    );
    expect(judged).toEqual(RUNNING);
  });

  it("stands in the report with what changed", async () => {
    const { folder, path, program, start } = await setUp();
    await start();
    const { host, pass } = makePassingHost();
    const options: OptionsOf["processes"] = {
      glob: [path],
      into: "processes",
      format: "ini",
      fields: { v: { key: "v", optional: false } },
      match: [{ words: "{path}" }],
      program,
      also: [],
    };
    const look = async (more: Partial<typeof options> = {}, on = host) =>
      (await processesCollector.collect({ ...options, ...more }, on, NEVER)).fields[0]?.[1];
    const also = [join(folder, "conf.d/*")];
    expect(await look({ also })).toMatchObject([{ v: "1", state: "running" }]);
    pass(5000);
    expect(await look({ also })).toMatchObject([{ v: "1", state: "running" }]);
    pass(5000);
    await writeFile(path, "v=2\n");
    expect(await look()).toMatchObject([
      { v: "2", state: "restart_pending", changed: [{ what: "file", path }] },
    ]);
    await writeFile(path, "v=1\n");
    expect(await look({ also })).toMatchObject([{ state: "running" }]);
    const glob: HostAccess["files"]["glob"] = (patterns, signal) =>
      patterns[0] === path
        ? host.files.glob(patterns, signal)
        : Promise.resolve({ unreadable: "refused", reason: "no" });
    const blind = { ...host, files: { ...host.files, glob } };
    expect(await look({ also }, blind)).toMatchObject([
      { state: "unknown", reason: expect.stringMatching(/which files it includes cannot be told/) },
    ]);
  });
});
