// Tests of the page's files: forms, caching, policy, addresses of views, and what stays the API's.
import { brotliCompressSync, brotliDecompressSync, gunzipSync } from "node:zlib";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createClones } from "../access/clones.ts";
import { compileLabels } from "../questions/labels.ts";
import { createRoll } from "../roll/roll.ts";
import { makeStoreDouble } from "../testing/store-double.ts";
import { createApp } from "./app.ts";
import { createGatewayKeyring } from "./gateway-handler.ts";
import type { PageBindings } from "./page.ts";
import { openPage } from "./page-files.ts";
import { createRoutes } from "./routes.ts";

const DOCUMENT = `<!doctype html><html><head><meta name="rollcall-poll" content="5" />
<link rel="icon" href="./assets/icon-1.svg"><link rel="stylesheet" href="./assets/main-1.css">
<script type="module" src="./assets/main-1.js"></script></head><body>a value of ./assets/</body></html>`;
const SCRIPT = "// ".concat("console.log(1);".repeat(200));
const FILES = {
  "index.html": DOCUMENT,
  "assets/main-1.js": SCRIPT,
  "assets/main-1.css": "b{}",
  "assets/icon-1.svg": "<svg/>",
};
const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

function setUp({ hasPage = true } = {}) {
  const double = makeStoreDouble();
  const { store, clock } = double;
  const packed = Object.entries(FILES).map(([name, text]) => [name, brotliCompressSync(text)] as const);
  const app = createApp(
    {
      store,
      roll: createRoll({ store, clock }),
      keyring: createGatewayKeyring("key"),
      clones: createClones({ clock }),
      labels: compileLabels([]),
      clock,
      log: pino({ level: "silent" }),
      version: "0",
      windowMs: 7_200_000,
      deadlineMs: 25_000,
      page: hasPage ? openPage(new Map(packed)) : undefined,
    },
    createRoutes(),
  );
  const ask = async (
    path: string,
    headers: Record<string, string> = {},
    method = "GET",
    env: PageBindings = {},
  ) => await app.request(path, { method, headers: { accept: BROWSER, ...headers } }, env);
  return { double, ask };
}

