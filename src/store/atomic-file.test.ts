// Tests of files that are replaced whole, in folders where others may write too.
import { lstat, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeFolder } from "../testing/temporary-folder.ts";
import { parseDraftName, replaceFile, writeDraft } from "./atomic-file.ts";

it("a file is replaced whole, for its user alone from the first byte, and nothing else is left", async () => {
  const folder = await makeFolder();
  const path = join(folder, "key");
  for (const text of ["one", "two"]) await replaceFile(path, text);
  expect([await readFile(path, "utf8"), (await lstat(path)).mode & 0o777]).toEqual(["two", 0o600]);
  await replaceFile(path, "page", { mode: 0o644, isHidden: true, owner: "user", isVolatile: true });
  expect((await lstat(path)).mode & 0o777).toBe(0o644 & ~process.umask());
  expect(await readdir(folder)).toEqual(["key"]);
});

it("a link in its place is replaced, and what it leads to stays as it is", async () => {
  const folder = await makeFolder({ "elsewhere/secret": "theirs" });
  const path = join(folder, "key");
  await symlink(join(folder, "elsewhere/secret"), path);
  await replaceFile(path, "ours");
  expect((await lstat(path)).isSymbolicLink()).toBe(false);
  expect(await readFile(join(folder, "elsewhere/secret"), "utf8")).toBe("theirs");
});

it("what cannot be put in its place is not left beside it", async () => {
  const folder = await makeFolder({ "key/inside": "" });
  await expect(replaceFile(join(folder, "key"), "x")).rejects.toThrow(/EISDIR|ENOTEMPTY/);
  await expect(replaceFile(join(folder, "missing/key"), "x")).rejects.toThrow("ENOENT");
  expect(await readdir(folder)).toEqual(["key"]);
});

it("drafts are told by their names, whose they are too", async () => {
  const folder = await makeFolder();
  const drafts = [
    await writeDraft(join(folder, "a.md"), "x"),
    await writeDraft(join(folder, "a.md"), "x", { isHidden: true }),
    await writeDraft(join(folder, ".a"), "x", { isHidden: true }),
  ].map((path) => path.slice(folder.length + 1));
  expect(drafts.map(parseDraftName)).toEqual(["a.md", "a.md", ".a"]);
  expect(new Set(drafts).size).toBe(3);
  for (const name of ["a.md", "a.new", "a.0123456789abcde.new", "0123456789abcdef.new.txt"])
    expect([name, parseDraftName(name)]).toEqual([name, undefined]);
});
