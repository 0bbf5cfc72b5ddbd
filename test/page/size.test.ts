// How large the page's files are, as they travel.
import { readdir, readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";

const FOLDER = new URL("../../dist/web/", import.meta.url);

/** Most that may travel for the first view, and for all of the page; bytes in gzip. */
const MAX_FIRST_BYTES = 60 * 1024;
const MAX_ALL_BYTES = 120 * 1024;

const STATIC = [/(?:src|href)="\.\/([^"]+)"/g, /(?:\bfrom|\bimport)\s*"\.\/([^"]+)"/g];

async function measure(path: string): Promise<number> {
  return gzipSync(await readFile(new URL(path, FOLDER)), { level: 9 }).length;
}

/** A file, and all that it fetches at once. */
async function listNeeded(path: string, found = new Set<string>()): Promise<Set<string>> {
  if (found.has(path)) return found;
  found.add(path);
  const text = await readFile(new URL(path, FOLDER), "utf8");
  const folder = path.includes("/") ? path.replace(/[^/]+$/, "") : "";
  for (const pattern of STATIC)
    for (const [, name = ""] of text.matchAll(pattern)) await listNeeded(folder + name, found);
  return found;
}

it("is at most 60 KB for the first view, and 120 KB in all", async () => {
  const all = (await readdir(FOLDER, { recursive: true })).filter((name) => /\.\w+$/.test(name));
  const first = await listNeeded("index.html");
  const sizes = new Map<string, number>();
  for (const name of all) sizes.set(name, await measure(name));
  const sum = (names: Iterable<string>) =>
    [...names].reduce((bytes, name) => bytes + (sizes.get(name) ?? 0), 0);
  expect(first.size).toBeGreaterThanOrEqual(4);
  expect(sum(first), JSON.stringify([...sizes])).toBeLessThanOrEqual(MAX_FIRST_BYTES);
  expect(sum(all), JSON.stringify([...sizes])).toBeLessThanOrEqual(MAX_ALL_BYTES);
});

it("has nothing but the document outside of assets, and nothing inline", async () => {
  expect((await readdir(FOLDER)).sort()).toEqual(["assets", "index.html"]);
  const document = await readFile(new URL("index.html", FOLDER), "utf8");
  expect(document).not.toMatch(/<style|<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=|data:|https?:/);
});
