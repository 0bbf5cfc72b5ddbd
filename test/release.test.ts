// What a release is checked by: a throwaway key signs, docs/install.md's own lines verify, and what
// was changed is found.
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { makeHome, runShell } from "./program.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * The lines of docs/install.md that verify a release, with the key that a release's page would
 * name.
 */
async function readVerification(publicKey: string): Promise<string> {
  const text = await readFile(join(ROOT, "docs/install.md"), "utf8");
  const [, lines] = /## Verifying a release[\s\S]*?```sh\n([\s\S]*?)```/.exec(text) ?? [];
  if (lines === undefined) throw new Error("docs/install.md does not say how to verify a release");
  return lines.replace("RWQ…", publicKey);
}

it("is verified as docs/install.md says, and whatever was changed is refused", async () => {
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  const shell = (line: string, cwd = home) => runShell(line, { home, cwd });
  const folder = join(home, "release");
  await mkdir(folder);
  const executables = ["rollcall-linux-x64", "rollcall-linux-arm64"];
  for (const name of [...executables, "rollcall_0.1.0_amd64.deb", "rollcall-0.1.0-1.x86_64.rpm"])
    await writeFile(join(folder, name), `of ${name}`);
  expect((await shell("minisign -G -W -p key.pub -s key.sec")).code).toBe(0);
  const signed = await shell(`node ${ROOT}scripts/sign.mjs --folder release --key key.sec`);
  expect(signed).toMatchObject({ code: 0, stderr: "" });
  const verify = await readVerification((await readFile(join(home, "key.pub"), "utf8")).split("\n")[1] ?? "");
  // Somebody has one file of the release only.
  const whole = await shell(`set -e\nrm rollcall-linux-arm64\n${verify}`, folder);
  expect(whole).toMatchObject({ code: 0, stdout: expect.stringContaining("rollcall-linux-x64: OK") });

  await appendFile(join(folder, "rollcall-linux-x64"), "!");
  expect((await shell(`set -e\n${verify}`, folder)).code).not.toBe(0);
  // Who changes a file changes its checksum as well.
  expect((await shell("sha256sum rollcall* > SHA256SUMS", folder)).code).toBe(0);
  expect((await shell(`set -e\n${verify}`, folder)).code).not.toBe(0);
  // And signs with a key of their own.
  await shell(
    "minisign -G -W -f -p other.pub -s other.sec && minisign -S -s other.sec -m release/SHA256SUMS",
  );
  expect((await shell(`set -e\n${verify}`, folder)).code).not.toBe(0);
});

it("says what is missing", async () => {
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  const none = await runShell(`node ${ROOT}scripts/sign.mjs --folder nowhere`, { home });
  expect(none).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^nowhere holds nothing to sign: [^\n]+\n$/),
  });
});

it("is built by a Bun whose every byte a lock vouches for", async () => {
  const lock = JSON.parse(await readFile(join(ROOT, "packaging/bun/package-lock.json"), "utf8")) as {
    packages: Record<string, { version?: string; integrity?: string }>;
  };
  const { "": root, ...packages } = lock.packages;
  expect(root).toBeDefined();
  expect(Object.keys(packages).sort()).toEqual(
    ["aarch64", "x64"].map((name) => `node_modules/@oven/bun-linux-${name}`),
  );
  expect(new Set(Object.values(packages).map(({ version }) => version)).size).toBe(1);
  for (const { integrity } of Object.values(packages)) expect(integrity).toMatch(/^sha512-/);
});
