// Tests of the choice among encodings, and that what each makes can be read by its kind.
import * as zlib from "node:zlib";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { ENCODINGS, negotiateEncoding } from "./encoding.ts";

const names = ENCODINGS.map(({ name }) => name);
const hasZstd = names.includes("zstd");
const app = new Hono().get("/", (context) => context.text(negotiateEncoding(context)?.name ?? "none"));

async function choose(header: string | undefined): Promise<string> {
  const headers: Record<string, string> = header === undefined ? {} : { "accept-encoding": header };
  return await (await app.request("/", { headers })).text();
}

describe("negotiateEncoding", () => {
  it.each([
    [undefined, "none"],
    ["", "none"],
    ["gzip", "gzip"],
    ["GZIP", "gzip"],
    ["gzip, br", "br"],
    ["gzip, deflate, br", "br"],
    ["gzip, deflate", "gzip"],
    ["br;q=0.5, gzip", "gzip"],
    ["br;q=0, *", hasZstd ? "zstd" : "gzip"],
    ["*", "br"],
    ["*;q=0", "none"],
    ["gzip;q=0", "none"],
    ["identity, gzip;q=0.5", "none"],
    ["identity;q=0.5, gzip", "gzip"],
    ["zstd", hasZstd ? "zstd" : "none"],
    ["gzip, zstd", hasZstd ? "zstd" : "gzip"],
    ["compress, x-unknown", "none"],
    ["gzip;q=rubbish, ;;;,,", "gzip"],
  ])("%j gets %s", async (header, expected) => {
    expect(await choose(header)).toBe(expected);
  });

  it("knows brotli and gzip on every Node, and zstd where Node does", () => {
    expect(names).toEqual(["br", ...("createZstdCompress" in zlib ? ["zstd"] : []), "gzip"]);
    expect(new Set(ENCODINGS.map(({ mark }) => mark)).size).toBe(ENCODINGS.length);
  });
});
