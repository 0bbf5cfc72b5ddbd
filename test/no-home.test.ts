// The built program for a user who has no home folder and no name, as a container's --user, cron
// and `env -i` give them. Needs root.
import { chmod, mkdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeHome, runShell } from "./program.ts";

const PROGRAM = `${process.execPath} ${fileURLToPath(new URL("../dist/main.js", import.meta.url))}`;

let home: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ home, remove } = await makeHome());
  await chmod(home, 0o777);
  await mkdir(join(home, "store"));
  await chmod(join(home, "store"), 0o777);
  await writeFile(
    join(home, "store/i-1.json"),
    `{"update_date":"${new Date().toISOString()}","instance_id":"i-1"}`,
  );
});
afterEach(() => remove());

/** Runs as a user whom /etc/passwd has not, with nothing in the environment but PATH. */
function runHomeless(words: string, { env = "", isTimed = false } = {}) {
  const user = "setpriv --reuid 54321 --regid 54321 --clear-groups";
  return runShell(`${isTimed ? "timeout 3 " : ""}${user} env -i PATH="$PATH" ${env} ${PROGRAM} ${words}`, {
    home,
  });
}

it("commands that need no home folder work", async () => {
  expect((await runHomeless("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const listed = await runHomeless("list --store file:store --json");
  expect(listed.stderr).toBe("");
  expect(JSON.parse(listed.stdout)).toMatchObject([{ instance_id: "i-1" }]);
  const served = await runHomeless("serve --store file:store --listen 127.0.0.1:0", { isTimed: true });
  expect(served.stdout + served.stderr).toMatch(/http:\/\/127\.0\.0\.1:\d+/);
  expect(served.stderr).not.toContain("    at ");
  const made = await runHomeless("keys create --scope read", { env: "XDG_DATA_HOME=$PWD/data" });
  expect(made.stdout).toMatch(/^rc_/);
});

it.each([
  ["list", "there is no home folder for a store; name one with --store URL or --server URL, or set HOME"],
  [
    "keys list",
    "there is no home folder for a store; name one with --store URL or --server URL, or set HOME",
  ],
  [
    "agent --store file:store",
    "there is no home folder for the agent's state; name a folder with --state, or set HOME",
  ],
  [
    "config check",
    "there is no home folder to look for a configuration in; name a file with --config, or set HOME",
  ],
])("%s says in one line what to set", async (words, line) => {
  for (const env of ["", "HOME="]) {
    const { code, stderr } = await runHomeless(words, { env });
    expect({ code, stderr }).toEqual({ code: 1, stderr: `rollcall: ${line}\n` });
  }
});

it("a folder that is gone is said to be", async () => {
  await mkdir(join(home, "gone"));
  const line = `cd gone && rmdir ../gone && ${PROGRAM} list --store file:x`;
  const { code, stderr } = await runShell(line, { home });
  expect(code).toBe(1);
  expect(stderr).toBe(
    "rollcall: the folder that this was started in is gone; change to one that exists, and start again\n",
  );
  await mkdir(join(home, "gone"));
  await rmdir(join(home, "gone"));
});

it("what nobody foresaw is one line, and a stack for who asks for it", async () => {
  await writeFile(join(home, "break.mjs"), 'Date.now = () => { throw new TypeError("of the test") };');
  const line = (env: string) =>
    `${env} NODE_OPTIONS="--import ./break.mjs" ${PROGRAM} list --store file:store --json`;
  const { code, stderr } = await runShell(line(""), { home });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^rollcall: TypeError: of the test; this is a bug in Rollcall: please report it with .*\n$/,
  );
  expect((await runShell(line("ROLLCALL_DEBUG=1"), { home })).stderr).toMatch(/\n {4}at /);
});
