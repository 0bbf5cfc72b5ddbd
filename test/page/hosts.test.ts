// End to end: the views Hosts, Host and Coverage in a real Chromium, over the demo fleet and a
// folder, by mouse and by keyboard alone.
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  findBarriers,
  isTooWide,
  type OpenOptions,
  type OpenPage,
  openPage,
  startBrowser,
} from "./browser.ts";
import { type GivenReport, type PageServer, startDemo, startWithReports } from "./server.ts";

let demo: PageServer;
let folder: PageServer;
let browser: Browser;

const HOSTILE = "<img src=x onerror=alert(1)>";
const REPORTS: readonly GivenReport[] = [
  {
    instance_id: "i-html",
    instance_name: HOSTILE,
    note: `<script>alert(1)</script>`,
    rtl: "\u202eright to left",
    emoji: "👩‍👩‍👧‍👦",
    long: "x".repeat(10_000),
    mixed: { a: 1 },
  },
  { instance_id: "i-plain", instance_name: "prod_web_2", mixed: 5, version: "1.9", size: 9 },
  { instance_id: "i-other", instance_name: "prod_web_10", mixed: [1.1, "x"], version: "1.10", size: 10 },
  {
    instance_id: "i-wide",
    instance_name: "stg_web_1",
    ...Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`field_${index}`, index])),
    rollcall: {
      collectors: [
        {
          collector: "files",
          fields: ["conf"],
          outcome: "partial",
          duration_ms: 3,
          unread: [{ what: "/etc/app.conf", reason: "may not be read by this user" }],
        },
      ],
    },
  },
];

