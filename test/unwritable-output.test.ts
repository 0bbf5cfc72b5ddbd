// Output that cannot be written: a full disk, a pipe whose reader has gone. Every command ends,
// with one line or none.
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runHere } from "./command.ts";
import { makeHome, run, runShell } from "./program.ts";

const PROGRAM = `"${process.execPath}" "${fileURLToPath(new URL("../dist/main.js", import.meta.url))}"`;

/** How the program writes: by commander, in one piece, in a stream, again and again. */
const FORMS: readonly string[] = [
  "--version",
  "--help",
  "list --help",
  "keys create --help",
  "list --store file:store",
  "list --store file:store --table",
  "list --store file:store --jq .",
  "list --store file:store --table --watch",
  "list --store file:store --ndjson --watch",
  "report --print",
  "completion bash",
  "completion zsh",
];

/** Commands that have something to say without a fleet, a key or a spec. */
const SPEAKING: readonly string[] = [
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

  it.each(FORMS)("ends on a full disk with one line: %s", { timeout: 120_000 }, async (args) => {
    const [said, mute] = await Promise.all([
      runShell(`timeout 60 ${PROGRAM} ${args} > /dev/full`, { home }),
      runShell(`timeout 60 ${PROGRAM} ${args} > /dev/full 2> /dev/full`, { home }),
    ]);
    expect(said.stderr).toBe("rollcall: cannot write: ENOSPC: no space left on device, write\n");
    expect([said.code, mute.code]).toEqual([1, 1]);
  });

  it.each(SPEAKING)("ends with what could not be written: %s", { timeout: 120_000 }, async (args) => {
    expect(await runHere(args.split(" "), { home, takesNothing: true })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^rollcall: cannot write: ENOSPC: no space left on device, write$/m),
    });
  });

  it.each(FORMS)("ends without a word where nobody reads: %s", { timeout: 120_000 }, async (args) => {
    const line = `set -o pipefail; timeout 60 ${PROGRAM} ${args} 2> err | true; echo $?; cat err`;
    const { stdout } = await runShell(line, { home });
    // What stands below a table is written where it can be.
    expect(stdout).toMatch(/^0\n(?:\d+ (?:fresh|shown).*\nfrom .*\n)*$/);
  });

  it("keeps the exit status of a mistake where stderr cannot be written", async () => {
    expect((await run(["lst"], { home })).code).toBe(2);
    expect((await runShell(`${PROGRAM} lst 2> /dev/full`, { home })).code).toBe(2);
    expect((await runShell(`${PROGRAM} list --store file:nowhere 2> /dev/full`, { home })).code).toBe(1);
  });
});
