// Tests of files in a state folder that is another user's and hostile. Those as root are run by
// root alone.
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, stat, symlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { replaceFile } from "../store/atomic-file.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { readStateFile, removeLeftOvers, setAside } from "./state-file.ts";

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
    execFileSync("/usr/bin/mkfifo", [join(folder, "pipe")]);
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
