// End to end: the view Versions in a real Chromium, over the demo fleet.
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
import { type PageServer, startDemo } from "./server.ts";

let server: PageServer;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([startDemo(), startBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

/** Opens the view, and waits for the matrix. */
async function open(options: OpenOptions = {}): Promise<OpenPage> {
  const opened = await openPage(browser, server, options);
  await opened.page.locator("table.versions tbody td a").first().waitFor();
  return opened;
}

interface Count {
  readonly field: string;
  readonly value: string | null;
  readonly count: number;
  readonly behind: boolean;
  readonly by?: Readonly<Record<string, number>>;
}

/** What the API answers to the question. */
async function ask(question: string): Promise<{ counts: Count[]; headers: Headers }> {
  const response = await fetch(`${server.url}/v1/${question}`, { headers: { "x-api-key": server.key } });
  expect(response.status).toBe(200);
  return { counts: (await response.json()) as Count[], headers: response.headers };
}

/** The table as a reader sees it: by row, its sum and its cells. */
function readTable(page: Page): Promise<{ value: string; total: number; cells: number[]; tag: string }[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll("table.versions tbody tr:not(.field):not(.more)")].map((row) => ({
      value: row.querySelector("th")?.title ?? "",
      total: Number(row.querySelector("td.total")?.textContent?.replace(/\D/g, "")),
      cells: [...row.querySelectorAll("td:not(.total):not(.trend):not(.share)")].map((cell) =>
        Number(cell.textContent),
      ),
      tag: row.querySelector(".tag")?.textContent ?? "",
    })),
  );
}

describe("the matrix", () => {
  it("opens by itself with the demo, and says what the API says", async () => {
    const { page, close, requests } = await open({ isSignedIn: false, expected: /401/ });
    const toCells = (by: Readonly<Record<string, number>>) =>
      Object.entries(by)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([, hosts]) => hosts);
    // The demo's hosts are updated while it runs, so the page is for a moment of before.
    await expect
      .poll(async () => {
        const { counts } = await ask("versions?by=env,service");
        const asked = counts
          .filter(({ value }) => value !== null)
          .map(({ value, count, behind, by = {} }) => [value, count, behind, ...toCells(by)].join(" "));
        const shown = (await readTable(page)).map(({ value, total, cells, tag }) =>
          [value, total, tag !== "", ...cells.filter((hosts) => hosts > 0)].join(" "),
        );
        return asked.map((row, at) => (row === shown[at] ? "" : `${shown[at]} is ${row}`)).join("");
      })
      .toBe("");
    const { headers } = await ask("versions?by=env,service");
    const strip = await page.locator(".strip dd").allInnerTexts();
    const [answered = "", behind, silent, pending, setAside] = strip;
    const [count, away] = [Number(headers.get("rollcall-count")), Number(headers.get("rollcall-silent"))];
    expect(answered.replace(/\s+/g, " ")).toBe(`${count} of ${count + away}`);
    expect(behind).toBe(headers.get("rollcall-behind"));
    expect(silent).toBe(String(away));
    const states = await ask("versions?field=processes.state");
    expect(pending).toBe(String(states.counts.find(({ value }) => value === "restart_pending")?.count ?? 0));
    expect(setAside).toBe(headers.get("rollcall-problems"));
    expect(requests.join()).not.toContain(server.key);
    await close();
  });

  it("leads from a cell to its hosts, and back", async () => {
    const { page, close } = await open();
    const row = page.locator('tr:has(th[title="A_red_1.9"])');
    await row.locator("td a").first().click();
    const address = new URL(page.url());
    expect(address.pathname).toBe("/hosts");
    expect(address.searchParams.get("q")).toBe(
      "env=prod service=service1 processes.module_A_filename=A_red_1.9",
    );
    await page.goBack();
    await row.waitFor();
    expect(new URL(page.url()).pathname).toBe("/");
    await close();
  });

  it("leads in three clicks to the prod hosts that still have A_red_1.9", async () => {
    const { page, close } = await open();
    await page.getByRole("button", { name: "No columns by service" }).click();
    await expect.poll(() => page.locator("thead .column").allInnerTexts()).toEqual(["prod", "stg"]);
    await page.locator('tr:has(th[title="A_red_1.9"]) td a').first().click();
    expect(new URL(page.url()).searchParams.get("q")).toBe("env=prod processes.module_A_filename=A_red_1.9");
    await close();
  });

  it("divides by any label or field, and the address says so", async () => {
    const { page, close } = await open();
    await page.getByRole("button", { name: "No columns by env" }).click();
    await page.getByRole("button", { name: "No columns by service" }).click();
    await expect.poll(() => new URL(page.url()).search).toBe("?by=none");
    await page.locator("summary", { hasText: "Add" }).click();
    await page.getByLabel("Find a field").fill("life");
    await page.getByRole("button", { name: "instance_life_cycle" }).click();
    await expect.poll(() => page.locator("thead .column").allInnerTexts()).toEqual(["ondemand", "spot"]);
    expect(new URL(page.url()).searchParams.get("by")).toBe("instance_life_cycle");
    await page.reload();
    await expect.poll(() => page.locator("thead .column").allInnerTexts()).toEqual(["ondemand", "spot"]);
    await close();
  });

  it("shows the fields that are chosen, in the order that is chosen", async () => {
    const { page, close } = await open();
    const shown = () => page.locator("tr.field .field-name").allInnerTexts();
    await page.locator("summary", { hasText: "Fields" }).click();
    await page.locator(".panel ol li", { hasText: "app_version" }).getByRole("checkbox").click();
    await expect.poll(shown).not.toContain("app_version");
    await page.getByRole("button", { name: "Move processes.module_C_filename up" }).click();
    await page.getByLabel("Find a field").fill("instance_type");
    await page.getByRole("button", { name: "instance_type" }).click();
    const fields = [
      "processes.module_A_filename",
      "processes.module_C_filename",
      "processes.module_B_filename",
      "processes.module_D_filename",
      "instance_type",
    ];
    await expect.poll(shown).toEqual(fields);
    expect(new URL(page.url()).searchParams.get("fields")).toBe(fields.join());
    await page.reload();
    await expect.poll(shown).toEqual(fields);
    await page.keyboard.press("Escape");
    await page.goBack();
    await expect.poll(shown).toEqual(fields.slice(0, -1));
    await close();
  });

  it("shows only what is behind, on a wish", async () => {
    const { page, close } = await open();
    await page.getByLabel("Only behind").check();
    await expect.poll(async () => (await readTable(page)).every(({ tag }) => tag !== "")).toBe(true);
    expect(new URL(page.url()).search).toBe("?only=behind");
    await close();
  });
});

