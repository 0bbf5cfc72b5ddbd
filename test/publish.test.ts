// End to end: the built program publishes the demo fleet to a DocBase on loopback; the page in a
// real Chromium.
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import MarkdownIt from "markdown-it";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createDemoFleet } from "../src/demo/fleet.ts";
import { type Docbase, startDocbase } from "../src/testing/docbase.ts";
import { makeHome, run } from "./program.ts";

let docbase: Docbase;
let home = "";
let remove: () => Promise<void>;

beforeAll(async () => {
  docbase = await startDocbase();
  ({ home, remove } = await makeHome());
  // The demo fleet in a folder, as if it had reported when it did.
  const { store } = await createDemoFleet({ count: 500, clock: Date.now, version: "0.0.0-test" });
  for await (const page of store.list("reports/v1/")) {
    for (const { key, lastModified } of page) {
      const path = join(home, "store", key);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, (await store.get(key, { maxBytes: 1_000_000 }))?.body ?? "");
      await utimes(path, lastModified / 1000, lastModified / 1000);
    }
  }
  await mkdir(join(home, ".config/rollcall"), { recursive: true });
  await writeFile(join(home, "token"), `${docbase.token}\n`);
  await writeFile(
    join(home, ".config/rollcall/config.yaml"),
    `store: file:${home}/store
publishers:
  wiki:
    kind: docbase
    team: ${docbase.team}
    base_url: ${docbase.url}
    token_file: ${home}/token
    title: What runs in production
    tags: [operations]
  files:
    kind: markdown
    path: ${home}/wiki
`,
  );
});
afterAll(async () => {
  docbase.stop();
  await remove();
});

it("publishes to DocBase, and then touches nothing", async () => {
  const dry = await run(["publish", "wiki", "--dry-run"], { home });
  expect(dry.stderr).toContain('would: creates "What runs in production"');
  expect(await docbase.posts()).toEqual([]);

  const first = await run(["publish", "wiki"], { home });
  expect(first.stderr).toBe("");
  expect(JSON.parse(first.stdout)).toMatchObject({ name: "wiki", created: 4, archived: 0 });
  expect((await docbase.posts()).map(({ title }) => title).sort()).toEqual([
    "What runs in production",
    "What runs in production: service1",
    "What runs in production: service2",
    "What runs in production: service3",
  ]);
  const again = JSON.parse((await run(["publish", "wiki"], { home })).stdout);
  expect(again).toMatchObject({ created: 0, updated: 0, archived: 0, unchanged: 4 });
  expect(again.requests).toBeLessThanOrEqual(2);
});

it("shows no token, whatever goes wrong", async () => {
  await writeFile(join(home, "token"), "not-the-right-one\n");
  const { code, stdout, stderr } = await run(["publish", "wiki"], { home, env: { ROLLCALL_DEBUG: "1" } });
  expect(code).toBe(1);
  expect(stderr).toContain("the token is not one of the team acme");
  expect(stdout + stderr).not.toContain("not-the-right-one");
  await writeFile(join(home, "token"), docbase.token);
});

it("writes Markdown files, lists publishers, and says which there are", async () => {
  expect(JSON.parse((await run(["publish", "files"], { home })).stdout)).toMatchObject({ created: 4 });
  const listed = JSON.parse((await run(["publish", "--list"], { home })).stdout);
  expect(listed.map(({ name, kind, every }: Record<string, string>) => [name, kind, every])).toEqual([
    ["wiki", "docbase", "by hand"],
    ["files", "markdown", "by hand"],
  ]);
  const { code, stderr } = await run(["publish", "wik"], { home });
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining('there is no publisher "wik"; known: wiki, files'),
  ]);
});

/** About what a wiki's own style sheet does. */
const STYLE = `body { font: 15px/1.6 "Noto Sans", "Noto Sans CJK JP", sans-serif; color: #333;
  max-width: 820px; margin: 32px auto; padding: 0 24px; }
h1 { font-size: 26px; }
h2 { font-size: 19px; border-bottom: 1px solid #ddd; padding-bottom: 4px; margin-top: 28px; }
table { border-collapse: collapse; margin: 8px 0 16px; }
th, td { border: 1px solid #ddd; padding: 4px 12px; }
th { background: #f6f7f8; font-weight: 600; }
code { background: #f3f4f6; padding: 1px 5px; border-radius: 3px; font-size: 13px; }
a { color: #2b6cb0; text-decoration: none; }
hr { border: 0; border-top: 1px solid #ddd; margin-top: 28px; }`;

it("is a page that reads well in a browser", async () => {
  const [summary] = await docbase.posts();
  const html = new MarkdownIt({ html: true }).render(summary?.body ?? "");
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 900, height: 1000 } });
    await page.setContent(
      `<!doctype html><meta charset="utf-8"><style>${STYLE}</style><h1>${summary?.title}</h1>${html}`,
    );
    expect(await page.locator("p").first().textContent()).toMatch(
      /^\d+ hosts reported\. .*fell silent.*have something that is behind\. As of /,
    );
    expect(await page.locator("h2").allTextContents()).toEqual(["By service", "Versions", "Silent"]);
    expect(await page.locator("table").first().locator("a").allTextContents()).toEqual(
      expect.arrayContaining(["service1", "service2", "service3"]),
    );
    expect(await page.locator("table").count()).toBeGreaterThanOrEqual(6);
    expect(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
    if (process.env.SCREENSHOTS) {
      await mkdir(process.env.SCREENSHOTS, { recursive: true });
      await page.screenshot({ path: `${process.env.SCREENSHOTS}/docbase.png`, fullPage: true });
    }
  } finally {
    await browser.close();
  }
});
