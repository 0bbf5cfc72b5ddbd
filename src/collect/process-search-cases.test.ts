// Tests of finding a file's process on hosts of files, for what no test can start: units of
// systemd, and what may not be seen.
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeHostDouble } from "../testing/host-double.ts";
import { findPid } from "../testing/process-search.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import type { HostAccess } from "./collector.ts";

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
    expect(await findPid("/conf/a.conf", { host, match })).toBe("10");
  });

  it("tie the main process that systemd names, where it is not clear", async () => {
    const show = { "app@a.service": "Id=app@a.service\nLoadState=loaded\nActiveState=active\nMainPID=11" };
    const host = await makeHost(
      { ...describeProcess(10, { cgroup }), ...describeProcess(11, { cgroup }) },
      show,
    );
    expect(await findPid("/conf/a.conf", { host, match })).toBe("11");
  });

  it("are found under another name", async () => {
    const show = { "alias.service": "Id=app@a.service\nLoadState=loaded\nActiveState=active\nMainPID=0" };
    const host = await makeHost(describeProcess(10, { cgroup }), show);
    expect(await findPid("/conf/a.conf", { host, match: [{ unit: "alias" }] })).toBe("10");
  });

  it("that are not active run nothing, whatever else may not be seen", async () => {
    const show = { "app@b.service": "Id=app@b.service\nLoadState=loaded\nActiveState=failed\nMainPID=0" };
    const host = await makeHost(describeProcess(10, { cgroup }), show);
    const list: HostAccess["files"]["list"] = async (path) =>
      path === "/proc" ? { names: ["10"] } : host.files.list(path);
    expect(await findPid("/conf/b.conf", { host: { ...host, files: { ...host.files, list } }, match })).toBe(
      "none",
    );
  });

  it("that systemd does not know are told", async () => {
    expect(
      await findPid("/conf/b.conf", { host: await makeHost(describeProcess(10, { cgroup })), match }),
    ).toBe("systemd knows no unit app@b.service");
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
        await findPid("/conf/a.conf", { host: { ...host, files: { ...host.files, readOfProcess } } }),
      ).toContain(reason);
    }
    expect(await findPid("/conf/a.conf", { host })).toBe("none");
  });

  it("is not absent: hidden processes, an empty command line, one that is too long", async () => {
    const hidden = makeHostDouble(await makeFolder({ ...BOOT, ...describeProcess(10, {}) }));
    expect(await findPid("/conf/a.conf", { host: hidden })).toBe(
      "/proc does not show all processes: not the first, process 1",
    );
    const empty = makeHostDouble(
      await makeFolder({ ...BOOT, ...INIT, ...describeProcess(10, { cmdline: "" }) }),
    );
    expect(await findPid("/conf/a.conf", { host: empty })).toContain("its command line is empty");
    const long = `/opt/app\0${"x".repeat(1024 * 1024)}\0/conf/a.conf\0`;
    const cut = makeHostDouble(
      await makeFolder({ ...BOOT, ...INIT, ...describeProcess(10, { cmdline: long }) }),
    );
    expect(await findPid("/conf/a.conf", { host: cut })).toContain(
      "its command line has more than 1048576 bytes",
    );
  });

  it("is seen as a process with another root sees it", async () => {
    const inJail = describeProcess(10, { cmdline, status: "NSpid:\t10\n", mountinfo: "\n" });
    const root = await makeFolder({ ...BOOT, ...INIT, ...self, ...inJail, "jail/conf/a.conf": "" });
    const host = makeHostDouble(root);
    const path = "/jail/conf/a.conf";
    expect(await findPid(path, { host })).toBe("none");
    await symlink("/jail", join(root, "proc/10/root"));
    expect(await findPid(path, { host })).toBe("10");
    expect(await findPid("/conf/a.conf", { host })).toMatch(
      /has \/conf\/a.conf, and works below another root/,
    );
    const readLink: HostAccess["files"]["readLink"] = async () => ({
      unreadable: "refused",
      reason: "may not be read by this user",
    });
    expect(await findPid(path, { host: { ...host, files: { ...host.files, readLink } } })).toMatch(
      /whether below another root may not/,
    );
    await rm(join(root, "jail"), { recursive: true });
    expect(await findPid("/conf/a.conf", { host })).toBe("10");
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
      expect(await findPid("/conf/a.conf", { host })).toBe("10");
      expect(waited).toHaveLength(2);
      expect(await findPid("/conf/b.conf", { host })).toBe("none");
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
      await findPid("/conf/a.conf", { host: { ...host, files: { ...host.files, resolve: (path) => path } } }),
    ).toBe(expected);
  });
});
