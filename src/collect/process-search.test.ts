// Tests of finding a file's process: real ones of this machine, and hosts of files for what no test
// can start.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { MatchForm } from "../specs/match-schema.ts";
import { makeHostDouble } from "../testing/host-double.ts";
import { asNobody, makeFolder } from "../testing/temporary-folder.ts";
import type { HostAccess } from "./collector.ts";
import { openSearch } from "./process-search.ts";
import { listProcesses } from "./process-table.ts";

const sleep: HostAccess["sleep"] = (ms) => wait(ms);
const NEVER = new AbortController().signal;
const SCRIPT = "#!/usr/bin/env node\nsetTimeout(() => undefined, 300_000);\n";

interface Wanted {
  readonly match?: readonly MatchForm[];
  readonly program?: string;
  readonly host?: HostAccess;
}

/** The number of the process that is found; else what is said instead. */
async function find(
  path: string,
  { match = [{ words: "{path}" }], program, host = makeHostDouble("/", { sleep }) }: Wanted = {},
): Promise<string> {
  const table = await listProcesses(host, NEVER);
  const found = await openSearch(host, table, { forms: match, program, paths: [path] }, NEVER).find(path);
  if ("reason" in found) return found.reason;
  return found.process?.pid ?? "none";
}

async function start(
  program: string,
  args: readonly string[],
  options: Parameters<typeof spawn>[2] = {},
): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: "ignore", detached: true, ...options });
  onTestFinished(() => void (child.pid !== undefined && process.kill(-child.pid, "SIGKILL")));
  await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  return child;
}

/**
 * Waits until a search finds what is expected: a program needs a moment to become itself, and the
 * machine's others have no words while they start or end.
 */
async function expectFound(search: () => Promise<string>, expected: string | RegExp): Promise<void> {
  const poll = expect.poll(search, { timeout: 20_000, interval: 100 });
  await (typeof expected === "string" ? poll.toBe(expected) : poll.toMatch(expected));
}