describe("the page", () => {
  it("is what a browser gets at the top and at every address of a view", async () => {
    const { ask } = setUp();
    for (const path of ["/", "/?by=env", "/hosts", "/coverage", "/hosts?env=prod"]) {
      const answer = await ask(path);
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(answer.headers.get("cache-control")).toBe("no-cache");
      expect(answer.headers.get("vary")).toBe("Accept, Accept-Encoding");
      expect(await answer.text()).toBe(DOCUMENT);
    }
  });

  it("names its files from where it was asked for, and changes nothing else", async () => {
    const { ask } = setUp();
    for (const [path, root] of [
      ["/hosts/i-1", "../"],
      ["/hosts/", "../"],
      ["/a/b/c", "../../"],
    ] as const)
      expect(await (await ask(path)).text()).toBe(DOCUMENT.replaceAll('"./assets', `"${root}assets`));
    const below = await ask("/hosts/i-1", {}, "GET", { pageRoot: "/v1/page/" });
    expect(await below.text()).toBe(DOCUMENT.replaceAll('"./assets', '"/v1/page/assets'));
    expect((await ask(`/${"a/".repeat(20)}`)).status).toBe(404);
  });

  it("leaves what others ask for as it was", async () => {
    const { ask } = setUp();
    for (const accept of ["*/*", "application/json", "application/json, text/html;q=0.5", ""]) {
      const top = await ask("/", { accept });
      expect([accept, top.status, top.headers.get("location")]).toEqual([accept, 302, "docs"]);
      expect((await ask("/hosts", { accept })).status).toBe(404);
    }
    const without = setUp({ hasPage: false });
    expect((await without.ask("/")).headers.get("location")).toBe("docs");
    expect((await without.ask("/hosts")).status).toBe(404);
  });

  it("swallows neither the API's paths nor what is not there", async () => {
    const { ask } = setUp();
    for (const path of [
      "/v1",
      "/v1/",
      "/v1/report",
      "/v1/hosts/i-1",
      "/assets",
      "/assets/main-2.js",
      "/assets/a/b.js",
      "/assets/index.html",
    ]) {
      const answer = await ask(path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
    }
    expect((await ask("/v1/versions")).status).toBe(401);
    expect(await (await ask("/healthz")).text()).toBe("ok\n");
    expect(await (await ask("/docs")).text()).toContain("Rollcall API");
    expect((await ask("/openapi.json")).headers.get("content-type")).toBe("application/json");
    expect((await ask("/", {}, "POST")).status).toBe(405);
    expect((await ask("/hosts", {}, "POST")).status).toBe(404);
    expect((await ask("/", {}, "OPTIONS")).headers.get("allow")).toBe("GET, HEAD");
  });

  it("asks the store for nothing", async () => {
    const { ask, double } = setUp();
    for (const path of ["/", "/hosts/i-1", "/assets/main-1.js"]) await ask(path);
    expect([double.lists, double.gets]).toEqual([[], []]);
  });
});

describe("its files", () => {
  it.each([
    ["/assets/main-1.js", "text/javascript; charset=utf-8", SCRIPT, "public, max-age=31536000, immutable"],
    ["/assets/main-1.css", "text/css; charset=utf-8", "b{}", "public, max-age=31536000, immutable"],
    ["/assets/icon-1.svg", "image/svg+xml", "<svg/>", "public, max-age=31536000, immutable"],
    ["/", "text/html; charset=utf-8", DOCUMENT, "no-cache"],
  ])("%s comes in the coding that is liked best, each with an ETag", async (path, type, text, caching) => {
    const { ask } = setUp();
    const etags = new Set<string>();
    for (const [wanted, coding] of [
      ["", null],
      ["identity", null],
      ["gzip", "gzip"],
      ["gzip, deflate, br, zstd", "br"],
      ["zstd, gzip;q=0.5, br;q=0.1", "gzip"],
      ["br;q=0", null],
    ] as const) {
      const answer = await ask(path, { "accept-encoding": wanted });
      const bytes = Buffer.from(await answer.arrayBuffer());
      const read = { br: brotliDecompressSync, gzip: gunzipSync };
      expect([wanted, answer.headers.get("content-encoding")]).toEqual([wanted, coding]);
      expect((coding === null ? bytes : read[coding](bytes)).toString()).toBe(text);
      expect(answer.headers.get("content-length")).toBe(String(bytes.length));
      expect(answer.headers.get("content-type")).toBe(type);
      expect(answer.headers.get("cache-control")).toBe(caching);
      expect(answer.headers.get("vary")).toContain("Accept-Encoding");
      const etag = answer.headers.get("etag") ?? "";
      etags.add(etag);
      const again = await ask(path, { "accept-encoding": wanted, "if-none-match": etag });
      expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([304, "", etag]);
      const head = await ask(path, { "accept-encoding": wanted }, "HEAD");
      expect([head.status, await head.text()]).toEqual([200, ""]);
      expect(head.headers.get("content-length")).toBe(String(bytes.length));
    }
    expect(etags.size).toBe(3);
  });

  it.each(["/", "/hosts/i-1", "/assets/main-1.js", "/assets/icon-1.svg"])(
    "%s has the policy: its own origin alone, nothing inline",
    async (path) => {
      const { ask } = setUp();
      for (const headers of [{}, { "if-none-match": (await ask(path)).headers.get("etag") ?? "" }]) {
        const answer = await ask(path, headers);
        const policy = new Map(
          (answer.headers.get("content-security-policy") ?? "").split("; ").map((one): [string, string] => {
            const [name = "", ...values] = one.split(" ");
            return [name, values.join(" ")];
          }),
        );
        expect(Object.fromEntries(policy)).toEqual({
          "default-src": "'none'",
          "script-src": "'self'",
          "worker-src": "'self'",
          "style-src": "'self'",
          "font-src": "'self'",
          "img-src": "'self'",
          "connect-src": "'self'",
          "base-uri": "'none'",
          "form-action": "'none'",
          "frame-ancestors": "'none'",
          "require-trusted-types-for": "'script'",
          "trusted-types": "rollcall",
        });
        expect(Object.fromEntries(answer.headers)).toMatchObject({
          "x-content-type-options": "nosniff",
          "referrer-policy": "no-referrer",
          "cross-origin-opener-policy": "same-origin",
          "cross-origin-resource-policy": "same-origin",
        });
      }
    },
  );

  it("say in the document how often it asks again", () => {
    const files = new Map([["index.html", brotliCompressSync(DOCUMENT)]]);
    const read = (page: ReturnType<typeof openPage>) => page.readDocument("./", undefined).bytes.toString();
    expect(read(openPage(files))).toBe(DOCUMENT);
    expect(read(openPage(files, { pollSeconds: 30 }))).toBe(DOCUMENT.replace('content="5"', 'content="30"'));
  });

  it("are bounded in memory, whatever addresses are asked for", () => {
    const page = openPage(new Map([["index.html", brotliCompressSync(DOCUMENT)]]));
    const first = page.readDocument("./", "br");
    for (let at = 0; at < 1000; at++) page.readDocument(`/${at}/`, "br");
    expect(page.readDocument("./", "br")).toEqual(first);
    expect(() => openPage(new Map())).toThrow("no index.html");
  });
});