beforeAll(async () => {
  [demo, folder, browser] = await Promise.all([startDemo(), startWithReports(REPORTS), startBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await Promise.all([demo.close(), folder.close()]);
});

/** Opens the list, and waits for its rows. */
async function open(server: PageServer, options: OpenOptions = {}): Promise<OpenPage> {
  const opened = await openPage(browser, server, { path: "hosts", ...options });
  await opened.page.locator("table.hosts tbody tr[aria-rowindex]").first().waitFor();
  return opened;
}

const names = (page: Page) =>
  page.locator("table.hosts tbody tr[aria-rowindex] td:first-child").allTextContents();
const count = (page: Page) => page.locator(".toolbar strong").innerText();
const waitForCount = (page: Page, text: RegExp) =>
  page.locator(".toolbar strong", { hasText: text }).waitFor();

/** The ids that the API chooses. */
async function ask({ url, key }: PageServer, question: string): Promise<string[]> {
  const response = await fetch(`${url}/v1/reports?${question}&fields=instance_id`, {
    headers: { "x-api-key": key },
  });
  expect(response.status).toBe(200);
  return ((await response.json()) as { instance_id: string }[]).map((one) => one.instance_id);
}

describe("the list of hosts", () => {
  it("has every host of a small fleet in the document, with what is behind marked", async () => {
    const { page, close } = await open(demo);
    const all = await ask(demo, "instance_id=*");
    await waitForCount(page, new RegExp(`^${all.length} hosts of ${all.length}$`));
    await page.locator("td .old").first().waitFor();
    // Those out of view come after those in view.
    await expect.poll(async () => (await names(page)).length).toBe(all.length);
    const behind = await page.locator("tr:has(.old)").count();
    expect(behind).toBeGreaterThan(10);
    expect(await page.locator("tr:has(.old) .old").first().innerText()).toMatch(/behind/);
    await close();
  });

  it("is filtered as the API filters, by chips and by text as one types", async () => {
    const { page, close } = await open(demo);
    const filter = page.locator(".filter input");
    await filter.fill("env=prod");
    await filter.press("Enter");
    const prod = await ask(demo, "env=prod");
    await waitForCount(page, new RegExp(`^${prod.length} hosts`));
    await filter.fill("processes.module_A_filename=A_red_1.9");
    await filter.press("Enter");
    const old = await ask(demo, "env=prod&processes.module_A_filename=A_red_1.9");
    await waitForCount(page, new RegExp(`^${old.length} hosts`));
    await filter.fill("app_version<1.2.3");
    await filter.press("Enter");
    const older = await ask(demo, "env=prod&processes.module_A_filename=A_red_1.9&app_version=lt:1.2.3");
    await waitForCount(page, new RegExp(`^${older.length} hosts?`));
    // Every state is its address.
    await page.reload();
    await waitForCount(page, new RegExp(`^${older.length} hosts?`));
    const [first = ""] = await names(page);
    await filter.fill(first.slice(-3));
    await waitForCount(page, /of /);
    await page.locator(".chip button").first().click();
    await page.locator(".chip button").first().click();
    await page.locator(".chip button").first().click();
    await filter.fill(first.toUpperCase());
    await waitForCount(page, /^1 host of/);
    await close();
  });

  it("has a whole condition in force as it is typed, and keeps the rows while it is not whole", async () => {
    const { page, close } = await open(demo, { expected: /400/ });
    const filter = page.locator(".filter input");
    const doubt = page.locator(".filter .doubt");
    const all = (await ask(demo, "instance_id=*")).length;
    await expect.poll(async () => (await names(page)).length).toBe(all);
    // In one go: of what is typed slowly, what stands before the "=" is in force as plain text.
    await filter.focus();
    await page.keyboard.insertText("env=pro");
    await doubt.getByText("No host is like this").waitFor();
    expect(await names(page)).toHaveLength(all);
    expect(new URL(page.url()).search).toBe("");
    await filter.pressSequentially("d");
    const prod = await ask(demo, "env=prod");
    await waitForCount(page, new RegExp(`^${prod.length} hosts`));
    expect(new URL(page.url()).searchParams.get("q")).toBe("env=prod");
    expect(await doubt.innerText()).toBe("");
    expect(await page.locator(".chip").count()).toBe(0);
    await filter.press(" ");
    await page.locator(".chip", { hasText: "env=prod" }).waitFor();
    await page.keyboard.insertText("instance_nam=x");
    await doubt.getByText(/did you mean instance_name/).waitFor();
    expect(await count(page)).toMatch(new RegExp(`^${prod.length} hosts`));
    expect(await page.getByRole("alert").count()).toBe(0);
    // Leaving the field neither forces it nor forgets it.
    await filter.blur();
    expect(await filter.inputValue()).toBe("instance_nam=x");
    await filter.focus();
    await page.keyboard.press("Escape");
    // What was in force while it was typed is one step back.
    await page.goBack();
    await waitForCount(page, new RegExp(`^${all} hosts`));
    expect(await filter.inputValue()).toBe("");
    await close();
  });

  it("suggests values beyond the most frequent ones", async () => {
    const { page, close } = await open(demo);
    const [, , third = ""] = (await names(page)).toReversed();
    await page.keyboard.press("/");
    await page.keyboard.type(`instance_name=${third.slice(2)}`);
    await page.locator('[role="option"]', { hasText: `instance_name=${third}` }).waitFor();
    // Of a name that the view does not hold the server is asked.
    await page.keyboard.press("Escape");
    const [type = ""] = await ask(demo, "env=stg");
    await page.goto(demo.url);
    await page.locator("table.versions tbody td a").first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type(`instance_id=${type.slice(3)}`);
    await page.locator('[role="option"]', { hasText: `instance_id=${type}` }).waitFor();
    await close();
  });

  it("suggests names and values, which are taken by arrows and Enter", async () => {
    const { page, close } = await open(demo);
    await page.keyboard.press("/");
    await page.keyboard.type("life");
    await page.locator('[role="option"]').first().waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.locator('[role="option"]', { hasText: "spot" }).waitFor();
    await page.keyboard.type("sp");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    const spot = await ask(demo, "instance_life_cycle=spot");
    await waitForCount(page, new RegExp(`^${spot.length} hosts`));
    expect(await page.locator(".chip").innerText()).toContain("instance_life_cycle=spot");
    await close();
  });

  it("asks the server where the columns cannot tell, and says what is no filter", async () => {
    const { page, close } = await open(demo, {
      path: `hosts?q=${encodeURIComponent("same=processes processes.module_A_filename=A_red_* processes.state=restart_pending")}`,
      expected: /400/,
    });
    const both = await ask(
      demo,
      "same=processes&processes.module_A_filename=A_red_*&processes.state=restart_pending",
    );
    await waitForCount(page, new RegExp(`^${both.length} hosts?`));
    await page.goto(`${demo.url}/hosts?q=instance_nam%3Dx`);
    await page.getByText(/did you mean instance_name/).waitFor();
    expect(await count(page)).toMatch(/^0 hosts/);
    await page.goto(`${demo.url}/hosts?q=app_version%3Dlt%3Abanana`);
    await page.getByText(/compares versions, numbers and times/).waitFor();
    await close();
  });

  it("is sorted by a click, versions as versions and names as people do", async () => {
    const { page, close } = await open(folder, { path: "hosts?columns=instance_name,version,size" });
    expect(await names(page)).toEqual([HOSTILE, "prod_web_2", "prod_web_10", "stg_web_1"]);
    await page
      .getByRole("columnheader", { name: /version/ })
      .locator("button")
      .click();
    await expect.poll(() => names(page)).toEqual(["prod_web_2", "prod_web_10", HOSTILE, "stg_web_1"]);
    await page
      .getByRole("columnheader", { name: /version/ })
      .locator("button")
      .click();
    await expect.poll(() => names(page)).toEqual(["prod_web_10", "prod_web_2", HOSTILE, "stg_web_1"]);
    expect(page.url()).toContain("sort=-version");
    await close();
  });

  it("is grouped by a label; a click opens a group", async () => {
    const { page, close } = await open(demo, { path: "hosts?group=label.env" });
    const prod = await ask(demo, "env=prod");
    const head = page.locator("tr.group", { hasText: "prod" });
    expect(await head.innerText()).toContain(`${prod.length} hosts`);
    expect(await page.locator("tr.group").count()).toBeGreaterThan(1);
    await head.click();
    await page.locator("tbody tr:not(.group) a").first().waitFor();
    await page.reload();
    await page.locator("tbody tr:not(.group) a").first().waitFor();
    await close();
  });

  it("gives what it shows as CSV and JSON", async () => {
    const { page, close } = await open(folder, { path: "hosts?columns=instance_name,mixed&q=prod_web" });
    await waitForCount(page, /^2 hosts of 4/);
    const save = async (name: string) => {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name }).click(),
      ]);
      return await readFile(await download.path(), "utf8");
    };
    expect((await save("CSV")).replaceAll(/,\d{1,3}(?=\r)/g, ",AGE")).toBe(
      'instance_name,mixed,age_seconds\r\nprod_web_2,5,AGE\r\nprod_web_10,"[""1.1"",""x""]",AGE\r\n',
    );
    const age_seconds = expect.any(Number);
    expect(JSON.parse(await save("JSON"))).toEqual([
      { instance_name: "prod_web_2", mixed: "5", age_seconds },
      { instance_name: "prod_web_10", mixed: ["1.1", "x"], age_seconds },
    ]);
    await close();
  });

  it("keeps the width of a column, set by the pointer or by keys", async () => {
    const { page, close } = await open(demo);
    const head = page.getByRole("columnheader").first();
    const edge = head.getByRole("separator");
    const before = (await head.boundingBox())?.width ?? 0;
    await edge.focus();
    for (let at = 0; at < 5; at++) await page.keyboard.press("ArrowRight");
    const after = (await head.boundingBox())?.width ?? 0;
    expect(after).toBeGreaterThan(before + 40);
    await page.reload();
    await head.waitFor();
    await expect.poll(async () => Math.abs(((await head.boundingBox())?.width ?? 0) - after)).toBeLessThan(4);
    await close();
  });

  it("shows what hosts wrote as text, whatever it is", async () => {
    const { page, close } = await open(folder, {
      path: "hosts?columns=instance_name,note,rtl,emoji,long,mixed",
    });
    await page.getByText(HOSTILE).waitFor();
    await page.getByText("<script>alert(1)</script>").waitFor();
    expect(await page.locator("table.hosts img, table.hosts script").count()).toBe(0);
    expect(await page.locator("bdi", { hasText: "right to left" }).count()).toBe(1);
    expect(await isTooWide(page)).toBe(false);
    // Of 3,000 names those that are looked for are found.
    await page.locator("summary", { hasText: "Columns" }).click();
    await page.getByPlaceholder("Find a field").fill("field_1999");
    await page.locator(".name-of-field", { hasText: "field_1999" }).click();
    await page.getByRole("columnheader", { name: /field_1999/ }).waitFor();
    await close();
  });
});

