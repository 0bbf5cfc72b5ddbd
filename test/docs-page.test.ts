// End to end: /docs in a real Chromium.
import { mkdir } from "node:fs/promises";
import { chromium } from "playwright-core";
import { expect, it } from "vitest";
import { makeHome, startProgram, stop, waitForOutput } from "./program.ts";

it("reads well in a browser, in light and dark, and loads nothing else", async () => {
  const { home, remove } = await makeHome();
  const server = startProgram(["serve", "--store", `file:${home}/store`, "--listen", "127.0.0.1:0"], {
    home,
  });
  const [url] = await waitForOutput(server, /http:\/\/127\.0\.0\.1:\d+/);
  const browser = await chromium.launch({
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
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1400 }, colorScheme: "light" });
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(`${url}/docs`);
    expect(await page.title()).toBe("Rollcall API");
    expect(await page.locator("h2").count()).toBeGreaterThanOrEqual(10);
    await page.locator("nav").getByRole("link", { name: "/v1/problems" }).click();
    expect(page.url()).toContain("#get-v1-problems");
    // The style applies, so the policy lets it: a navigation that is a column of its own.
    expect((await page.locator("nav").boundingBox())?.width).toBeLessThan(400);
    expect(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
    const light = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).not.toBe(light);
    await page.setViewportSize({ width: 390, height: 800 });
    expect(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
    expect(complaints).toEqual([]);
    expect(
      requests.filter((address) => !address.startsWith(`${url}/docs`) && !address.endsWith("/favicon.ico")),
    ).toEqual([]);
    if (process.env.SCREENSHOTS) {
      await mkdir(process.env.SCREENSHOTS, { recursive: true });
      await page.setViewportSize({ width: 1280, height: 1400 });
      await page.emulateMedia({ colorScheme: "light" });
      await page.goto(`${url}/docs`);
      await page.screenshot({ path: `${process.env.SCREENSHOTS}/docs.png` });
    }
  } finally {
    await browser.close();
    await stop(server, "SIGTERM");
    await remove();
  }
});
