// End to end: the past on the page, over a folder whose history was recorded by the recorder
// itself.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBarriers, isTooWide, type OpenOptions, openPage, startBrowser } from "./browser.ts";
import { recordPast } from "./past.ts";
import { type PageServer, startOver, writeReports } from "./server.ts";

const report = (id: string, version: string, env = "prod") => ({
  instance_id: id,
  instance_name: `${env}_web_${id}`,
  app_version: "2.0",
  processes: [{ module_A_filename: "A_red_1.0" }, { module_A_filename: `A_red_${version}` }],
});

/** Servers that record nothing themselves. */
const UNRECORDED = { ROLLCALL_HISTORY_EVERY: "off" };

const HOUR_MS = 3_600_000;
const hoursAgo = (hours: number) => new Date(Date.now() - hours * HOUR_MS).toISOString();

let server: PageServer;
let bare: PageServer;
let browser: Browser;
beforeAll(async () => {
  [server, bare, browser] = await Promise.all([
    startOver("file:store", UNRECORDED),
    startOver("file:store", UNRECORDED, (home) => writeReports(home, [report("a", "1.9")])),
    startBrowser(),
  ]);
  const all = (version: string) => ["a", "b", "c", "d"].map((id) => report(id, version));
  await recordPast(server.home, [
    { hoursAgo: 50, reports: [...all("1.9"), report("e", "1.9", "stg")] },
    { hoursAgo: 49, reports: all("1.9").slice(0, 2) },
    // Nobody recorded for a day.
    { hoursAgo: 26, reports: [...all("1.10").slice(0, 3), report("d", "1.9"), report("e", "1.9", "stg")] },
    { hoursAgo: 25, reports: [report("c", "1.9")] },
    { hoursAgo: 24, reports: [report("f", "1.9")], removed: ["e"] },
    {
      hoursAgo: 0.1,
      reports: [...all("1.10").slice(0, 3), report("d", "1.9"), report("f", "1.9")],
    },
  ]);
});
afterAll(async () => {
  await browser.close();
  await Promise.all([server.close(), bare.close()]);
});

const line = (page: Page, text: string | RegExp) => page.locator("button.change", { hasText: text });
const parameter = (page: Page, name: string) => new URL(page.url()).searchParams.get(name);

async function open(path: string, options: OpenOptions = {}) {
  const opened = await openPage(browser, server, { path, ...options });
  await opened.page.locator("main .card").first().waitFor();
  return opened;
}

