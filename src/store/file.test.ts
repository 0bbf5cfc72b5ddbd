// The file driver keeps the Store contract, and what it promises beyond it.
import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeStore } from "../testing/store-conformance.ts";
import { describeExpiry } from "../testing/store-conformance-expiry.ts";
import { fileStore } from "./file.ts";
import { type Store, StoreError } from "./store.ts";

const NOW = Date.UTC(2024, 1, 29, 12);
const LIMIT = { maxBytes: 1024 * 1024 };
const clock = () => NOW;

async function makeFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "rollcall-file-"));
}

async function listKeys(store: Store, prefix = ""): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of store.list(prefix)) keys.push(...page.map(({ key }) => key));
  return keys;
}

const makeFixture = async () => {
  const root = await makeFolder();
  const time = { now: NOW };
  const store = await fileStore({ root, clock: () => time.now });
  return { store, time, dispose: () => rm(root, { recursive: true }) };
};

describeStore("file", makeFixture);
describeExpiry("file", makeFixture);

describe("file: a folder", () => {
  let root: string;
  let store: Store;
  beforeAll(async () => {
    root = join(await makeFolder(), "made", "on opening");
    store = await fileStore({ root, clock });
  });
  afterAll(() => rm(join(root, "../.."), { recursive: true }));

  it("is made for its owner alone, and names itself", async () => {
    await store.put("modes/one", Buffer.from("x"));
    expect(store.location).toBe(`file:${root}`);
    expect((await stat(root)).mode & 0o777).toBe(0o700);
    expect((await stat(join(root, "modes"))).mode & 0o777).toBe(0o700);
    expect((await stat(join(root, "modes/one"))).mode & 0o777).toBe(0o600);
  });

  it("stores the clock's milliseconds as the file's mtime", async () => {
    for (const ms of [0, 1, 999]) {
      const other = await fileStore({ root, clock: () => NOW + ms });
      expect((await other.put("time/one", Buffer.from("x"))).lastModified).toBe(NOW + ms);
      expect(Math.floor((await stat(join(root, "time/one"))).mtimeMs)).toBe(NOW + ms);
    }
  });

  it("gives no two bodies of one length and one millisecond the same etag", async () => {
    const etags = new Set<string>();
    for (let turn = 0; turn < 100; turn++) etags.add((await store.put("etags/one", Buffer.from("x"))).etag);
    expect(etags.size).toBe(100);
  });

  it("leaves nothing in .tmp, and lists nothing of it", async () => {
    const entry = await store.put("tidy/one", Buffer.from("x"));
    await store.put("tidy/two", Buffer.from("x"), { ifNoneMatch: "*" });
    await store.put("tidy/one", Buffer.from("y"), { ifMatch: entry.etag });
    await expect(store.put("tidy/one", Buffer.from("z"), { ifMatch: entry.etag })).rejects.toThrow(
      StoreError,
    );
    expect(await readdir(join(root, ".tmp"))).toEqual([]);
    await writeFile(join(root, ".tmp", "draft"), "half");
    expect(await listKeys(store)).not.toContain(".tmp/draft");
    await rm(join(root, ".tmp", "draft"));
  });

  it("shows files that others copied in", async () => {
    const source = join(root, "..", "source.json");
    await writeFile(source, "{}");
    await mkdir(join(root, "foreign"));
    await cp(source, join(root, "foreign", "i-1.json"));
    await cp(source, join(root, "foreign", "a name no host may have.json"));
    await writeFile(join(root, "foreign", ".hidden"), "{}");
    expect(await listKeys(store, "foreign/")).toEqual([
      "foreign/a name no host may have.json",
      "foreign/i-1.json",
    ]);
    expect((await store.get("foreign/i-1.json", LIMIT))?.body.toString()).toBe("{}");
  });

  it("has no object where a folder or a named pipe stands, and does not hang", async () => {
    await mkdir(join(root, "odd", "folder.json"), { recursive: true });
    execFileSync("/usr/bin/mkfifo", [join(root, "odd", "pipe.json")]);
    expect(await listKeys(store, "odd/")).toEqual([]);
    for (const name of ["folder.json", "pipe.json"])
      expect(await store.get(`odd/${name}`, LIMIT)).toBeUndefined();
    await store.delete("odd/folder.json");
    await expect(store.put("odd/folder.json", Buffer.from("x"))).rejects.toThrow(
      /cannot write .*odd\/folder\.json: E[A-Z]+: a folder stands/,
    );
  });

  it("replaces a symbolic link and leaves its target alone", async () => {
    const target = join(root, "..", "target");
    await writeFile(target, "theirs");
    await mkdir(join(root, "links"));
    await symlink(target, join(root, "links", "one"));
    await store.put("links/one", Buffer.from("ours"));
    expect((await stat(target)).size).toBe("theirs".length);
    expect((await store.get("links/one", LIMIT))?.body.toString()).toBe("ours");
  });

  it("says what stands in the way", async () => {
    await store.put("way/file", Buffer.from("x"));
    await expect(store.put("way/file/below", Buffer.from("y"))).rejects.toThrow(
      /^\[store\] \[file\] cannot write .*way\/file\/below: ENOTDIR: a file stands where a folder should; move it away$/,
    );
    expect(await store.get("way/file/below", LIMIT)).toBeUndefined();
    await expect(fileStore({ root: join(root, "way/file"), clock })).rejects.toThrow(
      /cannot make the folder .*way\/file: EEXIST/,
    );
  });

  it("makes a folder again that somebody removed", async () => {
    await store.put("removed/one", Buffer.from("x"));
    await rm(join(root, "removed"), { recursive: true });
    await rm(join(root, ".tmp"), { recursive: true });
    await store.put("removed/two", Buffer.from("y"));
    expect(await listKeys(store, "removed/")).toEqual(["removed/two"]);
  });

  it("fails to list once it is gone: that is no empty store", async () => {
    const folder = await makeFolder();
    const gone = await fileStore({ root: folder, clock });
    await rm(folder, { recursive: true });
    await expect(listKeys(gone)).rejects.toThrow(StoreError);
    await expect(listKeys(gone, "reports/v1/")).rejects.toThrow("there is no folder");
  });

  it("is not made for those who only read", async () => {
    const missing = join(await makeFolder(), "mistyped");
    await expect(fileStore({ root: missing, clock, mustExist: true })).rejects.toThrow(
      `there is no folder ${missing}`,
    );
    await expect(stat(missing)).rejects.toThrow("ENOENT");
  });

  it("tells what its file system's clock says", async () => {
    const before = Date.now();
    const { now } = await fileStore({ root, clock: () => NOW });
    // The kernel's clock for files moves in ticks.
    expect(await now?.()).toBeGreaterThan(before - 1000);
    expect(await now?.()).toBeLessThan(Date.now() + 1000);
    expect(await readdir(join(root, ".tmp"))).toEqual([]);
  });

  it("shows whole bodies only through hundreds of concurrent overwrites", async () => {
    const body = (turn: number) => Buffer.alloc(1 + turn * 137, String(turn % 10));
    await store.put("whole/one", body(0));
    let open = 200;
    const write = async (turn: number) => {
      await store.put("whole/one", body(turn));
      open--;
    };
    const read = async () => {
      while (open > 0) {
        const found = await store.get("whole/one", LIMIT);
        expect(found?.body.equals(body(((found?.size ?? 0) - 1) / 137))).toBe(true);
      }
    };
    const writes = Array.from({ length: open }, (_, turn) => write(turn));
    await Promise.all([...writes, read(), read(), read()]);
    expect(await readdir(join(root, ".tmp"))).toEqual([]);
  });
});
