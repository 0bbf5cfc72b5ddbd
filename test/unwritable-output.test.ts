// Output that cannot be written: a full disk, a pipe whose reader has gone. Every command ends,
// with one line or none.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildProgram } from "../src/cli/program/program.ts";
import { makeIo } from "../src/testing/io-double.ts";
import { makeHome, run, runShell } from "./program.ts";

const PROGRAM = `"${process.execPath}" "${new URL("../dist/main.js", import.meta.url).pathname}"`;

/** Commands that have something to say without a fleet, a key or a spec. */
const SPEAKING: readonly string[] = [
  "--version",
  "--help",
  "list --store file:store",
  "list --store file:store --ndjson",
  "list --store file:store --output csv",
  "list --store file:store --excel",
  "list --store file:store --jq .",
  "list --store file:store --table",
  "list --store file:store --table --watch",
  "list --store file:store --ndjson --watch",
  "show h1 --store file:store",
  "versions --store file:store",
  "coverage --store file:store",
  "problems --store file:store --output csv",
  "report --print",
  "spec schema",
  "keys list --store file:store",
  "store init --store file:store --dry-run",
  "config check",
  "completion bash",
  "completion zsh",
  "completion fish",
  "cost --hosts 10",
];

describe("output that cannot be written", () => {
  let home = "";
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ home, remove } = await makeHome());
    const report = JSON.stringify({
      instance_id: "h1",
      update_date: new Date().toISOString(),
      app_version: "1.2",
    });
    const folder = "store/reports/v1/local";
    const line = `mkdir -p ${folder} && printf '%s' '${report}' > ${folder}/h1.json`;
    expect((await runShell(line, { home })).code).toBe(0);
  });
  afterAll(() => remove());

  it.each(SPEAKING)("ends on a full disk with one line: %s", { timeout: 120_000 }, async (args) => {
    const { code, stderr } = await runShell(`timeout 60 ${PROGRAM} ${args} > /dev/full`, { home });
    expect(stderr).toBe("rollcall: cannot write: ENOSPC: no space left on device, write\n");
    expect(code).toBe(1);
    expect((await runShell(`timeout 60 ${PROGRAM} ${args} > /dev/full 2> /dev/full`, { home })).code).toBe(1);
  });

  it.each(SPEAKING)("ends without a word where nobody reads: %s", { timeout: 120_000 }, async (args) => {
    const line = `set -o pipefail; timeout 60 ${PROGRAM} ${args} 2> err | true; echo $?; cat err`;
    const { stdout } = await runShell(line, { home });
    // What stands below a table is written where it can be.
    expect(stdout).toMatch(/^0\n(?:\d+ (?:fresh|shown).*\nfrom .*\n)*$/);
  });

  it("ends on a full disk with one line for the help of every command", { timeout: 300_000 }, async () => {
    const commands = buildProgram(await makeIo()).commands.map((command) => command.name());
    expect(commands).toContain("problems");
    for (const command of commands) {
      const { code, stderr } = await runShell(`${PROGRAM} ${command} --help > /dev/full`, { home });
      expect(stderr, command).toBe("rollcall: cannot write: ENOSPC: no space left on device, write\n");
      expect(code, command).toBe(1);
    }
  });

  it("keeps the exit status of a mistake where stderr cannot be written", async () => {
    expect((await run(["lst"], { home })).code).toBe(2);
    expect((await runShell(`${PROGRAM} lst 2> /dev/full`, { home })).code).toBe(2);
    expect((await runShell(`${PROGRAM} list --store file:nowhere 2> /dev/full`, { home })).code).toBe(1);
  });
});