describe("by the keyboard alone", () => {
  it("arrows move, Enter opens a host, Escape goes back to the same place", async () => {
    const { page, close } = await open(demo);
    const { length } = await ask(demo, "instance_id=*");
    await expect.poll(async () => (await names(page)).length).toBe(length);
    const all = await names(page);
    for (let at = 0; at < 4; at++) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: all[3] ?? "" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator('tr[aria-selected="true"]').waitFor();
    expect(await page.locator('tr[aria-selected="true"] td').first().innerText()).toBe(all[3]);
    await page.keyboard.press("End");
    await expect.poll(() => page.locator('tr[aria-selected="true"] td').first().innerText()).toBe(all.at(-1));
    await page.keyboard.press("Control+f");
    expect(await page.evaluate(() => document.activeElement?.closest(".filter") !== null)).toBe(true);
    await close();
  });
});

describe("a newcomer", () => {
  it("finds the prod hosts that still have A_red_1.9 with a click from the address", async () => {
    const { page, close } = await openPage(browser, demo);
    const row = page.locator('tr:has(th[title="A_red_1.9"])');
    await row.waitFor();
    // First the row's own sum, then the environment.
    await row.locator("td.total a").click();
    await page.locator("table.hosts tbody tr[aria-rowindex]").first().waitFor();
    await page.locator(".filter input").fill("env=prod");
    await page.keyboard.press("Enter");
    const old = await ask(demo, "env=prod&processes.module_A_filename=A_red_1.9");
    await waitForCount(page, new RegExp(`^${old.length} hosts`));
    await close();
  });
});

