// Tests of the parsers of what the kernel and systemd say of processes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findMountPoint, parseMounts } from "./mount-table.ts";
import { parseCommandLine, parseEnviron, parseMappedFiles, parseStat, parseStatus } from "./process-facts.ts";
import { fillUnit, parsePidfile } from "./process-forms.ts";
import { findHidepid } from "./process-visibility.ts";
import { escapeUnit, parseShow, parseUnits } from "./systemd-units.ts";

describe("/proc", () => {
  it("is read as the kernel writes it", () => {
    expect(parseCommandLine("a\0b c\0\0")).toEqual(["a", "b c"]);
    expect(parseCommandLine("nginx: master process  \0\0\0")).toEqual(["nginx: master process"]);
    expect(parseCommandLine("")).toEqual([]);
    const numbers = Array.from({ length: 30 }, (_, at) => at).join(" ");
    expect(parseStat(`1 (a) b (c) S ${numbers}`)).toEqual({
      name: "a) b (c",
      state: "S",
      parent: "0",
      isKernel: false,
      isEnding: true,
      threads: 16,
      startTicks: 18,
    });
    expect(parseStat("")).toBeUndefined();
    expect(
      parseStatus("Name:\tx\nGid:\t5\t6\t6\t6\nGroups:\t7 8 \nNSpid:\t40\t2\nCapEff:\t0000000000080000\n"),
    ).toEqual({
      namespacePids: ["40", "2"],
      capabilities: 1n << 19n,
      groups: ["6", "7", "8"],
    });
    expect([...parseEnviron("A=1\0B=x=y\0A=2\0=z\0nothing\0")]).toEqual([
      ["A", "1"],
      ["B", "x=y"],
    ]);
    expect(
      parseMappedFiles(
        "55a-55b r--p 00000000 fe:00 12                         /opt/a b.so\n7f-80 rw-p 0 00:00 0 [heap]\n",
      ),
    ).toEqual(["/opt/a b.so"]);
  });

  it("never throws, whatever it says", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        for (const parse of [
          parseCommandLine,
          parseStat,
          parseStatus,
          parseEnviron,
          parseMappedFiles,
          parseMounts,
          parseUnits,
          parsePidfile,
        ])
          parse(text);
        parseShow(text, ["a.service"]);
      }),
    );
  });
});

describe("mounts", () => {
  const mounts = parseMounts(
    [
      "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
      "22 27 0:21 / /proc rw - proc proc rw,gid=33,hidepid=invisible",
      "40 27 0:40 / /srv\\040x rw shared:1 - tmpfs tmpfs rw",
      "41 27 254:0 /data /mnt rw - ext4 /dev/vda rw",
      "42 27 0:50 / /mnt/over rw - tmpfs tmpfs rw",
    ].join("\n"),
  );

  it("lead each path to a device and a path on it", () => {
    expect(findMountPoint(mounts, "/etc/a.conf")).toBe("254:0 /etc/a.conf");
    expect(findMountPoint(mounts, "/mnt/a.conf")).toBe("254:0 /data/a.conf");
    expect(findMountPoint(mounts, "/mnt/over/a.conf")).toBe("0:50 /a.conf");
    expect(findMountPoint(mounts, "/mntx")).toBe("254:0 /mntx");
    expect(findMountPoint(mounts, "/srv x/a")).toBe("0:40 /a");
    expect(findMountPoint([], "/etc")).toBeUndefined();
  });

  it("tell whether /proc hides processes", () => {
    expect(findHidepid(mounts, "/proc")).toEqual({ value: "invisible", group: "33" });
    const hidepid = (option: string) =>
      findHidepid(parseMounts(`22 27 0:21 / /proc rw - proc proc rw,hidepid=${option}`), "/proc")?.value;
    expect(["0", "off", "1", "2", "4", "noaccess", "ptraceable"].map(hidepid)).toEqual([
      undefined,
      undefined,
      "1",
      "2",
      "4",
      "noaccess",
      "ptraceable",
    ]);
  });
});

describe("systemd's units", () => {
  it.each([
    ["0::/system.slice/app.service", "app.service", false],
    ["0::/system.slice/system-app.slice/app@a.service/worker", "app@a.service", false],
    ["5:cpu:/other.service\n1:name=systemd:/system.slice/app.service", "app.service", false],
    ["0::/system.slice/__app.service", "_app.service", false],
    ["0::/user.slice/user-1000.slice/user@1000.service/app.slice/app.service", "app.service", true],
  ])("are the folders of %j: %s", (text, unit, isUsers) => {
    expect(parseUnits(text)).toContainEqual({ unit, isUsers });
    expect(parseUnits(text).map((one) => one.unit)).not.toContain("other.service");
  });

  it("have names that systemd-escape(1) makes", () => {
    expect(escapeUnit("/opt/my-app/a b.conf")).toBe("opt-my\\x2dapp-a\\x20b.conf");
    expect(fillUnit("app@{stem}", "/opt/a.b.conf")).toEqual(["app@a.b.service"]);
    expect(fillUnit("app@{stem}.service", "/opt/a-b.conf")).toEqual([
      "app@a-b.service",
      "app@a\\x2db.service",
    ]);
    expect(fillUnit("app@{stem}.service", "/opt/a b.conf")).toEqual(["app@a\\x20b.service"]);
  });

  it("are told by systemctl in their order", () => {
    const text =
      "Id=a.service\nLoadState=loaded\nActiveState=active\nMainPID=12\n\n" +
      "Id=b.service\nLoadState=not-found\nActiveState=inactive\nMainPID=0\n";
    expect(parseShow(text, ["x.service", "b.service"]).get("x.service")).toEqual({
      id: "a.service",
      load: "loaded",
      active: "active",
      mainPid: "12",
    });
    expect(parseShow(text, ["x.service"]).size).toBe(0);
  });

  it.each([
    ["123\n", "123"],
    ["123", "123"],
    ["123\n/var/lib/postgresql\n5432\n", "123"],
    ["-123\n", undefined],
    ["12 34\n", undefined],
    ["", undefined],
    ["0\n", undefined],
    ["12345678901\n", undefined],
  ])("a pidfile %j holds %s", (text, pid) => {
    expect(parsePidfile(text)).toBe(pid);
  });
});
