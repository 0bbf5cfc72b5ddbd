// Tests of the completion script in a real bash, calling the real program.
import { execFile } from "node:child_process";
import { access, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BASH_SCRIPT } from "../../src/cli/commands/completion-bash.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Does what bash does on TAB: hands the line to the function that was registered, and shows its
 * replies.
 */
const PRESS_TAB = `
source ./completion.bash
COMP_LINE=$1 COMP_POINT=\${#1}
_rollcall rollcall "" ""
printf '%s\\n' "\${COMPREPLY[@]}"
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rollcall-"));
  await writeFile(join(folder, "completion.bash"), BASH_SCRIPT);
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  await writeFile(
    join(folder, "rollcall"),
    `#!/bin/sh\nexec '${process.execPath}' '${folder}/main.js' "$@"\n`,
    { mode: 0o755 },
  );
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  await build({
    absWorkingDir: ROOT,
    entryPoints: ["src/cli/program/main.ts"],
    outdir: folder,
    bundle: true,
    splitting: true,
    packages: "external",
    format: "esm",
    platform: "node",
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function pressTab(line: string): Promise<string[]> {
  const { stdout, stderr } = await promisify(execFile)("bash", ["--norc", "-c", PRESS_TAB, "bash", line], {
    cwd: folder,
    env: { PATH: `${folder}:${process.env.PATH}`, HOME: folder },
  });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((reply) => reply !== "");
}

describe("bash", () => {
  it.each([
    ["rollcall li", ["list"]],
    ["rollcall keys ", ["create", "list", "revoke", "deny", "allow", "help"]],
    ["rollcall list --state ", ["fresh", "silent", "all"]],
    ["rollcall list --state s", ["silent"]],
    ["rollcall list --state=s", ["silent"]],
    ["rollcall list 'instance_name=prod_*' --js", ["--json"]],
    ["rollcall keys create --scope in", ["ingest"]],
    ["rollcall serve --store f", ["file:"]],
    ["rollcall serve --store file:", []],
    ["rollcall completion b", ["bash"]],
    ["A=b C=d rollcall keys cr", ["create"]],
    ["rollcall spec check ./co", []],
  ])("completes %j", async (line, replies) => {
    expect(await pressTab(line)).toEqual(replies);
  });

  it("runs nothing that stands on the line", async () => {
    await pressTab("rollcall list $(touch ran) `touch ran` ; touch ran #");
    await expect(access(join(folder, "ran"))).rejects.toThrow("ENOENT");
  });

  it("takes the script twice, and leaves one function in the shell", async () => {
    const count =
      "source ./completion.bash; source ./completion.bash; declare -F; compgen -v | grep -ic shellcomp";
    const { stdout, stderr } = await promisify(execFile)("bash", ["--norc", "-c", `${count} || true`], {
      cwd: folder,
    });
    expect(stdout).toBe("declare -f _rollcall\n0\n");
    expect(stderr).toBe("");
  });
});
