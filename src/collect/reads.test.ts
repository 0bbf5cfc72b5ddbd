// Tests of what steps read: nothing is read again that did not change, and nothing that changed is
// passed over.
import { link, mkdir, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder } from "../testing/temporary-folder.ts";
import { openHostFiles } from "./host-files.ts";
import { isUnchanged, recordReads } from "./reads.ts";

const never = new AbortController().signal;
const HOUR_MS = 3_600_000;

/**
 * A folder with two files and a link to one of them, read once by path and by glob, an hour from
 * now as far as the reader knows.
 */
async function readOnce({ ahead = HOUR_MS, isShared = false } = {}) {
  const root = await makeFolder({ "conf/a": "A_red_1.9\n", "conf/b": "2\n", other: "A_red_1.9\n" });
  await symlink("../other", join(root, "conf/c"));
  const files = { ...openHostFiles(root), ...(isShared && { isShared: () => Promise.resolve(true) }) };
  const noted = recordReads(files, Date.now() + ahead);
  const found = await noted.files.glob(["/conf/*"], never);
  if ("unreadable" in found) throw new Error(found.reason);
  for (const path of found.paths) await noted.files.read(path, never);
  return {
    path: (name: string) => join(root, name),
    noted,
    isUnchanged: () => isUnchanged(noted.list(), files, never),
  };
}

type Setting = Awaited<ReturnType<typeof readOnce>>;

const CHANGES: Readonly<Record<string, (setting: Setting) => Promise<void>>> = {
  "other content of the same size": ({ path }) => writeFile(path("conf/a"), "A_red_1.8\n"),
  "and with its old time of writing": async ({ path }) => {
    await utimes(path("conf/a"), 1, 1);
    await writeFile(path("conf/a"), "A_red_1.8\n");
    await utimes(path("conf/a"), 1, 1);
  },
  "another file in its place": async ({ path }) => {
    await writeFile(path("new"), "A_red_1.9\n");
    await rename(path("new"), path("conf/a"));
  },
  "a file more": ({ path }) => writeFile(path("conf/d"), ""),
  "a file less": ({ path }) => rm(path("conf/b")),
  "a link that leads elsewhere": async ({ path }) => {
    await rm(path("conf/c"));
    await symlink("a", path("conf/c"));
  },
  "a link that leads nowhere": ({ path }) => rm(path("other")),
  "a further name of a file": ({ path }) => link(path("conf/a"), path("further")),
};

describe("what a step read", () => {
  it("is the same as long as nothing is changed", async () => {
    const { isUnchanged } = await readOnce();
    expect(await isUnchanged()).toBe(true);
    expect(await isUnchanged()).toBe(true);
  });

  it.each(Object.keys(CHANGES))("is not the same after %s", async (name) => {
    const setting = await readOnce();
    await CHANGES[name]?.(setting);
    expect(await setting.isUnchanged()).toBe(false);
  });

  it.each([0, 2000, -HOUR_MS])(
    "counts as changed where a file was written %i ms before, whatever its times say",
    async (ahead) => {
      const { isUnchanged } = await readOnce({ ahead });
      expect(await isUnchanged()).toBe(false);
    },
  );

  it("counts as changed on a network file system, whose facts may be a minute old", async () => {
    const { isUnchanged } = await readOnce({ isShared: true });
    expect(await isUnchanged()).toBe(false);
  });

  it("is the same in /dev/shm, where files are in memory", async () => {
    const { path, noted, isUnchanged } = await readOnce();
    await mkdir(path("dev/shm"), { recursive: true });
    await writeFile(path("dev/shm/a"), "1");
    await noted.files.read("/dev/shm/a", never);
    expect(await isUnchanged()).toBe(true);
  });

  it("counts as changed where something could not be read, or is made up by the kernel", async () => {
    for (const path of ["/none", "/conf", "/proc/stat"]) {
      const { noted, isUnchanged } = await readOnce();
      await noted.files.read(path, never);
      expect(await isUnchanged()).toBe(false);
    }
  });
});
