// Tests of files in a state folder that is another user's and hostile. Those as root are run by
// root alone.
import { execFileSync } from "node:child_process";
import {
  chown,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder } from "../testing/temporary-folder.ts";
import { readStateFile, removeLeftOvers, replaceFile, setAside } from "./state-file.ts";

const NOBODY = 65_534;
const asRoot = process.geteuid?.() === 0 ? describe : describe.skip;
if (process.geteuid?.() !== 0)
  process.stderr.write(
    "skipped: tests of what root does in another user's folder, since this user is not root\n",
  );

describe("a state file", () => {
  it("is replaced whole, and leaves nothing beside it", async () => {
    const folder = await makeFolder();
    for (const text of ["one", "two"]) await replaceFile(join(folder, "key"), text);
    expect(await readFile(join(folder, "key"), "utf8")).toBe("two");
    expect((await stat(join(folder, "key"))).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["key"]);
  });

  it("is nothing where it is a link, a pipe, a folder, or larger than can be", async () => {
    const folder = await makeFolder({ secret: "secret", large: "123456" });
    await symlink(join(folder, "secret"), join(folder, "link"));
    await symlink(join(folder, "nowhere"), join(folder, "dangling"));
    await mkdir(join(folder, "folder"));
    execFileSync("mkfifo", [join(folder, "pipe")]);
    for (const name of ["link", "dangling", "folder", "pipe", "large", "absent", "secret/x"])
      expect(await readStateFile(join(folder, name), 5)).toBeUndefined();
    expect(String(await readStateFile(join(folder, "secret"), 6))).toBe("secret");
  });

  it(
    "is set aside under another name, and only its own leftovers are removed, when " + "they are old",
    async () => {
      const folder = await makeFolder({
        key: "1",
        "status.json.0123456789abcdef.new": "",
        "spool.fedcba9876543210.new": "",
        "my.conf": "",
      });
      expect(await setAside(join(folder, "key"), "refused")).toBe(join(folder, "key.refused"));
      expect(await setAside(join(folder, "key"), "refused")).toBeUndefined();
      await utimes(join(folder, "spool.fedcba9876543210.new"), 1, 1);
      await utimes(join(folder, "my.conf"), 1, 1);
      await removeLeftOvers(folder, Date.now());
      expect((await readdir(folder)).sort()).toEqual([
        "key.refused",
        "my.conf",
        "status.json.0123456789abcdef.new",
      ]);
    },
  );
});

asRoot("root in another user's folder", () => {
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
});
