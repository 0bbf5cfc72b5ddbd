// Tests of whose the files are that root writes into another user's store. Only root can give files
// away.
import { execFile } from "node:child_process";
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { fileStore } from "./file.ts";
import { findOwner } from "./file-owner.ts";

const UID = 54_321;
const clock = () => Date.now();

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-owner-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function listOwners(root: string): Promise<Record<string, string>> {
  const names = await readdir(root, { recursive: true });
  const entries = await Promise.all(
    names.map(async (name) => {
      const { uid, gid, mode } = await lstat(join(root, name));
      return [name, `${uid}:${gid} ${(mode & 0o777).toString(8)}`] as const;
    }),
  );
  return Object.fromEntries(entries.sort());
}

it("gives what root writes to the owner of the store's folder, folders too, and not more rights", async ({
  skip,
}) => {
  if (process.getuid?.() !== 0) skip("only root gives files away");
  const root = await makeFolder();
  await chmod(root, 0o755);
  await chown(root, UID, UID);
  const store = await fileStore({ root, clock });
  await store.put("keys/v1/a.json", Buffer.from("one"), { ifNoneMatch: "*" });
  const { etag } = await store.put("keys/v1/b.json", Buffer.from("one"));
  await store.put("keys/v1/b.json", Buffer.from("two"), { ifMatch: etag });
  expect(await listOwners(root)).toEqual({
    ".rollcall-store": `${UID}:${UID} 644`,
    ".tmp": `${UID}:${UID} 700`,
    keys: `${UID}:${UID} 700`,
    "keys/v1": `${UID}:${UID} 700`,
    "keys/v1/a.json": `${UID}:${UID} 600`,
    "keys/v1/b.json": `${UID}:${UID} 600`,
  });
  // What the owner makes of it.
  const as = ["--reuid", `${UID}`, "--regid", `${UID}`, "--clear-groups"];
  const { stdout } = await promisify(execFile)("setpriv", [...as, "cat", "keys/v1/b.json"], { cwd: root });
  expect(stdout).toBe("two");
});

it("gives away nothing that it has not made: what a link leads to stays root's", async ({ skip }) => {
  if (process.getuid?.() !== 0) skip("only root gives files away");
  const [root, roots] = [await makeFolder(), await makeFolder()];
  await chown(root, UID, UID);
  await mkdir(join(roots, "secret"));
  await symlink(join(roots, "secret"), join(root, "keys"));
  const owner = await findOwner(root);
  await expect(owner.giveFolder(join(root, "keys"))).rejects.toThrow(/ENOTDIR|ELOOP/);
  expect(await listOwners(roots)).toEqual({ secret: "0:0 755" });
});

it("changes nothing for any other user, nor in a store of root's own", async () => {
  const root = await makeFolder();
  const { uid, gid } = await lstat(root);
  await (await findOwner(root, 1000)).giveFolder(root);
  await (await findOwner(root)).giveFolder(root);
  expect(await lstat(root)).toMatchObject({ uid, gid });
});
