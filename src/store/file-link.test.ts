// Tests of symbolic links in a store's folder: no report behind one is lost in silence, whenever
// the link was made.
import { mkdir, mkdtemp, readFile, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { fileStore } from "./file.ts";
import { type Store, StoreError, Unreadable } from "./store.ts";

const NOW = Date.UTC(2024, 1, 29, 12);
const KEY = "reports/v1/local/i-1.json";
const LIMIT = { maxBytes: 1024 };

async function setUp() {
  const place = await mkdtemp(join(tmpdir(), "rollcall-link-"));
  onTestFinished(() => rm(place, { recursive: true }));
  const root = join(place, "store");
  // Each look at this clock is a minute later, so that nothing that was seen before counts.
  let time = 0;
  const open = () => fileStore({ root, clock: () => NOW, monotonic: () => (time += 60_000) });
  const store = await open();
  await store.put(KEY, Buffer.from("{}"));
  return { place, root, open, store };
}

async function listKeys(store: Store, prefix: string, shallow = false): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of store.list(prefix, { shallow })) keys.push(...page.map(({ key }) => key));
  return keys;
}

/** Puts a link where a folder was, which goes elsewhere; with its disk, if `isAway`. */
async function linkFolder(root: string, folder: string, isAway: boolean): Promise<string> {
  const path = join(root, folder);
  const elsewhere = join(root, "..", "elsewhere");
  await rename(path, elsewhere);
  await symlink(elsewhere, path);
  if (isAway) await rm(elsewhere, { recursive: true });
  return path;
}

describe.each([false, true])("a link in the place of a folder, what it leads to away: %s", (isAway) => {
  it.each(["reports", "reports/v1", "reports/v1/local"])(
    "%s is refused by name in all that is done",
    async (folder) => {
      const { root, open, store } = await setUp();
      const path = await linkFolder(root, folder, isAway);
      // One that runs, and one that starts.
      for (const one of [store, await open()]) {
        const all = {
          list: () => listKeys(one, "reports/v1/"),
          get: () => one.get(KEY, LIMIT),
          put: () => one.put(KEY, Buffer.from("new")),
          putNew: () => one.put("reports/v1/local/i-2.json", Buffer.from("new"), { ifNoneMatch: "*" }),
          delete: () => one.delete(KEY),
          expire: () => one.expire?.("reports/v1/", NOW),
        };
        for (const [name, act] of Object.entries(all)) {
          const failure = await Promise.resolve(act()).catch((error: unknown) => error);
          expect(failure, name).toBeInstanceOf(StoreError);
          expect(String(failure), name).toContain(
            `${path} is a symbolic link, and a store has none inside; put what it leads to in`,
          );
        }
      }
      if (!isAway) expect(await readFile(join(root, KEY), "utf8")).toBe("{}");
    },
  );
});

it("a link beside what is asked for changes nothing", async () => {
  const { place, root, store } = await setUp();
  await symlink(place, join(root, "latest"));
  await symlink("nowhere", join(root, "gone"));
  await symlink(place, join(root, ".hidden"));
  expect(await listKeys(store, "", true)).toEqual([]);
  expect(await listKeys(store, "reports/v1/")).toEqual([KEY]);
});

it(
  "a link to a file is shown and cannot be read, however old; a put takes its place, " +
    "and its target stays",
  async () => {
    const { place, root, store } = await setUp();
    const target = join(place, "report.json");
    await writeFile(target, "theirs");
    await unlink(join(root, KEY));
    await symlink(target, join(root, KEY));
    const later = await fileStore({ root, clock: () => NOW + 72 * 3_600_000 });
    for await (const [entry] of later.list("reports/v1/")) {
      expect(entry?.key).toBe(KEY);
      expect(NOW + 72 * 3_600_000 - (entry?.lastModified ?? 0)).toBeLessThan(3_600_000);
    }
    expect(await listKeys(store, "reports/v1/")).toEqual([KEY]);
    await expect(store.get(KEY, LIMIT)).rejects.toThrow(Unreadable);
    await expect(store.get(KEY, LIMIT)).rejects.toThrow(
      `${join(root, KEY)} is a symbolic link, which is not followed`,
    );
    expect(await store.expire?.("reports/v1/", NOW)).toBe(0);
    await store.put(KEY, Buffer.from("ours"));
    expect((await store.get(KEY, LIMIT))?.body.toString()).toBe("ours");
    expect(await readFile(target, "utf8")).toBe("theirs");
  },
);

it(
  "a link in the place of the temporary folder is refused, and nothing behind it is " + "swept or written",
  async () => {
    const { place, root, store } = await setUp();
    const theirs = join(place, "theirs");
    await mkdir(theirs);
    await writeFile(join(theirs, "precious"), "x");
    await rm(join(root, ".tmp"), { recursive: true });
    await symlink(theirs, join(root, ".tmp"));
    const later = NOW + 365 * 24 * 3_600_000 * 10;
    const opening = fileStore({ root, clock: () => later, askTime: async () => later });
    await expect(opening).rejects.toThrow(`${join(root, ".tmp")} is a symbolic link`);
    await expect(store.put(KEY, Buffer.from("x"))).rejects.toThrow(
      `${join(root, ".tmp")} is a symbolic link`,
    );
    await expect(store.expire?.("reports/v1/", NOW)).rejects.toThrow(
      `${join(root, ".tmp")} is a symbolic link`,
    );
    expect(await readFile(join(theirs, "precious"), "utf8")).toBe("x");
  },
);

it("the folder itself may be a link", async () => {
  const { place, root } = await setUp();
  await symlink(root, join(place, "link"));
  const store = await fileStore({ root: join(place, "link"), clock: () => NOW });
  await store.put(KEY, Buffer.from("2"));
  expect(await listKeys(store, "reports/v1/")).toEqual([KEY]);
  expect(dirname(store.location)).toBe(`file:${place}`);
});
