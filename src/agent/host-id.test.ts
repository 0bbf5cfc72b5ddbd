// Tests of the kept host id.
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeFolder } from "../testing/temporary-folder.ts";
import { keepHostId, makeHostId } from "./host-id.ts";

it("keeps what it made, for its user alone, in a folder that was missing", async () => {
  const folder = join(await makeFolder(), "data", "rollcall");
  const id = await keepHostId(folder);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(await keepHostId(folder)).toBe(id);
  expect(await readFile(join(folder, "host-id"), "utf8")).toBe(`${id}\n`);
  expect((await stat(join(folder, "host-id"))).mode & 0o077).toBe(0);
  expect(await readdir(folder)).toEqual(["host-id"]);
});

it("gives all that start together one id", async () => {
  const folder = await makeFolder();
  const ids = await Promise.all(Array.from({ length: 20 }, () => keepHostId(folder)));
  expect(new Set(ids).size).toBe(1);
  expect(await readdir(folder)).toEqual(["host-id"]);
});

it.each(["", "\n", "../../etc", "two words", "\0\0\0\0"])("replaces a broken file: %j", async (content) => {
  const folder = await makeFolder();
  await writeFile(join(folder, "host-id"), content);
  const id = await keepHostId(folder);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(await keepHostId(folder)).toBe(id);
  expect(await readdir(folder)).toEqual(["host-id"]);
});

it("takes an id that its user wrote", async () => {
  const folder = await makeFolder({ "host-id": "my-laptop\n" });
  expect(await keepHostId(folder)).toBe("my-laptop");
});

it("makes another id each time", () => {
  expect(makeHostId()).not.toBe(makeHostId());
});