describe("real processes", () => {
  it("are found by relative paths, links and the words of a wrapper", async () => {
    const root = await makeFolder({
      "conf/a.conf": "",
      "conf/b.conf": "",
      "conf/c.conf": "",
      "app.mjs": SCRIPT,
    });
    await symlink("b.conf", join(root, "conf/other.conf"));
    const relative = await start("node", ["app.mjs", "--config", "./conf/a.conf"], { cwd: root });
    const program = join(root, "app.mjs");
    await expectFound(() => find(join(root, "conf/a.conf"), { program }), String(relative.pid));
    const linked = await start("node", [program, `--config=file:${root}/conf/other.conf`]);
    await expectFound(
      () => find(join(root, "conf/b.conf"), { match: [{ words: "--config {path}" }], program }),
      String(linked.pid),
    );
    const wrapper = await start("/usr/bin/timeout", [
      "300",
      "node",
      program,
      "-c",
      join(root, "conf/c.conf"),
    ]);
    const inner = () => find(join(root, "conf/c.conf"), { match: [{ words: "-c {path}" }] });
    await expectFound(inner, /^\d+$/);
    expect(await inner()).not.toBe(String(wrapper.pid));
  });

  it("are no certain find, and no absence, after a link was turned under them", async () => {
    const root = await makeFolder({ "releases/1/a.conf": "", "releases/2/a.conf": "", "app.mjs": SCRIPT });
    await symlink("releases/1", join(root, "current"));
    await start("node", ["../../app.mjs", "a.conf"], { cwd: join(root, "current") });
    await symlink("releases/2", join(root, "new"));
    await rename(join(root, "new"), join(root, "current"));
    await expectFound(
      () => find(join(root, "current/a.conf")),
      /a link on the way to this file leads to .*releases\/2 now/,
    );
  });

  it(
    "are found by pidfile, variable, folder and open file, and by what holds of all in " + "one form",
    async () => {
      const root = await makeFolder({ "a.conf": "", "b.conf": "" });
      const path = join(root, "a.conf");
      const env = { PATH: process.env.PATH ?? "", APP_CONFIG: path };
      const child = await start("/usr/bin/tail", ["-f", "/dev/null"], { cwd: root, env });
      const held = await start("/bin/sh", ["-c", `exec 3< ${path}; exec /bin/sleep 300`]);
      const pid = String(child.pid);
      await writeFile(join(root, "a.pid"), `${pid}\n`);
      const forms: readonly MatchForm[] = [
        { pidfile: `${root}/{stem}.pid` },
        { words: "-f /dev/null", environ: "APP_CONFIG={path}" },
        { words: "-f /dev/null", cwd: root },
      ];
      for (const form of forms) await expectFound(() => find(path, { match: [form] }), pid);
      await expectFound(
        () => find(path, { match: [{ words: "/bin/sleep 300", open: "{path}" }] }),
        String(held.pid),
      );
      expect(
        await find(path, {
          match: [{ words: "-f /dev/null", environ: "APP_CONFIG={name}" }, { pidfile: "/nowhere" }],
        }),
      ).toMatch(/names this file|none/);
      await expectFound(
        () => find(join(root, "b.conf"), { match: [{ pidfile: `${root}/{stem}.pid` }] }),
        "none",
      );
      // Its number was given to another process since.
      await utimes(join(root, "a.pid"), 1, 1);
      const host = makeHostDouble("/");
      const trace: HostAccess["files"]["trace"] = async () => ({
        path: join(root, "a.pid"),
        changedAt: 1000,
      });
      expect(
        await find(path, {
          match: [{ pidfile: `${root}/{stem}.pid` }],
          host: { ...host, files: { ...host.files, trace } },
        }),
      ).toBe("none");
    },
  );

  it("that another user may not look into are told", async () => {
    const root = await makeFolder({ "a.conf": "" });
    await start("/usr/bin/tail", ["-f", "/dev/null"], { cwd: root });
    const match = [{ words: "/usr/bin/tail -f", cwd: root }];
    const said = await asNobody(() => find(join(root, "a.conf"), { match }));
    expect(said).toMatch(
      process.geteuid?.() === 0 ? /which folder process \d+ \(tail\) works in may not be seen/ : /^\d+$/,
    );
  });

  it("that name the folder of a file may have it, unless they name another file there", async () => {
    const files = [
      "data/a.conf",
      "data/conf/a.xml",
      "database/a.conf",
      "home/a.conf",
      "home/b.conf",
      "home/conf/a.xml",
    ];
    const root = await makeFolder(
      Object.fromEntries([...files.map((file) => [file, ""]), ["bin/app.mjs", SCRIPT]]),
    );
    const program = join(root, "bin/app.mjs");
    const child = await start("node", ["bin/app.mjs", "-D", "data"], { cwd: root });
    const inFolder = new RegExp(
      `process ${child.pid} \\(node\\) names the folder ${root}/data: .* has it: -D data$`,
    );
    await expectFound(() => find(join(root, "data/a.conf")), inFolder);
    expect(await find(join(root, "data/a.conf"), { match: [{ words: "-D {path}" }], program })).toMatch(
      inFolder,
    );
    await expectFound(() => find(join(root, "data/conf/a.xml")), inFolder);
    await expectFound(() => find(join(root, "database/a.conf")), "none");
    const other = await start("node", [program, `--home=${root}/home`, `--config=${root}/home/b.conf`]);
    await expectFound(() => find(join(root, "home/b.conf")), String(other.pid));
    await expectFound(() => find(join(root, "home/a.conf")), "none");
    await expectFound(() => find(join(root, "home/conf/a.xml")), /names the folder/);
  });

  it("that name no file may have what lies beside their program, and has their script's name", async () => {
    const root = await makeFolder({
      "shop/conf/a.ini": "",
      "shop/server.mjs": SCRIPT,
      "etc/score.ini": "",
      "bin/score.mjs": SCRIPT,
    });
    await start("node", ["server.mjs"], { cwd: join(root, "shop") });
    await start("node", [join(root, "bin/score.mjs")]);
    await expectFound(() => find(join(root, "shop/conf/a.ini")), /\(node\) may run with this file/);
    await expectFound(() => find(join(root, "etc/score.ini")), /\(node\) may run with this file/);
  });

  it("that take words from a file, or wrote a title over them, may have it", async () => {
    const files = ["jvm/a.conf", "jvm/b.conf", "titled/conf/a.conf"];
    const root = await makeFolder(Object.fromEntries(files.map((file) => [file, ""])));
    await writeFile(join(root, "words"), `--verbose\n--config="${root}/jvm/a.conf"\n`);
    await writeFile(join(root, "titled/app.mjs"), `process.title = "shop"; ${SCRIPT.split("\n")[1]}`);
    await start("node", ["-e", "setTimeout(() => undefined, 300_000)", "--", "@words"], { cwd: root });
    await start("node", ["app.mjs", "-c", "conf/a.conf"], { cwd: join(root, "titled") });
    await expectFound(
      () => find(join(root, "jvm/a.conf")),
      /takes words from words, and they name this file/,
    );
    await expectFound(() => find(join(root, "jvm/b.conf")), "none");
    const titled = join(root, "titled/conf/a.conf");
    await expectFound(() => find(titled), /\(shop\) may run with this file/);
    expect(await find(titled, { program: join(root, "titled/app.mjs") })).toMatch(
      /\(shop\) may run with this file/,
    );
  });

  it("have said nothing of a file if their program is named and their words name none", async () => {
    const root = await makeFolder({ "a.conf": "" });
    await start("/usr/bin/tail", ["-f", "/dev/null"]);
    expect(await find(join(root, "a.conf"), { program: "/usr/bin/tail" })).toMatch(
      /\(tail\) may run with this file, and its command line names none/,
    );
  });
});

