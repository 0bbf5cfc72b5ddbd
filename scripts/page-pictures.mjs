// Makes the pictures of docs/page.md from the demo fleet: node scripts/page-pictures.mjs
// For Japanese a font that has it must be there (Debian: fonts-ipafont-gothic).
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const root = new URL("..", import.meta.url).pathname;
const folder = `${root}docs/images`;

/** Each picture: its name, the address below the page's, and how the browser is. */
const PICTURES = [
  // History is recorded from the second look on; the demo's hosts change all the time.
  { name: "page-changes", path: "changes?since=1h", shown: "button.change", atLeast: 8 },
  { name: "page-versions", path: "" },
  { name: "page-versions-ja-dark", path: "", locale: "ja-JP", colorScheme: "dark" },
];

/** How long the demo may take until there is enough to be seen; ms. */
const WAIT_MS = 15 * 60_000;

const WIDTH = 1200;
const HEIGHT = 760;

await mkdir(folder, { recursive: true });
const home = await mkdtemp(join(tmpdir(), "rollcall-pictures-"));
const server = spawn(
  process.execPath,
  [`${root}dist/main.js`, "start", "--demo", "500", "--listen", "127.0.0.1:0"],
  {
    env: { PATH: process.env.PATH, HOME: home, TZ: "Asia/Tokyo", ROLLCALL_HISTORY_EVERY: "10s" },
    stdio: ["ignore", "pipe", "inherit"],
  },
);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  const url = await readAddress(server);
  for (const picture of PICTURES) {
    const { name, path, locale = "en-GB", colorScheme = "light" } = picture;
    const { shown = "table tbody tr", atLeast = 4 } = picture;
    const context = await browser.newContext({
      viewport: { width: WIDTH, height: HEIGHT },
      locale,
      colorScheme,
      timezoneId: "Asia/Tokyo",
    });
    const page = await context.newPage();
    await page.goto(`${url}/${path}`);
    const line = page.locator(shown).nth(atLeast - 1);
    await line.waitFor({ timeout: WAIT_MS });
    await page.locator(".as-of:not(.waiting)").waitFor();
    await page.screenshot({ path: `${folder}/${name}.png` });
    await context.close();
  }
} finally {
  await browser.close();
  server.kill();
  await rm(home, { recursive: true, force: true });
}

function readAddress(child) {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (bytes) => {
      text += bytes;
      const [, url] = /(http:\/\/127\.0\.0\.1:\d+)\/v1\/reports/.exec(text) ?? [];
      if (url !== undefined) resolve(url);
    });
    child.on("close", (code) => reject(new Error(`the server ended with ${code}:\n${text}`)));
  });
}
