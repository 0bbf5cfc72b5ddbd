// Measures the page in a real Chromium, each figure against the same with few hosts, in turn in one
// run: node bench/page.mjs [FIGURE...] [--rounds N]
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { judge, median, printTable } from "./measure.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "9" } },
});
const rounds = Number(values.rounds);

/** Each figure by its name: it gives the rows of the table. */
const FIGURES = { paint: measurePaint };

const wanted = positionals.length > 0 ? positionals : Object.keys(FIGURES);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const rows = [];
try {
  for (const name of wanted) rows.push(...(await FIGURES[name]()));
} finally {
  await browser.close();
}
console.log(`\nChromium ${browser.version()}, ${rounds} rounds in turn, medians\n`);
printTable(["work", "hosts", "ms", "against the fewest"], rows);

/** From the opening of the address until the matrix is painted, by hosts. */
async function measurePaint() {
  const fleets = [100, 10_000];
  const servers = [];
  try {
    for (const hosts of fleets) servers.push(await startDemo(hosts));
    const taken = fleets.map(() => []);
    // The first of each is not counted: the server compresses the files, the browser starts.
    for (let round = 0; round <= rounds; round++)
      for (const [index, server] of servers.entries()) {
        const ms = await timePaint(server);
        if (round > 0) taken[index].push(ms);
      }
    const [few, many] = taken.map(median);
    const ratio = many / few;
    return [
      ["first useful paint", fleets[0], few.toFixed(0), "1"],
      [
        "first useful paint",
        fleets[1],
        many.toFixed(0),
        judge(ratio.toFixed(2), "at most 1.5", ratio <= 1.5),
      ],
    ];
  } finally {
    for (const { stop } of servers) stop();
  }
}

/** A browser that has nothing of the page yet. @returns ms since the navigation began */
async function timePaint({ url, key }) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 940 } });
  try {
    const page = await context.newPage();
    await page.addInitScript(`sessionStorage.setItem("rollcall.key", ${JSON.stringify(key)})`);
    await page.addInitScript(() => {
      const watch = new MutationObserver(() => {
        if (!document.querySelector("table.versions tbody td a")) return;
        watch.disconnect();
        // The second frame begins when the first, which has the table, has been painted.
        requestAnimationFrame(() =>
          requestAnimationFrame(() => {
            globalThis.paintedAt = performance.now();
          }),
        );
      });
      watch.observe(document, { childList: true, subtree: true });
    });
    await page.goto(url);
    await page.locator("table.versions tbody td a").first().waitFor();
    // Not waitForFunction, which the page's policy forbids: it would be made of text.
    return await page.evaluate(async () => {
      while (globalThis.paintedAt === undefined) await new Promise(requestAnimationFrame);
      return globalThis.paintedAt;
    });
  } finally {
    await context.close();
  }
}

/** Starts a demo fleet. */
function startDemo(hosts) {
  const home = mkdtempSync(join(tmpdir(), "rollcall-page-"));
  const program = new URL("../dist/main.js", import.meta.url).pathname;
  const args = [program, "start", "--demo", String(hosts), "--listen", "127.0.0.1:0"];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, HOME: home },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stop = () => {
    child.kill();
    rmSync(home, { recursive: true, force: true });
  };
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (bytes) => {
      text += bytes;
      const [, key, url] = /x-api-key: (rc_\S+)" (http:\S+?)\/v1\/reports/.exec(text) ?? [];
      if (url !== undefined) resolve({ url, key, stop });
    });
    child.on("close", (code) => reject(new Error(`the server ended with ${code}:\n${text}`)));
  });
}
