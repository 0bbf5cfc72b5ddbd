// Tests of a store's folder that goes away, comes back, or never was one.
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { fileStore } from "./file.ts";
import { MARKER } from "./file-marker.ts";
import { type Store, StoreMissing } from "./store.ts";

const NOW = Date.UTC(2024, 1, 29, 12);
const clock = () => NOW;
const LIMIT = { maxBytes: 1024 };
const KEY = "reports/v1/local/host.json";

async function makeHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "rollcall-marker-"));
  onTestFinished(() => rm(home, { recursive: true }));
  return home;
}

async function listKeys(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of store.list("")) keys.push(...page.map(({ key }) => key));
  return keys;
}

/** Everything that can be asked of a store, by name. */
const VERBS: Record<string, (store: Store) => Promise<unknown>> = {
  "put new": (store) => store.put("new/one", Buffer.from("x")),
  "put over": (store) => store.put(KEY, Buffer.from("y")),
  "put with a condition": (store) => store.put(KEY, Buffer.from("y"), { ifNoneMatch: "*" }),
  "get what was there": (store) => store.get(KEY, LIMIT),
  "get what was not": (store) => store.get("keys/v1/none.json", LIMIT),
  "list all": listKeys,
  "list what was not there": async (store) => {
    for await (const _ of store.list("keys/v1/"));
  },
  "delete what was there": (store) => store.delete(KEY),
  expire: async (store) => store.expire?.("reports/v1/", NOW + 1),
  now: async (store) => store.now?.(),
};

/** Ways in which a folder goes away, and comes back. */
const WAYS: Record<
  string,
  {
    leave: (root: string, away: string) => Promise<void>;
    back: (root: string, away: string) => Promise<void>;
  }
> = {
  moved: { leave: (root, away) => rename(root, away), back: (root, away) => rename(away, root) },
  "an empty folder, as of an unmounted disk": {
    leave: async (root, away) => {
      await rename(root, away);
      await mkdir(root);
    },
    back: async (root, away) => {
      await rm(root, { recursive: true });
      await rename(away, root);
    },
  },
  "an empty disk": {
    leave: async (root, away) => {
      await rename(root, away);
      await mkdir(join(root, "lost+found"), { recursive: true });
    },
    back: async (root, away) => {
      await rm(root, { recursive: true });
      await rename(away, root);
    },
  },
  "another store": {
    leave: async (root, away) => {
      await rename(root, away);
      await (await fileStore({ root, clock })).put("reports/v1/local/other.json", Buffer.from("x"));
    },
    back: async (root, away) => {
      await rm(root, { recursive: true });
      await rename(away, root);
    },
  },
  "a file": {
    leave: async (root, away) => {
      await rename(root, away);
      await writeFile(root, "x");
    },
    back: async (root, away) => {
      await rm(root);
      await rename(away, root);
    },
  },
};

it.each(Object.entries(WAYS))("is away, and neither empty nor made anew: %s", async (_, { leave, back }) => {
  const home = await makeHome();
  const [root, away] = [join(home, "store"), join(home, "away")];
  const store = await fileStore({ root, clock });
  await store.put(KEY, Buffer.from("x"));
  await leave(root, away);
  const before = await readdir(home, { recursive: true });
  for (const [verb, ask] of Object.entries(VERBS))
    await expect(ask(store), verb).rejects.toThrow(StoreMissing);
  expect(await readdir(home, { recursive: true })).toEqual(before);
  await back(root, away);
  expect(await listKeys(store)).toEqual([KEY]);
  await store.put(KEY, Buffer.from("later"));
  expect((await store.get(KEY, LIMIT))?.body.toString()).toBe("later");
});

it("does not take what vanishes with its folder during a listing for deleted", async () => {
  const home = await makeHome();
  const root = join(home, "store");
  const store = await fileStore({ root, clock });
  for (let folder = 0; folder < 3; folder++) {
    await mkdir(join(root, `many/${folder}`), { recursive: true });
    for (let file = 0; file < 600; file++) await writeFile(join(root, `many/${folder}/${file}`), "");
  }
  const pages = store.list("many/")[Symbol.asyncIterator]();
  expect((await pages.next()).value).toHaveLength(1000);
  await rename(root, join(home, "away"));
  await expect(pages.next()).rejects.toThrow(StoreMissing);
});

it("gives a folder that was a store before its marker, and again if another tool removes it", async () => {
  const home = await makeHome();
  await writeFile(join(home, "i-1.json"), "{}");
  const store = await fileStore({ root: home, clock });
  const marker = await readFile(join(home, MARKER), "utf8");
  await rm(join(home, MARKER));
  expect(await listKeys(store)).toEqual(["i-1.json"]);
  expect(await readFile(join(home, MARKER), "utf8")).toBe(marker);
  const second = await fileStore({ root: home, clock });
  expect(await listKeys(second)).toEqual(["i-1.json"]);
  expect(await readFile(join(home, MARKER), "utf8")).toBe(marker);
});

it("has a marker that others may read, whoever made it", async () => {
  const home = await makeHome();
  await fileStore({ root: home, clock });
  expect((await stat(join(home, MARKER))).mode & 0o777).toBe(0o644);
});

it("is one marker for all who open a new store at once", async () => {
  const root = join(await makeHome(), "store");
  const stores = await Promise.all(Array.from({ length: 8 }, () => fileStore({ root, clock })));
  for (const [at, store] of stores.entries()) await store.put(`one/${at}`, Buffer.from("x"));
  for (const store of stores) expect(await listKeys(store)).toHaveLength(8);
  expect((await readdir(root)).filter((name) => name.startsWith(MARKER))).toEqual([MARKER]);
});

it("is no store for those who only read: an empty folder that never was one", async () => {
  const home = await makeHome();
  await expect(fileStore({ root: home, clock, mustExist: true })).rejects.toThrow("is empty and no store");
  expect(await readdir(home)).toEqual([]);
  await fileStore({ root: home, clock });
  expect(await listKeys(await fileStore({ root: home, clock, mustExist: true }))).toEqual([]);
});
