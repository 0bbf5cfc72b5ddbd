// End to end: a walk through every view in a real Chromium, over a folder and over a bucket of the
// real S3 server; and ten tabs at once.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { makeBucket, putRaw } from "../s3/bucket.ts";
import type {} from "../s3/global-setup.ts";
import { openPage, startBrowser } from "./browser.ts";
import { type GivenReport, type PageServer, startOver, startWithReports, toObjects } from "./server.ts";

const HOSTS: readonly GivenReport[] = [
  ...Array.from({ length: 40 }, (_, at) => ({
    instance_name: `${at % 4 === 0 ? "stg" : "prod"}_web_${at}`,
    processes: [{ pid: 100 + at, module_A_filename: at % 10 === 0 ? "A_red_1.9" : "A_red_1.10" }],
  })),
  { instance_id: "i-broken", update_date: "yesterday" },
];

const server = inject("s3");
let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

interface Place {
  readonly served: PageServer;
  /** Reports once more, as a host does. */
  report(report: GivenReport): Promise<void>;
}

async function startFolder(): Promise<Place> {
  const served = await startWithReports(HOSTS);
  return { served, report: (report) => served.report(report) };
}

async function startBucket(): Promise<Place> {
  await makeBucket(server, "page-stores");
  const put = async (reports: readonly GivenReport[]) => {
    for (const [key, body] of toObjects(reports)) await putRaw(server, "page-stores", `fleet/${key}`, body);
  };
  await put(HOSTS);
  const { accessKeyId, secretAccessKey } = server.user;
  const served = await startOver(`s3://page-stores/fleet?endpoint=${server.endpoint}`, {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: "us-east-1",
  });
  return { served, report: (report) => put([report]) };
}

describe.each([
  ["a folder", startFolder],
  ["a bucket", startBucket],
] as const)("over %s", (_name, start) => {
  let place: Place;
  beforeAll(async () => {
    place = await start();
  });
  afterAll(() => place.served.close());

  it("leads from the versions to the hosts, to one of them, and to what was set aside", async () => {
    const { page, close } = await openPage(browser, place.served, { path: "?by=env" });
    const row = page.locator('tr:has(th[title="A_red_1.9"])');
    await row.waitFor();
    expect(await row.locator("td:not(.share)").allInnerTexts()).toEqual(["2", "2", "4"]);
    expect(await row.locator(".tag").innerText()).toBe("behind 1.10");
    expect((await page.locator(".strip dd").first().innerText()).replaceAll(/\s+/g, " ")).toBe("40 of 40");
    await row.locator("td a").first().click();
    await page.locator(".toolbar strong", { hasText: "2 hosts of 40" }).waitFor();
    await page.getByRole("link", { name: "prod_web_10", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "prod_web_10" }).waitFor();
    await page.locator(".facts").getByText("reports/v1/local/i-00010.json").waitFor();
    await page.locator("nav a", { hasText: "Coverage" }).click();
    await page.getByRole("link", { name: "bad_update_date" }).waitFor();
    await page.goBack();
    await page.goBack();
    await page.locator(".toolbar strong", { hasText: "2 hosts of 40" }).waitFor();
    await close();
  });

  it("shows what a host reports while it is open, and asks for nothing that has not changed", async () => {
    const { page, close } = await openPage(browser, place.served, { path: "hosts" });
    await page.locator(".toolbar strong", { hasText: "40 hosts of 40" }).waitFor();
    const statuses: number[] = [];
    page.on("response", (response) => {
      if (response.url().includes("/v1/reports?")) statuses.push(response.status());
    });
    await expect.poll(() => statuses.filter((status) => status === 304).length).toBeGreaterThan(0);
    expect(statuses).not.toContain(200);
    await place.report({ instance_id: "i-late", instance_name: "prod_late_1" });
    await page.locator(".toolbar strong", { hasText: "41 hosts of 41" }).waitFor();
    await page.getByRole("link", { name: "prod_late_1" }).waitFor();
    await close();
  });

  it("is the same in ten tabs", async () => {
    const tabs = await Promise.all(
      Array.from({ length: 10 }, () => openPage(browser, place.served, { path: "?by=env" })),
    );
    const cells = await Promise.all(
      tabs.map(async ({ page }) => {
        const row = page.locator('tr:has(th[title="A_red_1.9"])');
        await row.waitFor();
        return await row.locator("td:not(.share)").allInnerTexts();
      }),
    );
    expect(cells).toEqual(Array.from({ length: 10 }, () => ["2", "2", "4"]));
    for (const { close } of tabs) await close();
  });
});