/** A process of a host of files. */
function describeProcess(
  pid: number,
  parts: {
    parent?: number;
    cmdline?: string;
    cgroup?: string;
    status?: string;
    mountinfo?: string;
    name?: string;
  },
) {
  const { parent = 1, cmdline = "/opt/app\0", name = "app" } = parts;
  const stat =
    `${pid} (${name}) S ${parent} ${pid} ${pid} 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 ` + `${pid} 0 0\n`;
  const files: Record<string, string> = { [`proc/${pid}/stat`]: stat, [`proc/${pid}/cmdline`]: cmdline };
  for (const file of ["cgroup", "status", "mountinfo"] as const) {
    const text = parts[file];
    if (text !== undefined) files[`proc/${pid}/${file}`] = text;
  }
  return files;
}

const INIT = describeProcess(1, {
  parent: 0,
  cmdline: "/sbin/init\0",
  name: "systemd",
  cgroup: "0::/init.scope\n",
});
const BOOT = { "proc/stat": "btime 1700000000\n", "conf/a.conf": "", "conf/b.conf": "" };

describe("units of systemd", () => {
  async function makeHost(
    processes: Record<string, string>,
    show: Record<string, string> = {},
  ): Promise<HostAccess> {
    const root = await makeFolder({ ...BOOT, ...INIT, ...processes, "usr/bin/systemctl": "" });
    await mkdir(join(root, "run/systemd/system"), { recursive: true });
    const host = makeHostDouble(root);
    return {
      ...host,
      run: async ({ argv }) => {
        const units = argv.slice(argv.indexOf("--") + 1);
        const text = units
          .map((unit) => show[unit] ?? `Id=${unit}\nLoadState=not-found\nActiveState=inactive\nMainPID=0`)
          .join("\n\n");
        return { stdout: Buffer.from(`${text}\n`), stderr: Buffer.alloc(0) };
      },
    };
  }
  const match = [{ unit: "app@{stem}.service" }];
  const cgroup = "0::/system.slice/system-app.slice/app@a.service\n";

  it("tie their processes by the control group, of which the first counts", async () => {
    const host = await makeHost({
      ...describeProcess(10, { cgroup }),
      ...describeProcess(11, { parent: 10, cgroup: cgroup.replace("\n", "/sub\n") }),
    });
    expect(await find("/conf/a.conf", { host, match })).toBe("10");
  });

  it("tie the main process that systemd names, where it is not clear", async () => {
    const show = { "app@a.service": "Id=app@a.service\nLoadState=loaded\nActiveState=active\nMainPID=11" };
    const host = await makeHost(
      { ...describeProcess(10, { cgroup }), ...describeProcess(11, { cgroup }) },
      show,
    );
    expect(await find("/conf/a.conf", { host, match })).toBe("11");
  });

  it("are found under another name", async () => {
    const show = { "alias.service": "Id=app@a.service\nLoadState=loaded\nActiveState=active\nMainPID=0" };
    const host = await makeHost(describeProcess(10, { cgroup }), show);
    expect(await find("/conf/a.conf", { host, match: [{ unit: "alias" }] })).toBe("10");
  });

  it("that are not active run nothing, whatever else may not be seen", async () => {
    const show = { "app@b.service": "Id=app@b.service\nLoadState=loaded\nActiveState=failed\nMainPID=0" };
    const host = await makeHost(describeProcess(10, { cgroup }), show);
    const list: HostAccess["files"]["list"] = async (path) =>
      path === "/proc" ? { names: ["10"] } : host.files.list(path);
    expect(await find("/conf/b.conf", { host: { ...host, files: { ...host.files, list } }, match })).toBe(
      "none",
    );
  });

  it("that systemd does not know are told", async () => {
    expect(await find("/conf/b.conf", { host: await makeHost(describeProcess(10, { cgroup })), match })).toBe(
      "systemd knows no unit app@b.service",
    );
  });
});