describe("a host", () => {
  it("says what it is, what runs, and where its report lies", async () => {
    const [id = ""] = await ask(demo, "processes.state=restart_pending");
    const { page, close } = await openPage(browser, demo, { path: `hosts/${id}` });
    await page.getByRole("heading", { name: "Processes" }).waitFor();
    expect(await page.locator(".plain .tag", { hasText: "restart pending" }).count()).toBeGreaterThan(0);
    await page.getByText("/opt/app/conf/process").first().waitFor();
    await page
      .locator(".facts")
      .getByText(new RegExp(`^reports/v1/.*${id}\\.json$`))
      .waitFor();
    // A value leads to the hosts that have it too.
    await page.getByLabel("Search the report").fill("app_version");
    await page.locator(".tree li").first().locator("a").click();
    await page.locator("table.hosts tbody tr[aria-rowindex]").first().waitFor();
    expect(await page.locator(".chip").innerText()).toMatch(/app_version=/);
    await close();
  });

  it("says what could not be read and why, and shows numbers as they were written", async () => {
    const { page, close } = await openPage(browser, folder, { path: "hosts/i-wide" });
    await page.getByText("may not be read by this user").first().waitFor();
    await page.getByRole("button", { name: /Show .* more lines/ }).waitFor();
    await page.goto(`${folder.url}/hosts/i-html`);
    await page.getByRole("heading", { level: 1, name: HOSTILE }).waitFor();
    expect(await page.locator("main img, main script").count()).toBe(0);
    expect(await isTooWide(page)).toBe(false);
    await close();
  });

  it("that nobody knows is told", async () => {
    const { page, close } = await openPage(browser, demo, { path: "hosts/i-nobody", expected: /404/ });
    await page
      .getByText(/i-nobody/)
      .first()
      .waitFor();
    await page.locator(".banner").waitFor();
    await close();
  });
});

describe("coverage", () => {
  it("lists who is silent and what was set aside, with the reason", async () => {
    const { page, close } = await openPage(browser, demo, { path: "coverage" });
    await page.getByText("not_json").waitFor();
    // Each reason leads to what it means, in the server's own documentation.
    const [docs] = await Promise.all([
      page.context().waitForEvent("page"),
      page.getByRole("link", { name: "not_json" }).first().click(),
    ]);
    await docs.locator("tr#problem-not_json", { hasText: "jq -n" }).waitFor();
    expect(await docs.evaluate("document.querySelector(':target')?.id")).toBe("problem-not_json");
    await docs.close();
    const silent = await ask(demo, "state=silent");
    expect(await page.locator(".card", { hasText: "Silent" }).locator("tbody tr").count()).toBe(
      silent.length,
    );
    await page.getByRole("link", { name: silent[0] ?? "" }).click();
    await page.getByText(/^silent · /).waitFor();
    await page.goBack();
    await page.getByText("not_json").waitFor();
    await close();
  });
});

describe.each(["light", "dark"] as const)("in %s", (colorScheme) => {
  // axe looks at each cell: some hosts have all kinds of them.
  it.each([
    `hosts?q=${encodeURIComponent("env=stg instance_life_cycle=spot")}`,
    "hosts?group=label.service",
    "coverage",
    "hosts/HOST",
  ])("%s has no barriers, at 1360 and at 360 px", async (path) => {
    const [id = ""] = await ask(demo, "processes.state=restart_pending");
    for (const width of [1360, 360]) {
      const { page, close } = await openPage(browser, demo, {
        path: path.replace("HOST", id),
        colorScheme,
        viewport: { width, height: 800 },
      });
      await page.locator("table tbody tr").first().waitFor();
      expect(await findBarriers(page)).toEqual([]);
      expect(await isTooWide(page)).toBe(false);
      await close();
    }
  });
});