describe("the view Changes", () => {
  it("tells each change once, with its hosts, and gaps in place; its state is its address", async () => {
    const { page, close } = await open("");
    await page.getByRole("link", { name: "Changes" }).click();
    await page.getByRole("link", { name: "7 days" }).click();
    expect(parameter(page, "since")).toBe("7d");
    const back = line(page, /module_A_filename.*A_red_1.10.*A_red_1.9/);
    await back.waitFor();
    expect(await back.innerText()).toMatch(/to an older version\s+1 host/);
    const lines = await page.locator(".changes li:has(> button), .changes li.untold").allInnerTexts();
    const place = (wanted: RegExp) => lines.findIndex((text) => wanted.test(text));
    const gap = place(/What changed cannot be told/);
    expect(gap).toBeGreaterThan(0);
    expect(place(/A_red_1.9.*A_red_1.10/s)).toBeLessThan(gap);
    expect(place(/taken out of the store/)).toBeGreaterThan(gap);

    const forward = line(page, /A_red_1.9.*A_red_1.10/).first();
    await forward.click();
    const hosts = page.locator(".of-change li");
    await expect.poll(() => hosts.count()).toBe(3);
    expect(parameter(page, "open")).not.toBeNull();
    await page.reload();
    await expect.poll(() => hosts.count()).toBe(3);
    expect(await hosts.first().innerText()).toContain("processes.1.module_A_filename");
    await hosts.first().locator("a").first().click();
    await page.locator(".host-title h1").waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/hosts\/[abc]$/);
    // Its own history stands on its view.
    await line(page, /A_red_1.9.*A_red_1.10/)
      .first()
      .waitFor();
    await page.goBack();
    await expect.poll(() => hosts.count()).toBe(3);
    await close();
  });

  it("leads to a host that is gone as it was before, and filters as everywhere", async () => {
    const { page, close } = await open("changes?since=7d&q=env%3Dstg");
    const gone = line(page, "prod");
    const removed = line(page, /stg_web_e.*taken out of the store/);
    await removed.waitFor();
    expect(await gone.count()).toBe(0);
    await removed.click();
    await page.locator(".of-change a").first().click();
    await page.locator(".past").waitFor();
    await page.locator(".host-title h1").waitFor();
    expect(await page.locator(".host-title h1").innerText()).toBe("stg_web_e");
    await close();
    const text = await open("changes?since=7d&q=web_f");
    await line(text.page, "prod_web_f arrived").waitFor();
    expect(await line(text.page, "A_red").count()).toBe(0);
    await text.close();
  });

  it("adds what is new by its cursor, and keeps what is open", async () => {
    const { page, close, requests } = await open("changes?since=7d");
    await line(page, "prod_web_f arrived").click();
    await recordPast(server.home, [
      { hoursAgo: 0, reports: [{ ...report("d", "1.9"), app_version: "3.0" }] },
    ]);
    await line(page, /app_version.*3\.0/).waitFor();
    expect(await page.locator(".of-change li").count()).toBe(1);
    const asked = requests.filter((request) => request.includes("/v1/changes"));
    expect(asked.filter((request) => request.includes("since=7d"))).toHaveLength(1);
    expect(asked.at(-1)).toMatch(/since=c\d/);
    await close();
  });

  it("says where there is no history, and where nothing is like the filter", async () => {
    const { page, close } = await openPage(browser, bare, { path: "changes" });
    await page.getByText("No change can be told").waitFor();
    await page.goto(`${bare.url}/hosts/a`);
    await page.locator(".changes").getByText("No change can be told").waitFor();
    await page.goto(bare.url);
    await page.locator("table.versions tbody td a").first().waitFor();
    expect(await page.locator(".trend").count()).toBe(0);
    await close();
    const none = await open("changes?q=no_such_text");
    await none.page.getByText("No change matches the filter.").waitFor();
    await none.close();
  });

  it("is walked by keys: arrows among the lines, Enter opens", async () => {
    const { page, close } = await open("changes?since=7d");
    await line(page, "arrived").first().waitFor();
    const isLine = "document.activeElement.matches('button.change')";
    for (let tabs = 0; tabs < 40 && !(await page.evaluate(isLine)); tabs++) await page.keyboard.press("Tab");
    const first = await page.evaluate("document.activeElement.innerText");
    await page.keyboard.press("ArrowDown");
    expect(await page.evaluate("document.activeElement.innerText")).not.toBe(first);
    await page.keyboard.press("Home");
    expect(await page.evaluate("document.activeElement.innerText")).toBe(first);
    await page.keyboard.press("Enter");
    await page.locator(".of-change li").first().waitFor();
    await close();
  });

  it.each(["light", "dark"] as const)("meets no barrier that axe finds, in %s", async (colorScheme) => {
    const { page, close } = await open(`changes?since=7d&at=${hoursAgo(0.05)}`, { colorScheme });
    await line(page, "A_red_1.10").first().click();
    await page.locator("summary", { hasText: "▾" }).click();
    await page.locator(".panel.instant").waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.goto(`${server.url}/`);
    await page.locator(".sparkline").first().waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await close();
  });

  it.each([
    ["360 px wide", { viewport: { width: 360, height: 740 }, locale: "ja-JP" }],
    ["at 200 % zoom", { viewport: { width: 680, height: 470 }, deviceScaleFactor: 2 }],
  ])("is read %s without scrolling the page sideways", async (_name, options) => {
    const { page, close } = await open(`changes?since=7d&at=${hoursAgo(0.05)}`, options);
    await line(page, "A_red_1.10").first().click();
    for (const opener of ["header summary", ".changes summary"]) {
      await page.locator(opener, { hasText: /▾|…|指定/ }).click();
      const box = await page.locator(".panel.instant").boundingBox();
      expect(box?.x).toBeGreaterThanOrEqual(0);
      expect(await isTooWide(page)).toBe(false);
      await page.keyboard.press("Escape");
    }
    await close();
  });
});