describe("the filter", () => {
  it("takes conditions and text, by the keys that lead to it", async () => {
    const { page, close } = await open();
    await page.keyboard.press("/");
    await page.keyboard.type("env=prod service=service1 ");
    await expect
      .poll(() => page.locator(".filter .chip bdi").allInnerTexts())
      .toEqual(["env=prod", "service=service1"]);
    const { headers } = await ask("versions?env=prod&service=service1");
    await expect
      .poll(() => page.locator(".strip dd b").first().innerText())
      .toBe(headers.get("rollcall-count"));
    await page.keyboard.type("a_RED");
    await expect
      .poll(async () => (await readTable(page)).map(({ value }) => value))
      .toEqual(["A_red_1.10", "A_red_1.9"]);
    await expect
      .poll(() => new URL(page.url()).searchParams.get("q"))
      .toBe("env=prod service=service1 a_RED");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Take env=prod away" }).click();
    await expect.poll(() => new URL(page.url()).searchParams.get("q")).toBe("service=service1");
    await page
      .locator("h1, body")
      .first()
      .click({ position: { x: 2, y: 400 } });
    await page.keyboard.press("Control+f");
    await expect.poll(() => page.evaluate("document.activeElement?.tagName")).toBe("INPUT");
    await page.keyboard.press("Backspace");
    await expect.poll(() => page.locator(".filter input").inputValue()).toBe("service=service1");
    await close();
  });

  it("says what is wrong with a name, and keeps the answer before", async () => {
    const { page, close } = await open({ expected: /400/ });
    await page.locator(".filter input").fill("instance_nam=x");
    await page.keyboard.press("Enter");
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/did you mean instance_name.*What you see is the answer of/s);
    expect(await page.locator("table.versions tbody tr").count()).toBeGreaterThan(10);
    await page.getByRole("button", { name: "Take instance_nam=x away" }).click();
    await alert.waitFor({ state: "detached" });
    await close();
  });
});

