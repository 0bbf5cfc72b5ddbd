// What root writes into another user's folder: whose it is, and that no link leads root elsewhere.
// Needs root, since only root gives files away.
import { execFile } from "node:child_process";
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { openObservationsFile } from "../src/agent/observations-file.ts";
import { removeLeftOvers } from "../src/agent/state-file.ts";
import { replaceFile } from "../src/store/atomic-file.ts";
import { fileStore } from "../src/store/file.ts";
import { findOwner } from "../src/store/file-owner.ts";
import { makeHostDouble } from "../src/testing/host-double.ts";
import { makeFolder } from "../src/testing/temporary-folder.ts";

const NOBODY = 65_534;
const NEVER = new AbortController().signal;
const UID = 54_321;
const clock = () => Date.now();

const asRoot = process.geteuid?.() === 0 ? describe : describe.skip;
if (process.geteuid?.() !== 0)
  process.stderr.write(
    "skipped: tests of what root does in another user's folder, since this user is not root\n",
  );

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

asRoot("root in another user's state folder", () => {
  it("follows no link, changes nothing outside, and gives what it wrote to the folder's owner", async () => {
    const outside = await makeFolder({ shadow: "root's own" });
    const folder = await makeFolder();
    await chown(folder, NOBODY, NOBODY);
    const shadow = join(outside, "shadow");
    await symlink(shadow, join(folder, "key"));
    // What an older version wrote to.
    await symlink(shadow, join(folder, "key.new"));
    await link(shadow, join(folder, "spool"));
    for (const name of ["key", "spool"]) await replaceFile(join(folder, name), "ours");
    expect(await readFile(shadow, "utf8")).toBe("root's own");
    expect((await stat(shadow)).uid).toBe(0);
    for (const name of ["key", "spool"]) {
      const facts = await lstat(join(folder, name));
      expect(facts.isFile()).toBe(true);
      expect([facts.uid, facts.gid]).toEqual([NOBODY, NOBODY]);
      expect(await readFile(join(folder, name), "utf8")).toBe("ours");
    }
    await removeLeftOvers(folder, Date.now() + 3_600_000);
    expect(await readFile(shadow, "utf8")).toBe("root's own");
  });

  it("keeps what it writes in a folder of its own", async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, "key"), "old");
    await replaceFile(join(folder, "key"), "new");
    expect((await stat(join(folder, "key"))).uid).toBe(0);
  });

  it("gives the file of observations to the folder's user", async () => {
    const folder = join(await makeFolder(), "state");
    await mkdir(folder);
    await chown(folder, NOBODY, NOBODY);
    await chmod(folder, 0o700);
    const notices: string[] = [];
    const host = makeHostDouble("/", { clock });
    const memory = openObservationsFile({
      folder,
      makesFolder: true,
      onNotice: (notice) => notices.push(notice),
    });
    const observations = await memory.load();
    const moment = await observations.readClock(host, NEVER);
    if ("reason" in moment) throw new Error(moment.reason);
    await observations.observe("/etc/hostname", moment, host, NEVER);
    await memory.save();
    expect(notices).toEqual([]);
    expect(await stat(join(folder, "observed.json"))).toMatchObject({ uid: NOBODY, gid: NOBODY });
  });
});

asRoot("root in another user's store", () => {
  it("gives what root writes to the owner of the store's folder, no more rights", async () => {
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

  it("gives away nothing that it has not made: what a link leads to stays root's", async () => {
    const [root, roots] = [await makeFolder(), await makeFolder()];
    await chown(root, UID, UID);
    await mkdir(join(roots, "secret"));
    await symlink(join(roots, "secret"), join(root, "keys"));
    const owner = await findOwner(root);
    await expect(owner.giveFolder(join(root, "keys"))).rejects.toThrow(/ENOTDIR|ELOOP/);
    expect(await listOwners(roots)).toEqual({ secret: "0:0 755" });
  });
});