describe("the past", () => {
  it("is chosen for all views, is plainly the past, asks once, and leads back to now", async () => {
    const { page, close, requests } = await open("");
    await page.locator('th[title="A_red_1.10"]').waitFor();
    await page.locator("summary", { hasText: "Now" }).click();
    const local = new Date(Date.now() - 49.5 * HOUR_MS + 9 * HOUR_MS).toISOString().slice(0, 16);
    await page.getByLabel("As it was at").fill(local);
    await page.keyboard.press("Enter");
    await page.locator(".past").waitFor();
    expect(await page.locator(".past").innerText()).toMatch(/You see the past: .* Asia\/Tokyo/);
    await expect.poll(() => page.locator('th[title="A_red_1.10"]').count()).toBe(0);
    await page.locator('th[title="A_red_1.9"]').waitFor();
    expect(await page.locator(".strip dd").first().innerText()).toMatch(/^\d+\s+of 5/);
    const at = parameter(page, "at") as string;
    expect(Date.parse(at)).toBe(Date.parse(`${local}+09:00`));
    await page.waitForLoadState("networkidle");
    const before = requests.length;
    await page.waitForTimeout(6000);
    // Trends are asked one after the other, once as all else.
    expect(requests.slice(before).filter((request) => !request.includes("/v1/trend"))).toEqual([]);
    await page.getByRole("link", { name: "Hosts", exact: true }).click();
    await page.locator("label", { hasText: "Show" }).locator("select").selectOption("all");
    await page.locator("table.hosts").getByText("stg_web_e").click();
    await page.locator(".host-title h1").waitFor();
    expect(parameter(page, "at")).toBe(at);
    const untold = requests.filter(
      (request) => request.includes("/v1/reports/") && !request.includes(`at=${encodeURIComponent(at)}`),
    );
    expect(untold).toEqual([]);
    await page.getByRole("link", { name: "Coverage" }).click();
    await page.locator(".strip").waitFor();
    expect(parameter(page, "at")).toBe(at);
    await page.getByRole("link", { name: "Back to now" }).click();
    await page.locator(".past").waitFor({ state: "detached" });
    expect(parameter(page, "at")).toBeNull();
    await close();
  });

  it.each([
    ["before history begins", 90, /cannot be told.*until/s],
    ["where nobody recorded", 36, /cannot be told.*from .* until/s],
  ])("says what cannot be told, with its interval: %s", async (_name, hours, expected) => {
    const { page, close } = await openPage(browser, server, {
      path: `?at=${hoursAgo(hours)}`,
      expected: /503/,
    });
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(expected);
    expect(await page.locator("table").count()).toBe(0);
    await close();
  });
});

describe("sparklines", () => {
  it("are told as text, by one question a field, and are not drawn by inline style", async () => {
    const { page, close, requests } = await open("");
    const row = page.locator('tr:has(th[title="A_red_1.10"])');
    const spark = row.getByRole("img");
    await spark.waitFor();
    expect(await spark.getAttribute("aria-label")).toMatch(/^In 7 days from 0 to 3 hosts; /);
    const asked = requests.filter((request) => request.includes("/v1/trend"));
    expect(asked.length).toBe(await page.locator("table.versions tr.field").count());
    expect(await page.locator(".sparkline [style]").count()).toBe(0);
    await close();
  });
});
