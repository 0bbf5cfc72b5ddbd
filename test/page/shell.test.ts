// End to end: what stands around the views. Signing in, staying up to date, and what goes wrong.
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AUDIENCE, startIssuer } from "../../src/testing/issuer.ts";
import { run, startProgram, stop, waitForOutput } from "../program.ts";
import { findBarriers, openPage, startBrowser } from "./browser.ts";
import { makeKey, type PageServer, startOver, startWithReports, writeReports } from "./server.ts";

const HOSTS = Array.from({ length: 5 }, (_, index) => ({
  instance_name: `prod_web_${index}`,
  app_version: index === 0 ? "1.9" : "1.10",
}));

let server: PageServer;
let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const table = (page: Page) => page.locator("table.versions tbody td a").first();

describe("signing in", () => {
  beforeEach(async () => {
    server = await startWithReports(HOSTS);
    return () => server.close();
  });

  it("asks for a key, says what is wrong with it, and keeps it out of the address", async () => {
    const { page, close, requests } = await openPage(browser, server, {
      isSignedIn: false,
      expected: /40[14]/,
    });
    const field = page.getByLabel("Read key");
    await field.waitFor();
    expect(await findBarriers(page)).toEqual([]);
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.type("rc_nosuchkey");
    await page.keyboard.press("Enter");
    await page.getByText("This key or token does not work").waitFor();
    await field.fill(await makeKey(server.home, "ingest"));
    await page.keyboard.press("Enter");
    await page.getByText("This key or token may not read").waitFor();
    await field.fill(`  ${server.key}\n`);
    await page.keyboard.press("Enter");
    await table(page).waitFor();
    await page.reload();
    await table(page).waitFor();
    expect(page.url() + requests.join()).not.toContain(server.key);
    await page.getByLabel("Settings").click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await field.waitFor();
    await page.reload();
    await field.waitFor();
    await close();
  });

  it("takes a token of an identity provider in the place of a key", async () => {
    const issuer = await startIssuer({ now: Date.now });
    const settings = { ROLLCALL_JWT_ISSUER: issuer.issuer, ROLLCALL_JWT_AUDIENCE: AUDIENCE };
    const signedIn = await startOver("file:store", settings, (home) => writeReports(home, HOSTS));
    const { page, close, requests } = await openPage(browser, signedIn, {
      isSignedIn: false,
      expected: /40[14]/,
    });
    const field = page.getByLabel("Read key or token");
    await field.fill(await issuer.sign({ aud: "another" }));
    await page.keyboard.press("Enter");
    await page.getByText("This key or token does not work").waitFor();
    const token = await issuer.sign();
    await field.fill(token);
    await page.keyboard.press("Enter");
    await table(page).waitFor();
    expect(page.url() + requests.join()).not.toContain(token);
    await close();
    await signedIn.close();
  });

  it("asks again when the key is revoked while the page is open", async () => {
    const { page, close } = await openPage(browser, server, { expected: /40[13]/ });
    await table(page).waitFor();
    const other = await makeKey(server.home, "read");
    const id = /^rc_([^_]+)_/.exec(server.key)?.[1] ?? "";
    const revoked = await run(["keys", "revoke", id, "--store", "file:store"], { home: server.home });
    expect(revoked.code).toBe(0);
    await page.getByText("does not work any longer").waitFor();
    expect(await page.locator("table").count()).toBe(0);
    await page.getByLabel("Read key").fill(other);
    await page.keyboard.press("Enter");
    await table(page).waitFor();
    await close();
  });
});

