// The units, by systemd's own check, and by what systemd 219 (Amazon Linux 2) makes of them.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeHome, runShell } from "../program.ts";
import { readAsSystemd219 } from "./systemd-219.ts";

const UNITS = new URL("../../packaging/systemd/", import.meta.url);
const SERVICES = ["rollcall-agent.service", "rollcall-report.service"];

const readUnit = (name: string) => readFile(new URL(name, UNITS), "utf8");

it("are good by systemd's own check", async () => {
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  for (const name of await readdir(UNITS))
    await writeFile(join(home, name), (await readUnit(name)).replace("/usr/bin/rollcall ", "/bin/true "));
  // Of a value that it does not know systemd-analyze says so, and ends well all the same.
  expect(await runShell("systemd-analyze verify ./*", { home })).toEqual({ code: 0, stdout: "", stderr: "" });
});

it.each(SERVICES)(
  "%s lets through what @system-service does, and of what changes a host nothing",
  async (name) => {
    const { home, remove } = await makeHome();
    onTestFinished(remove);
    const { stdout } = await runShell("systemd-analyze --no-pager syscall-filter", { home });
    const groups = readGroups(stdout);
    const denied = new Set<string>();
    const lines = [...(await readUnit(name)).replaceAll("\\\n", " ").matchAll(/^SystemCallFilter=(.*)$/gm)];
    expect(lines.length).toBeGreaterThan(0);
    for (const [, value = ""] of lines) {
      // A list of what is allowed is, before systemd 239, one of which nothing is known.
      expect(value).toMatch(/^~/);
      for (const word of value.slice(1).split(/\s+/))
        for (const call of expand(groups, word)) denied.add(call);
    }
    const service = expand(groups, "@system-service");
    expect(service.size).toBeGreaterThan(200);
    expect([...service].filter((call) => denied.has(call))).toEqual([]);
    for (const call of ["mount", "reboot", "init_module", "ptrace", "bpf", "settimeofday", "swapon", "iopl"])
      expect(denied).toContain(call);
  },
);

it.each(SERVICES)("%s has a state folder and runs as its user on systemd 219 as well", async (name) => {
  const { unit, unknown } = readAsSystemd219(await readUnit(name));
  expect(unit).toContain("\nEnvironment=STATE_DIRECTORY=/var/lib/rollcall\n");
  expect(unit).toContain("\nUser=rollcall\n");
  expect(unit).toContain("\nProtectSystem=full\n");
  expect(unit).not.toMatch(/^ProtectSystem=strict/m);
  // Nothing that 219 takes for a filter which lets nothing through.
  expect(unit).not.toMatch(/^SystemCallFilter=[^~]/m);
  expect(unknown).toContain("StateDirectory");
  const folder = await mkdtemp(join(tmpdir(), "rollcall-unit-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, name), unit.replace("/usr/bin/rollcall ", "/bin/true "));
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  expect(await runShell(`systemd-analyze verify ${folder}/${name}`, { home })).toMatchObject({
    code: 0,
    stderr: "",
  });
});

/** What `systemd-analyze syscall-filter` lists: groups, and the calls and groups in each. */
function readGroups(text: string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  let members: string[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("@")) {
      members = [];
      groups.set(line.trim(), members);
    } else if (/^ +[^# ]/.test(line)) members.push(line.trim());
  }
  return groups;
}

function expand(groups: ReadonlyMap<string, string[]>, word: string): Set<string> {
  if (!word.startsWith("@")) return new Set([word]);
  return new Set((groups.get(word) ?? []).flatMap((member) => [...expand(groups, member)]));
}