describe("what may not be seen", () => {
  const own = "27 1 8:1 / / rw - ext4 /dev/sda rw\n";
  const self = { "proc/self/status": "NSpid:\t5\nCapEff:\t0\n", "proc/self/mountinfo": own };
  const cmdline = "/opt/app\0--config\0/conf/a.conf\0";

  it("is not absent: a process that gives nothing but an error", async () => {
    const root = await makeFolder({ ...BOOT, ...INIT, ...describeProcess(10, {}) });
    const host = makeHostDouble(root);
    for (const [file, reason] of [
      ["stat", "process 10 cannot be read: EMFILE"],
      [
        "cmdline",
        "process 10 (app) runs with this file cannot be told: its command line cannot be read: EMFILE",
      ],
    ] as const) {
      const readOfProcess: HostAccess["files"]["readOfProcess"] = async (path, limit, signal) =>
        path === `/proc/10/${file}`
          ? { unreadable: "refused", reason: "cannot be read: EMFILE" }
          : host.files.readOfProcess(path, limit, signal);
      expect(
        await find("/conf/a.conf", { host: { ...host, files: { ...host.files, readOfProcess } } }),
      ).toContain(reason);
    }
    expect(await find("/conf/a.conf", { host })).toBe("none");
  });

  it("is not absent: hidden processes, an empty command line, one that is too long", async () => {
    const hidden = makeHostDouble(await makeFolder({ ...BOOT, ...describeProcess(10, {}) }));
    expect(await find("/conf/a.conf", { host: hidden })).toBe(
      "/proc does not show all processes: not the first, process 1",
    );
    const empty = makeHostDouble(
      await makeFolder({ ...BOOT, ...INIT, ...describeProcess(10, { cmdline: "" }) }),
    );
    expect(await find("/conf/a.conf", { host: empty })).toContain("its command line is empty");
    const long = `/opt/app\0${"x".repeat(1024 * 1024)}\0/conf/a.conf\0`;
    const cut = makeHostDouble(
      await makeFolder({ ...BOOT, ...INIT, ...describeProcess(10, { cmdline: long }) }),
    );
    expect(await find("/conf/a.conf", { host: cut })).toContain(
      "its command line has more than 1048576 bytes",
    );
  });

  it("is seen as a process with another root sees it", async () => {
    const inJail = describeProcess(10, { cmdline, status: "NSpid:\t10\n", mountinfo: "\n" });
    const root = await makeFolder({ ...BOOT, ...INIT, ...self, ...inJail, "jail/conf/a.conf": "" });
    const host = makeHostDouble(root);
    const path = "/jail/conf/a.conf";
    expect(await find(path, { host })).toBe("none");
    await symlink("/jail", join(root, "proc/10/root"));
    expect(await find(path, { host })).toBe("10");
    expect(await find("/conf/a.conf", { host })).toMatch(/has \/conf\/a.conf, and works below another root/);
    const readLink: HostAccess["files"]["readLink"] = async () => ({
      unreadable: "refused",
      reason: "may not be read by this user",
    });
    expect(await find(path, { host: { ...host, files: { ...host.files, readLink } } })).toMatch(
      /whether below another root may not/,
    );
    await rm(join(root, "jail"), { recursive: true });
    expect(await find("/conf/a.conf", { host })).toBe("10");
  });

  it(
    "is waited for: a process that has no words for a moment, between fork and exec or " + "at its end",
    async () => {
      const root = await makeFolder({
        ...BOOT,
        ...INIT,
        ...describeProcess(10, { cmdline: "" }),
        ...describeProcess(11, { cmdline: "" }),
      });
      const waited: number[] = [];
      const sleep: HostAccess["sleep"] = async (ms) => {
        waited.push(ms);
        if (waited.length === 1) await writeFile(join(root, "proc/10/cmdline"), "/opt/app\0/conf/a.conf\0");
        if (waited.length === 2) await rm(join(root, "proc/11"), { recursive: true });
      };
      const host = makeHostDouble(root, { sleep });
      expect(await find("/conf/a.conf", { host })).toBe("10");
      expect(waited).toHaveLength(2);
      expect(await find("/conf/b.conf", { host })).toBe("none");
      expect(waited).toHaveLength(2);
    },
  );

  it.each([
    ["the same mounts", "NSpid:\t10\n", own, "10"],
    [
      "a private /tmp and a read-only /conf",
      "NSpid:\t10\n",
      `${own}28 27 8:1 /conf /conf ro - ext4 x ro\n29 27 8:1 /tmp/x /tmp rw - ext4 x rw\n`,
      "10",
    ],
    ["a changed root", "NSpid:\t10\n", "\n", "10"],
    [
      "another file system over the path",
      "NSpid:\t10\n",
      `${own}28 27 0:50 / /conf rw - tmpfs t rw\n`,
      "none",
    ],
    ["a container", "NSpid:\t10\t1\n", "27 1 0:60 / / rw - overlay o rw\n", "none"],
    [
      "a container with the folder of the host",
      "NSpid:\t10\t1\n",
      "27 1 0:60 / / rw - overlay o rw\n28 27 8:1 /conf /conf rw - ext4 x rw\n",
      "10",
    ],
  ])("a process with %s", async (_, status, mountinfo, expected) => {
    const host = makeHostDouble(
      await makeFolder({ ...BOOT, ...INIT, ...self, ...describeProcess(10, { cmdline, status, mountinfo }) }),
    );
    expect(
      await find("/conf/a.conf", { host: { ...host, files: { ...host.files, resolve: (path) => path } } }),
    ).toBe(expected);
  });
});