describe("staying up to date", () => {
  beforeEach(async () => {
    server = await startWithReports(HOSTS);
    return () => server.close();
  });

  it("asks every 5 s, gets 304 while nothing changes, shows what does, and not when hidden", async () => {
    const { page, close } = await openPage(browser, server);
    await table(page).waitFor();
    const statuses: number[] = [];
    page.on("response", (response) => {
      if (response.url().includes("by=")) statuses.push(response.status());
    });
    await expect.poll(() => statuses.length).toBeGreaterThanOrEqual(2);
    expect(new Set(statuses)).toEqual(new Set([304]));
    await writeReports(server.home, [
      { instance_id: "i-new", instance_name: "stg_web_9", app_version: "2.0" },
    ]);
    await page.locator('th[title="2.0"]').waitFor();

    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" });
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    });
    await page.waitForTimeout(1000);
    const before = statuses.length;
    await page.waitForTimeout(7000);
    expect(statuses.length).toBe(before);
    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "visible" });
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    });
    await expect.poll(() => statuses.length).toBeGreaterThan(before);
    await close();
  });

  it("says in words and in amber that the data is old, and recovers with the server", async () => {
    const { page, close } = await openPage(browser, server, { expected: /ERR_|Failed to load/ });
    await table(page).waitFor();
    const asOf = page.locator(".as-of");
    expect(await asOf.innerText()).toMatch(/^as of \d/);
    const calm = await asOf.evaluate((element) => getComputedStyle(element).color);
    await stop(server.child, "SIGTERM");
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.innerText()).toContain("the server cannot be reached");
    expect(await table(page).isVisible()).toBe(true);
    await expect
      .poll(() => asOf.innerText(), { timeout: 60_000 })
      .toMatch(/^not up to date: as of [3-9]\d|as of [1-9]m/);
    expect(await asOf.evaluate((element) => getComputedStyle(element).color)).not.toBe(calm);
    expect(await findBarriers(page)).toEqual([]);
    const { port } = new URL(server.url);
    const again = startProgram(["serve", "--store", "file:store", "--listen", `127.0.0.1:${port}`], {
      home: server.home,
    });
    await waitForOutput(again, /http:\/\/127\.0\.0\.1:\d+/);
    await page.getByRole("button", { name: "Ask again" }).click();
    await alert.waitFor({ state: "detached" });
    expect(await asOf.innerText()).toMatch(/^as of \d/);
    await close();
    await stop(again, "SIGTERM");
  });

  it("tells the data's age by the server's clock, where the reader's is an hour off", async () => {
    const { page, close } = await openPage(browser, server, { path: "docs" });
    await page.clock.setSystemTime(Date.now() + 3_600_000);
    await page.goto(server.url);
    await table(page).waitFor();
    expect(await page.locator(".as-of").innerText()).toMatch(/^as of \d\d?s ago/);
    await close();
  });
});

