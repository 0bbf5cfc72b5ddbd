// Tests of the file driver's expiry: what is replaced at the worst moment, and what a process that
// died has left.
import { mkdirSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { fileStore } from "./file.ts";
import type { Store } from "./store.ts";

const NOW = Date.UTC(2024, 1, 29, 12);
const DAY = 24 * 3_600_000;
const KEY = "reports/v1/local/host.json";
const LIMIT = { maxBytes: 1024 };
const clock = () => NOW;

async function makeRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "rollcall-expiry-"));
  onTestFinished(() => rm(root, { recursive: true }));
  return root;
}

async function read(store: Store): Promise<string | undefined> {
  return (await store.get(KEY, LIMIT))?.body.toString();
}

it("puts back what took the place of an old file just before it was moved", async () => {
  const root = await makeRoot();
  let names = 0;
  let isExpiring = false;
  const random = () => {
    // A name is drawn between the look at the file and its move: here another process stores a new
    // report.
    if (isExpiring) {
      const draft = join(root, ".tmp", "theirs");
      writeFileSync(draft, "new");
      utimesSync(draft, NOW / 1000, NOW / 1000);
      renameSync(draft, join(root, KEY));
    }
    return `name${names++}`;
  };
  await (await fileStore({ root, clock: () => NOW - 2 * DAY })).put(KEY, Buffer.from("old"));
  const store = await fileStore({ root, clock, random });
  isExpiring = true;
  expect(await store.expire?.("reports/v1/", NOW - DAY)).toBe(0);
  expect(await read(store)).toBe("new");
  expect(await readdir(join(root, ".tmp"))).toEqual([]);
});

it("leaves alone what is no key, hidden, or a link", async () => {
  const root = await makeRoot();
  const store = await fileStore({ root, clock });
  const folder = join(root, "reports/v1/local");
  mkdirSync(folder, { recursive: true });
  for (const name of ["a name with spaces.json", ".hidden"]) {
    await writeFile(join(folder, name), "theirs");
    await utimes(join(folder, name), 0, 0);
  }
  await symlink(".hidden", join(folder, "link.json"));
  expect(await store.expire?.("reports/v1/", NOW)).toBe(0);
  expect((await readdir(folder)).sort()).toEqual([".hidden", "a name with spaces.json", "link.json"]);
});

/** What a process leaves that dies between moving a file and looking at it. */
async function leave(root: string, { age, body }: { age: number; body: string }): Promise<void> {
  await mkdir(join(root, ".tmp"), { recursive: true });
  await mkdir(join(root, "reports/v1/local"), { recursive: true });
  const moved = join(root, ".tmp", "expired-1");
  await writeFile(moved, body);
  // Reported long enough ago for a leftover, and still alive.
  await utimes(moved, (NOW - DAY / 4) / 1000, (NOW - DAY / 4) / 1000);
  await symlink(`${NOW - age}-${KEY}`, `${moved}.key`);
}

it("gives back at the next opening what a process that died had moved away", async () => {
  const root = await makeRoot();
  await leave(root, { age: 3_600_000, body: "alive" });
  const store = await fileStore({ root, clock });
  expect(await read(store)).toBe("alive");
  expect(await readdir(join(root, ".tmp"))).toEqual([]);
});

it("gives it back at the next expiry too, but never over a newer one", async () => {
  const root = await makeRoot();
  const store = await fileStore({ root, clock });
  await leave(root, { age: 3_600_000, body: "alive" });
  expect(await store.expire?.("reports/v1/", NOW - DAY)).toBe(0);
  expect(await read(store)).toBe("alive");
  await store.put(KEY, Buffer.from("newer"));
  await leave(root, { age: 3_600_000, body: "alive" });
  await store.expire?.("reports/v1/", NOW - DAY);
  expect(await read(store)).toBe("newer");
  expect(await readdir(join(root, ".tmp"))).toEqual([]);
});

it("does not meddle with an expiry that runs", async () => {
  const root = await makeRoot();
  await leave(root, { age: 1000, body: "alive" });
  const store = await fileStore({ root, clock });
  expect(await read(store)).toBeUndefined();
  expect((await readdir(join(root, ".tmp"))).sort()).toEqual(["expired-1", "expired-1.key"]);
});
