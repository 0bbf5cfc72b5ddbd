// Store URLs: which open what, and what the others are told.
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore, STORE_SCHEMES } from "./open.ts";
import { StoreError } from "./store.ts";

const clock = () => 0;

describe("openStore", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollcall-open-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    [() => `file:${folder}/plain`, "plain"],
    [() => `FILE:${folder}/upper`, "upper"],
    [() => `file://${folder}/a%20b`, "a b"],
    [() => `file://localhost${folder}/local`, "local"],
    [() => `file:${folder}/a%20b`, "a%20b"],
    [() => "file:relative", "relative"],
    [() => "file:./dot/../relative", "relative"],
  ])("opens a folder, case %#", async (url, name) => {
    const store = await openStore(url(), { clock, cwd: folder });
    expect(store.location).toBe(`file:${join(folder, name)}`);
    expect(existsSync(join(folder, name))).toBe(true);
    expect((await openStore(store.location, { clock })).location).toBe(store.location);
  });

  it("opens memory, a new one each time", async () => {
    const store = await openStore("memory:", { clock });
    await store.put("a", Buffer.from("x"));
    expect(await (await openStore("memory:", { clock })).get("a", { maxBytes: 1 })).toBeUndefined();
  });

  it.each([
    ["/srv/rollcall", 'for a folder write "file:/srv/rollcall"'],
    ["./x", 'for a folder write "file:./x"'],
    ["", "write one of file:, memory:, s3:"],
    ["file:", "names no folder"],
    ["file:/a\0b", "NUL"],
    ["file://host/share", "names no folder here"],
    ["file:///bad%zz", "names no folder here"],
    ["memory:x", 'write "memory:"'],
    ["s3://bucket/prefix", "the bucket's region is not known; add ?region=REGION"],
    ["s3:bucket", 'write "s3://BUCKET/PREFIX?region=REGION"'],
    ["https://example.com/", "this build has no driver for https: — it has file:, memory:, s3:"],
  ])("refuses %j", async (url, message) => {
    const env = { AWS_CONFIG_FILE: "/dev/null" };
    await expect(openStore(url, { clock, env })).rejects.toThrow(StoreError);
    await expect(openStore(url, { clock, env })).rejects.toThrow(message);
  });

  it("does not repeat what may be a secret", async () => {
    await expect(openStore("s3://KEY:SECRET@bucket", { clock })).rejects.not.toThrow("SECRET");
  });

  it.each(STORE_SCHEMES)("has a page for %s:", (scheme) => {
    expect(existsSync(new URL(`../../docs/stores/${scheme}.md`, import.meta.url))).toBe(true);
  });
});
