// The packages where systemd runs: the agent under its unit, an upgrade that keeps the host in the
// roll, a removal that takes it out, and the unit as systemd 219 reads it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Machine } from "./boot.ts";
import { nameFile, PACKAGES, ROOT } from "./packages.ts";
import { makeAmazonLikeRoot, makeDebianRoot, type Root } from "./root.ts";
import { readAsSystemd219 } from "./systemd-219.ts";

const { now, next } = PACKAGES;
const REPORTS = ["find", "/srv/rollcall/reports", "-name", "*.json"];
const DEPARTURES = ["find", "/srv/rollcall/departures", "-name", "*.json"];

describe.each([
  {
    name: "Debian",
    family: "deb",
    make: makeDebianRoot,
    install: "apt-get install -y",
    remove: "apt-get remove -y",
  },
  {
    name: "a root like Amazon Linux's",
    family: "rpm",
    make: makeAmazonLikeRoot,
    install: "dnf install -y",
    remove: "dnf remove -y",
  },
] as const)("in $name", ({ family, make, install, remove }) => {
  let root: Root;
  let machine: Machine;
  const shell = (line: string) => machine.run("sh", "-c", line);
  const show = (property: string) => shell(`systemctl show -P ${property} rollcall-agent`).trim();

  beforeAll(async () => {
    root = make();
    for (const release of [now, next])
      root.copy(join(release.folder, nameFile(release, family, "x64")), `/root/${release.version}.${family}`);
    // Where the store lies is the operator's to open.
    root.write(
      "/etc/systemd/system/rollcall-agent.service.d/store.conf",
      "[Service]\nReadWritePaths=/srv/rollcall\n",
    );
    machine = await Machine.boot(root);
  });
  afterAll(async () => {
    await machine?.powerOff();
    root?.remove();
  });

  it("the agent runs under its unit, and reports", async () => {
    shell(`${install} /root/${now.version}.${family}`);
    expect(show("ActiveState")).toBe("inactive");
    root.write("/etc/rollcall/config.yaml", "store: file:/srv/rollcall\n");
    shell("install -d -o rollcall /srv/rollcall && systemctl enable --now rollcall-agent");
    await machine.wait(/\.json/, ...REPORTS);
    expect(show("ActiveState")).toBe("active");
    expect(shell(`stat -c %U /proc/${show("MainPID")}`).trim()).toBe("rollcall");
    expect(shell("rollcall agent status --state /var/lib/rollcall")).toContain('"running": true');
    expect(show("ProtectSystem")).toBe("strict");
    // Nothing in the unit that this systemd has something to say about.
    expect(shell("journalctl --no-pager -o cat _PID=1 | grep -F rollcall- || true")).not.toMatch(
      /ignor|unknown|fail/i,
    );
  });

  it("an upgrade restarts it, and the host stays in the roll", async () => {
    const before = show("MainPID");
    shell(`${install} /root/${next.version}.${family}`);
    await machine.wait(/^active$/m, "systemctl", "is-active", "rollcall-agent");
    expect(show("MainPID")).not.toBe(before);
    expect(machine.try(...DEPARTURES).stdout).toBe("");
    expect(machine.run(...REPORTS)).toMatch(/\.json/);
  });

  it("a removal takes the host out of the roll, and stops it", async () => {
    shell(`${remove} rollcall`);
    expect(machine.run(...DEPARTURES)).toMatch(/\.json/);
    expect(machine.try("pgrep", "-x", "rollcall").stdout).toBe("");
    expect(machine.try("systemctl", "is-enabled", "rollcall-agent").stdout.trim()).not.toBe("enabled");
  });
});

describe("the unit as systemd 219 reads it", () => {
  let root: Root;
  let machine: Machine;
  beforeAll(async () => {
    root = makeAmazonLikeRoot();
    root.copy(join(now.folder, nameFile(now, "rpm", "x64")), "/root/rollcall.rpm");
    root.run("rpm", "--install", "/root/rollcall.rpm");
    const text = readFileSync(join(ROOT, "packaging/systemd/rollcall-agent.service"), "utf8");
    root.write("/etc/systemd/system/rollcall-agent.service", readAsSystemd219(text).unit);
    root.write("/etc/rollcall/config.yaml", "store: file:/srv/rollcall\n");
    root.run("install", "-d", "-o", "rollcall", "/srv/rollcall");
    root.run("systemctl", "enable", "rollcall-agent");
    machine = await Machine.boot(root);
  });
  afterAll(async () => {
    await machine?.powerOff();
    root?.remove();
  });

  it("starts the agent at boot, with its state where doctor and status look", async () => {
    await machine.wait(/\.json/, ...REPORTS);
    expect(machine.run("ls", "/var/lib/rollcall")).toContain("status.json");
    expect(machine.run("rollcall", "agent", "status")).toContain('"running": true');
  });
});
