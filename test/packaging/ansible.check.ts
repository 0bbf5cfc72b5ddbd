// The Ansible role, on this machine's own roots by Ansible's chroot connection: check mode, a first
// run, a second that changes nothing, an upgrade, another configuration; and ansible-lint.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CACHE, PACKAGES, ROOT } from "./packages.ts";
import { installPythonTool } from "./python-tool.ts";
import { makeAmazonLikeRoot, makeDebianRoot, type Root, run } from "./root.ts";

const { now, next } = PACKAGES;
const ROLES = join(ROOT, "packaging/ansible/roles");
const KEY = `ed25519:${"A".repeat(43)}`;

describe.each([
  { name: "Debian", make: makeDebianRoot },
  { name: "a root like Amazon Linux's", make: makeAmazonLikeRoot },
])("the role in $name", ({ make }) => {
  let root: Root;
  let folder: string;
  beforeAll(() => {
    root = make();
    // Ansible's chroot connection enters a root that has these.
    for (const [type, path] of [
      ["proc", "proc"],
      ["devtmpfs", "dev"],
    ] as const)
      execFileSync("mount", ["-t", type, type, join(root.folder, path)]);
    folder = mkdtempSync(join(CACHE, "play-"));
  });
  afterAll(() => {
    for (const path of ["dev", "proc"]) execFileSync("umount", [join(root.folder, path)]);
    root.remove();
    rmSync(folder, { recursive: true });
  });

  const play = (variables: object, ...flags: string[]) => {
    const playbook = join(folder, "site.yml");
    writeFileSync(
      playbook,
      JSON.stringify([
        { hosts: "all", gather_subset: ["!all", "min"], roles: [{ role: "rollcall", ...variables }] },
      ]),
    );
    const inventory = `${root.folder},`;
    const args = ["-i", inventory, "-c", "community.general.chroot", playbook, "--diff", ...flags];
    const { code, stdout, stderr } = run("ansible-playbook", args, {
      ANSIBLE_ROLES_PATH: ROLES,
      ANSIBLE_NOCOLOR: "1",
      ANSIBLE_PIPELINING: "1",
      ANSIBLE_PYTHON_INTERPRETER: "/usr/bin/python3",
      ANSIBLE_LOCAL_TEMP: folder,
    });
    const [, changed, failed] = /changed=(\d+)\s+unreachable=0\s+failed=(\d+)/.exec(stdout) ?? [];
    return { code, changed: Number(changed), failed: Number(failed), output: `${stdout}${stderr}` };
  };
  const variables = {
    rollcall_packages: now.folder,
    rollcall_version: now.version,
    rollcall_store: "s3://reports?region=ap-northeast-1",
    rollcall_spec_keys: [KEY],
    rollcall_allow_commands: ["/opt/app/bin/"],
    rollcall_settings: { log_level: "debug" },
    rollcall_unit: "SupplementaryGroups=app",
  };

  it("says in check mode what would change, and changes nothing", () => {
    const { code, changed, output } = play(variables, "--check");
    expect(code, output).toBe(0);
    expect(changed).toBeGreaterThan(0);
    expect(root.has("/usr/bin/rollcall")).toBe(false);
    expect(root.has("/etc/rollcall")).toBe(false);
  });

  it("installs and configures the agent, and enables it", () => {
    const { code, output } = play(variables);
    expect(code, output).toBe(0);
    expect(root.run("rollcall", "--version")).toBe(`${now.version}\n`);
    const config = root.run("rollcall", "config", "check", "--config", "/etc/rollcall/config.yaml", "--json");
    expect(config).toContain("s3://reports?region=ap-northeast-1");
    expect(config).toContain(KEY);
    expect(root.run("stat", "-c", "%U:%G %a", "/etc/rollcall/config.yaml").trim()).toBe("root:rollcall 640");
    expect(root.run("cat", "/etc/systemd/system/rollcall-agent.service.d/ansible.conf")).toContain(
      "SupplementaryGroups=app",
    );
    expect(root.run("systemctl", "is-enabled", "rollcall-agent.service").trim()).toBe("enabled");
    expect(existsSync(join(root.folder, "var/cache/rollcall"))).toBe(false);
  });

  it("changes nothing in a second run, nor would in check mode", () => {
    for (const flags of [[], ["--check"]]) {
      const { code, changed, output } = play(variables, ...flags);
      expect({ code, changed }, output).toEqual({ code: 0, changed: 0 });
    }
  });

  it("brings it to another version, with another configuration and no drop-in, and enables the timer", () => {
    const { code, output } = play({
      ...variables,
      rollcall_packages: next.folder,
      rollcall_version: next.version,
      rollcall_store: "",
      rollcall_server: "https://rollcall.example.com",
      rollcall_enrol_key: "rc_enrol_secret",
      rollcall_unit: "",
      rollcall_mode: "timer",
    });
    expect(code, output).toBe(0);
    // A key is in no log.
    expect(output).not.toContain("rc_enrol_secret");
    expect(root.run("stat", "-c", "%U:%G %a", "/etc/rollcall/enrol-key").trim()).toBe(
      "rollcall:rollcall 400",
    );
    expect(root.run("cat", "/etc/rollcall/config.yaml")).toContain("server: https://rollcall.example.com");
    expect(root.has("/etc/systemd/system/rollcall-agent.service.d/ansible.conf")).toBe(false);
    expect(root.try("systemctl", "is-enabled", "rollcall-agent.service").stdout.trim()).toBe("disabled");
    expect(root.run("systemctl", "is-enabled", "rollcall-report.timer").trim()).toBe("enabled");
  });

  it("refuses a configuration that the program refuses, and two places to report to", () => {
    const bad = play({ ...variables, rollcall_settings: { within: "a while" } });
    expect(bad.code).not.toBe(0);
    expect(root.run("cat", "/etc/rollcall/config.yaml")).not.toContain("a while");
    const two = play({ ...variables, rollcall_server: "https://rollcall.example.com" });
    expect(two.code).not.toBe(0);
    expect(two.output).toContain("Give rollcall_store or rollcall_server, and not both.");
  });
});

it("ansible-lint has nothing to say of the role", () => {
  const lint = installPythonTool("ansible-lint", "26.10.1");
  const { code, stdout, stderr } = run(
    lint,
    ["--offline", "--profile", "production", join(ROLES, "rollcall")],
    {
      ANSIBLE_NOCOLOR: "1",
    },
  );
  expect(code, stdout + stderr).toBe(0);
});