describe("something in between", () => {
  /** A proxy that puts the page below a prefix, and does to answers what the test says. */
  async function startProxy(handle: (answer: IncomingMessage, response: ServerResponse) => boolean) {
    const proxy = createServer((incoming, response) => {
      const path = incoming.url?.replace(/^\/tools\/rollcall/, "") || "/";
      const outgoing = request(
        server.url + path,
        { method: incoming.method, headers: incoming.headers },
        (answer) => {
          if (path.startsWith("/v1/versions") && handle(answer, response)) return;
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      outgoing.on("error", () => response.destroy());
      incoming.pipe(outgoing);
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as AddressInfo;
    const close = async () => {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    };
    return { url: `http://127.0.0.1:${port}`, close };
  }

  beforeEach(async () => {
    server = await startWithReports(HOSTS);
    return () => server.close();
  });

  it("works below a prefix", async () => {
    const proxy = await startProxy(() => false);
    const opened = await openPage(
      browser,
      { url: proxy.url, key: server.key },
      { path: "tools/rollcall/?by=env" },
    );
    await table(opened.page).click();
    expect(new URL(opened.page.url()).pathname).toBe("/tools/rollcall/hosts");
    await opened.page.reload();
    await opened.page.locator("nav a", { hasText: "Versions" }).click();
    await table(opened.page).waitFor();
    expect(new URL(opened.page.url()).pathname).toBe("/tools/rollcall/");
    await opened.close();
    await proxy.close();
  });

  it("keeps the answer where the next is cut off half way, or is another's page", async () => {
    let harm: "none" | "cut" | "page" = "none";
    const proxy = await startProxy((answer, response) => {
      if (harm === "none") return false;
      if (harm === "page") {
        answer.resume();
        response.writeHead(200, { "content-type": "text/html" }).end("<h1>Sign in</h1>");
        return true;
      }
      const { etag: _etag, "content-length": _length, ...headers } = answer.headers;
      response.writeHead(200, headers);
      response.write('[{"field":"app_version","val');
      answer.resume();
      setTimeout(() => response.destroy(), 50);
      return true;
    });
    const { page, close } = await openPage(
      browser,
      { url: proxy.url, key: server.key },
      { expected: /ERR_/ },
    );
    await table(page).waitFor();
    harm = "cut";
    await page.getByText("the answer was cut off").waitFor();
    expect(await table(page).isVisible()).toBe(true);
    harm = "page";
    await page.getByText("something between this page and Rollcall").waitFor();
    expect(await table(page).isVisible()).toBe(true);
    harm = "none";
    await page.getByRole("alert").waitFor({ state: "detached" });
    await close();
    await proxy.close();
  });
});

describe("what hosts may write", () => {
  const HOSTILE = [
    `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>_1.0`,
    `"><svg onload=window.pwned=1>_1.1`,
    `${"long".repeat(2500)}_2.0`,
    "\u202e\u05e9\u05dc\u05d5\u05dd_3.0",
    "\u{1f469}\u200d\u{1f680}\u{1f600}_4.0",
    "javascript:alert(1)_5.0",
    "A_*_6.0",
  ];

  it("stays text, and keeps to its place", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 3000 }, (_, index) => [`field_${index}`, "some text"]),
    );
    server = await startWithReports([
      ...HOSTILE.map((module) => ({ instance_name: "prod_web_1", module, "__proto__ x": module })),
      { ...many, instance_name: "<b>prod</b>_<i>web</i>_1", module: "A_1.0", "<u>&amp;\"'": "B_1.0" },
      { instance_name: "prod_web_2", module: { a: 1 } },
      { instance_name: "prod_web_3", module: 7 },
    ]);
    const { page, close } = await openPage(browser, server);
    await table(page).waitFor();
    expect(await page.evaluate("window.pwned")).toBeUndefined();
    const inner = "#answer table :is(img, script, svg, b, i:not(.bar i), u)";
    expect(await page.locator(inner).count()).toBe(0);
    const titles = await page
      .locator("tbody tr:not(.field) > th")
      .evaluateAll((cells) => cells.map((cell) => (cell as HTMLElement).title));
    for (const value of HOSTILE)
      expect(titles.some((title) => value.startsWith(title.slice(0, 299)))).toBe(true);
    const heights = await page
      .locator("tbody tr:not(.field)")
      .evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
    expect(Math.max(...heights)).toBeLessThan(40);
    expect(await page.evaluate("document.documentElement.scrollWidth > window.innerWidth")).toBe(false);
    // A click asks for that very value, star and all.
    await page.locator('tr:has(th[title="A_*_6.0"]) td a').first().click();
    expect(new URL(page.url()).searchParams.get("q")).toContain("module=A_\\*_6.0");
    await page.goto(server.url);
    await page.locator("summary", { hasText: "Fields" }).click();
    await page.getByText("There are more names than Rollcall lists").waitFor();
    expect(await page.locator(".panel ul li").count()).toBe(100);
    await page.getByLabel("Find a field").fill("field_1");
    await page
      .locator(".panel ul button", { hasText: /^field_1\d*1$/ })
      .first()
      .click();
    await expect.poll(() => page.locator("tr.field .field-name").last().innerText()).toMatch(/^field_1/);
    await close();
    await server.close();
  });

  it("has 200 columns of 500, and says so", async () => {
    server = await startWithReports(
      Array.from({ length: 500 }, (_, index) => ({
        instance_name: `env${index}_web_1`,
        module: `A_1.${index % 40}`,
        app_version: `2.${index % 3}`,
      })),
    );
    const { page, close } = await openPage(browser, server, { path: "?by=env" });
    await table(page).waitFor();
    expect(await page.locator("thead .column").count()).toBe(201);
    expect(await page.locator(".notices").innerText()).toContain("300 columns of the fewest hosts");
    expect(await page.locator("thead .column").last().innerText()).toBe("… (others)");
    expect(await page.evaluate("document.documentElement.scrollWidth > window.innerWidth")).toBe(false);
    expect(await findBarriers(page)).toEqual([]);
    await close();
    await server.close();
  });

  it("says what to do where no host has answered yet", async () => {
    server = await startWithReports([]);
    const { page, close } = await openPage(browser, server);
    await page.getByText("No host has answered yet.").waitFor();
    await close();
    await server.close();
  });
});
