// Tests of what the file driver leaves on the disk: deletes that last, and drafts of the dead that
// do not.
import { readdirSync, unlinkSync } from "node:fs";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { fileStore } from "./file.ts";

const HOUR = 3_600_000;
const LIMIT = { maxBytes: 1024 };

async function makeRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "rollcall-durable-"));
  onTestFinished(() => rm(root, { recursive: true }));
  return root;
}

describe("a delete", () => {
  it("is told when its folder was flushed, also where another had removed the object already", async () => {
    const root = await makeRoot();
    const synced: string[][] = [];
    const syncFolder = async (path: string) => {
      if (path.endsWith("/a")) synced.push(readdirSync(path));
    };
    const store = await fileStore({ root, clock: Date.now, syncFolder });
    await store.put("a/one", Buffer.from("x"));
    synced.length = 0;
    await store.delete("a/one");
    await store.delete("a/one");
    expect(synced).toEqual([[], []]);
    await store.delete("no/such/folder");
  });

  it("fails where its folder cannot be flushed", async () => {
    const root = await makeRoot();
    let isBroken = false;
    const syncFolder = async () => {
      if (isBroken) throw Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO" });
    };
    const store = await fileStore({ root, clock: Date.now, syncFolder });
    await store.put("a/one", Buffer.from("x"));
    isBroken = true;
    await expect(store.delete("a/one")).rejects.toThrow(
      /cannot delete .*a\/one: EIO: the disk reports an error/,
    );
  });
});

describe("drafts", () => {
  /** A store whose own clock and whose file system's clock say how much later it is than now. */
  const openLater = (root: string, ownMs: number, fileSystemMs: number) =>
    fileStore({ root, clock: () => Date.now() + ownMs, askTime: async () => Date.now() + fileSystemMs });

  async function leaveDrafts(root: string): Promise<void> {
    await (await fileStore({ root, clock: Date.now })).put("a/one", Buffer.from("x"));
    await writeFile(join(root, ".tmp", "draft"), "half");
    await writeFile(join(root, `.rollcall-store.${"0".repeat(16)}`), "half");
    // A writer whose clock is years behind stamps its draft so before it is placed.
    await utimes(join(root, ".tmp", "draft"), 0, 0);
  }
  const DRAFTS = [`.rollcall-store.${"0".repeat(16)}`, "draft"];
  const listDrafts = async (root: string) => {
    const all = [...(await readdir(root)), ...(await readdir(join(root, ".tmp")))];
    return all.filter((name) => DRAFTS.includes(name));
  };

  it("that are older than an hour by both clocks go when the store is opened", async () => {
    const root = await makeRoot();
    await leaveDrafts(root);
    await openLater(root, HOUR + 5000, HOUR + 5000);
    expect(await listDrafts(root)).toEqual([]);
  });

  it.each([
    ["young", HOUR - 5000, HOUR - 5000],
    ["old by this machine's clock alone", 48 * HOUR, 0],
    ["old by the file system's clock alone", 0, 48 * HOUR],
  ])("stay that are %s", async (_, ownMs, fileSystemMs) => {
    const root = await makeRoot();
    await leaveDrafts(root);
    const store = await openLater(root, ownMs, fileSystemMs);
    await store.expire?.("a/", 0);
    expect(await listDrafts(root)).toEqual(DRAFTS);
  });

  it("go while a server runs too, at each expiry", async () => {
    const root = await makeRoot();
    let later = 0;
    const clock = () => Date.now() + later;
    const store = await fileStore({ root, clock, askTime: async () => clock() });
    await leaveDrafts(root);
    await store.expire?.("a/", 0);
    expect(await listDrafts(root)).toEqual(DRAFTS);
    later = 2 * HOUR;
    await store.expire?.("a/", 0);
    expect(await listDrafts(root)).toEqual([]);
  });

  it("that go under a live writer's hands are made again", async () => {
    const root = await makeRoot();
    let takings = 0;
    const clock = () => {
      // The draft is written, and not placed yet.
      const drafts = readdirSync(join(root, ".tmp"));
      if (drafts.length > 0 && takings++ === 0)
        for (const name of drafts) unlinkSync(join(root, ".tmp", name));
      return Date.now();
    };
    const store = await fileStore({ root, clock });
    await store.put("a/one", Buffer.from("whole"));
    expect(takings).toBeGreaterThan(1);
    expect((await store.get("a/one", LIMIT))?.body.toString()).toBe("whole");
  });
});
