// A real Chromium for the tests of the page. Whatever the page should not do fails the test at its
// end: a violation of the policy it is served under, a request to another origin, an error.
import { readFileSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";
import type { PageServer } from "./server.ts";

export async function startBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
    ],
  });
}

export interface OpenOptions extends BrowserContextOptions {
  /** Below the server's address, without a slash in front: `hosts?q=env%3Dprod`. */
  readonly path?: string;
  /** Whether the page is given the server's key at once, as if it had been pasted before. */
  readonly isSignedIn?: boolean;
  /** Complaints of the browser's that the test is about: answers of 401, a server that is away. */
  readonly expected?: RegExp;
}

export interface OpenPage {
  readonly page: Page;
  /** All requests that the page made: method and address. */
  readonly requests: readonly string[];
  /** Fails the test if the page did what it should not; then closes it. */
  close(): Promise<void>;
}

/** How long what should come may take; ms. */
const WAIT_MS = 120_000;

/** Questions that only history answers. */
const HISTORY = /\/v1\/(?:changes|trend)\?/;

/** Opens the page of a server. */
export async function openPage(
  browser: Browser,
  { url, key }: Pick<PageServer, "url" | "key">,
  { path = "", isSignedIn = true, expected, ...options }: OpenOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({
    viewport: { width: 1360, height: 940 },
    locale: "en-GB",
    timezoneId: "Asia/Tokyo",
    colorScheme: "light",
    ...options,
  });
  // For what hangs, not for what is slow.
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    // A store without history says so by its status, which the browser notes; the page says it too.
    const isUntold = HISTORY.test(message.location().url) && message.text().includes("503");
    if (["error", "warning"].includes(message.type()) && !isUntold) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error.stack ?? error)));
  page.on("request", (request) => {
    requests.push(`${request.method()} ${request.url()}`);
    if (new URL(request.url()).origin !== url) complaints.push(`another origin: ${request.url()}`);
  });
  // A violation is on the console too; this says more of it.
  await page.exposeBinding("tellViolation", (_source, text: string) => void complaints.push(text));
  await page.addInitScript(`addEventListener("securitypolicyviolation", (event) =>
    tellViolation("policy: " + event.effectiveDirective + " " + event.blockedURI + " " + event.sample))`);
  if (isSignedIn) await page.addInitScript(`sessionStorage.setItem("rollcall.key", ${JSON.stringify(key)})`);
  await page.goto(`${url}/${path}`);
  return {
    page,
    requests,
    async close() {
      await context.close();
      expect(complaints.filter((complaint) => !expected?.test(complaint))).toEqual([]);
    },
  };
}

const AXE = readFileSync(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** What axe finds: rule, and where. Empty is good. */
export async function findBarriers(page: Page): Promise<string[]> {
  // By the debugger, which the page's policy does not bind.
  await page.evaluate(`${AXE};0`);
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run({ preload: false });
    return violations.flatMap(({ id, nodes }) => nodes.slice(0, 5).map(({ html }) => `${id}: ${html}`));
  });
}

/** Whether the document is wider than the window, which makes it scroll sideways. */
export async function isTooWide(page: Page): Promise<boolean> {
  return await page.evaluate("document.documentElement.scrollWidth > window.innerWidth");
}