describe("who reads it", () => {
  it("finds its way by keyboard alone", async () => {
    const { page, close } = await open();
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the answer");
    const isInTable = "document.activeElement.matches('table.versions td a')";
    for (let tabs = 0; tabs < 60 && !(await page.evaluate(isInTable)); tabs++)
      await page.keyboard.press("Tab");
    expect(await page.evaluate(isInTable)).toBe(true);
    const at = () =>
      page.evaluate(() => {
        const cell = document.activeElement?.closest("td");
        return `${cell?.closest("tr")?.querySelector("th")?.title} ${cell?.textContent}`;
      });
    const first = await at();
    await page.keyboard.press("ArrowDown");
    expect(await at()).not.toBe(first);
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("End");
    const rows = await readTable(page);
    expect(await at()).toBe(`${rows[0]?.value} ${rows[0]?.total}`);
    // The next Tab leaves the table: it is one stop.
    await page.keyboard.press("Tab");
    expect(await page.evaluate(isInTable)).toBe(false);
    await page.keyboard.press("Shift+Tab");
    expect(await at()).toBe(`${rows[0]?.value} ${rows[0]?.total}`);
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).searchParams.get("q")).toBe(`app_version=${rows[0]?.value}`);
    await close();
  });

  it.each(["light", "dark"] as const)("meets no barrier that axe finds, in %s", async (colorScheme) => {
    const { page, close } = await open({ colorScheme });
    expect(await findBarriers(page)).toEqual([]);
    await page.locator("summary", { hasText: "Fields" }).click();
    await page.locator(".panel ul li").first().waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await close();
  });

  it("reads Japanese where the browser does, and what is chosen stays", async () => {
    const { page, close } = await open({ locale: "ja-JP" });
    expect(await page.locator("nav a").first().innerText()).toBe("バージョン");
    expect(await page.evaluate("document.documentElement.lang")).toBe("ja");
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole("button", { name: "English" }).click();
    await page.reload();
    await expect.poll(() => page.locator("nav a").first().innerText()).toBe("Versions");
    await close();
  });

  it("chooses light or dark", async () => {
    const { page, close } = await open();
    const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    const light = await ground();
    const theme = page.getByRole("button", { name: /^Light or dark/ });
    await theme.click();
    expect(await ground()).toBe(light);
    await theme.click();
    expect(await ground()).not.toBe(light);
    await page.reload();
    await theme.waitFor();
    expect(await ground()).not.toBe(light);
    await close();
  });

  it.each([
    ["360 px wide", { viewport: { width: 360, height: 740 } }],
    ["at 200 % zoom", { viewport: { width: 680, height: 470 }, deviceScaleFactor: 2 }],
  ])("reads it %s without scrolling the page sideways", async (_name, options) => {
    const { page, close } = await open(options);
    expect(await isTooWide(page)).toBe(false);
    const name = page.locator('th[title="A_red_1.9"]');
    await page.locator(".scroll").evaluate((place) => place.scrollTo(400, 0));
    const box = await name.boundingBox();
    expect(box?.x).toBeGreaterThanOrEqual(0);
    expect(box?.x).toBeLessThan(30);
    await close();
  });

  it("prints it on one page", async () => {
    const { page, close } = await open({ colorScheme: "dark" });
    const pdf = await page.pdf({ format: "A4", printBackground: true });
    expect(pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)).toHaveLength(1);
    await page.emulateMedia({ media: "print" });
    expect(await page.locator("nav").isVisible()).toBe(false);
    expect(await page.evaluate("getComputedStyle(document.documentElement).colorScheme")).toBe("light");
    await close();
  });

  it("takes the command that gives the same answer", async () => {
    const { page, close } = await open({
      path: "?q=env%3Dprod&by=service",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await page.getByRole("button", { name: "curl" }).click();
    await page.getByText("copied").first().waitFor();
    const command = await page.evaluate("navigator.clipboard.readText()");
    expect(command).toBe(
      `curl -sH "x-api-key: $ROLLCALL_KEY" '${server.url}/v1/versions?by=service&env=prod' | jq`,
    );
    await close();
  });
});
