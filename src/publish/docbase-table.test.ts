// Tests of the table as a file beside DocBase's pages, and of pages whose time alone changes.
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { MINUTE, STATE_KEY, startWiki, type Wiki } from "../testing/docbase-double.ts";
import { makeHosts, makeOverview } from "../testing/overview-double.ts";
import { writeTable } from "./docbase-table.ts";

let wiki: Wiki;
beforeAll(async () => {
  wiki = await startWiki();
});
afterAll(() => wiki.stop());
beforeEach(() => wiki.control({ reset: true }));

const DAY = 24 * 60 * MINUTE;
const place = () => ({ baseUrl: wiki.url, team: "acme", token: "docbase-test-token-3" });
/** Rows whose cells hold no comma, quote or line's end. */
const readRows = (csv: string) => {
  expect(csv.startsWith("\ufeffhost,field,value,newest\r\n")).toBe(true);
  return csv
    .trimEnd()
    .split("\r\n")
    .map((line) => line.split(","));
};
const findSummary = async () => (await wiki.look()).open.find(({ title }) => title === "What runs where");

it("writes the time alone as one line, and tells nobody, with a token of version 3", async () => {
  const { run, time } = wiki.setUp({ place: place() });
  const overview = await makeOverview(makeHosts(30, 4));
  await run(overview);
  const before = await findSummary();
  await wiki.control({});
  time.now += DAY;
  const later = { ...overview, asOf: overview.asOf + DAY };
  expect(await run(later)).toMatchObject({ updated: 1, unchanged: 30 });
  const { counts, bytes } = await wiki.traffic();
  expect(counts).toEqual({ GET: 1, PATCH: 1 });
  expect(bytes).toBeLessThan(500);
  const after = await findSummary();
  expect(after).toMatchObject({ notice: false });
  expect(after?.body).toBe(before?.body.replace("As of 2024-03-01 00:00", "As of 2024-03-02 00:00"));
  // The next one knows what stands there.
  await wiki.control({});
  time.now += DAY;
  await run({ ...overview, asOf: overview.asOf + 2 * DAY });
  expect((await wiki.traffic()).bytes).toBeLessThan(500);
});

it("writes the page anew where DocBase changes no lines, or somebody has changed that one", async () => {
  const { run, time } = wiki.setUp();
  const overview = await makeOverview(makeHosts(3, 4));
  await run(overview);
  time.now += DAY;
  expect(await run({ ...overview, asOf: overview.asOf + DAY })).toMatchObject({ updated: 1 });
  expect((await findSummary())?.body).toContain("As of 2024-03-02 00:00 UTC.");

  await wiki.control({ reset: true });
  const other = wiki.setUp({ place: place() });
  await other.run(overview);
  const summary = await findSummary();
  await fetch(`${wiki.url}/teams/acme/posts/${summary?.id}`, {
    method: "PATCH",
    headers: { "x-docbasetoken": "docbase-test-token" },
    body: JSON.stringify({ body: "mine" }),
  });
  other.time.now += DAY;
  expect(await other.run({ ...overview, asOf: overview.asOf + DAY })).toMatchObject({ updated: 1 });
  expect((await findSummary())?.body).toContain("As of 2024-03-02 00:00 UTC.");
});

/** More hosts that are behind than a page has rows. */
const makeLongFleet = (more: number) =>
  makeOverview(
    Array.from({ length: 1200 + more }, (_, at) => ({
      id: `i-${String(at).padStart(4, "0")}`,
      service: "web",
      module: at === 0 ? "A_red_1.10" : "A_red_1.9",
    })),
  );

it("attaches the whole table where pages leave rows out: once, and another after a day", async () => {
  const { run, time } = wiki.setUp();
  const overview = await makeLongFleet(0);
  await run(overview);
  const { attachments } = await wiki.traffic();
  expect(attachments.map(({ name }) => name)).toEqual(["rollcall-wiki.csv"]);
  const rows = readRows(attachments[0]?.text ?? "");
  expect(rows).toHaveLength(1201);
  expect(rows.at(-1)).toEqual(["i-1199", "processes.module_A_filename", "A_red_1.9", "1.10"]);
  const link = /\[The whole table\]\((\S+)\) \(CSV\), of every host, as of 2024-03-01 00:00 UTC\./;
  expect(link.exec((await findSummary())?.body ?? "")?.[1]).toBe(
    "https://acme.docbase.io/file_attachments/1.csv",
  );

  expect(await run(overview)).toMatchObject({ updated: 0, unchanged: 2 });
  time.now += 60 * MINUTE;
  const grown = await makeLongFleet(7);
  await run(grown);
  expect((await wiki.traffic()).attachments).toHaveLength(1);
  // It says of which time it is.
  expect((await findSummary())?.body).toMatch(link);
  time.now += DAY;
  await run({ ...grown, asOf: grown.asOf + DAY });
  expect((await wiki.traffic()).attachments).toHaveLength(2);
  const body = (await findSummary())?.body ?? "";
  expect(body).toContain("file_attachments/2.csv) (CSV), of every host, as of 2024-03-02 00:00 UTC.");
  expect(body).not.toContain("/1.csv");
  // What fits on the pages needs no file.
  await run(await makeOverview(makeHosts(2, 3)));
  expect((await findSummary())?.body).not.toContain("whole table");
});

it("writes the pages where the file is refused, says so, and does not try again at each run", async () => {
  await wiki.control({ maxAttachment: 1000 });
  const { run, time, store } = wiki.setUp();
  const overview = await makeLongFleet(0);
  await expect(run(overview)).rejects.toThrow(
    /DocBase answered 413 to the file rollcall-wiki.csv of \d+ bytes: ファイル/,
  );
  expect((await findSummary())?.body).toContain("The whole table is not attached yet.");
  await wiki.control({ maxAttachment: 1000 });
  expect(await run(overview)).toMatchObject({ updated: 0 });
  expect((await wiki.traffic()).counts).toEqual({ GET: 1 });
  await wiki.control({ maxAttachment: 1_000_000 });
  time.now += DAY;
  await run(overview);
  expect((await wiki.traffic()).attachments).toHaveLength(1);
  expect(String((await store.get(STATE_KEY, { maxBytes: 100_000 }))?.body)).toContain("/1.csv");
});

it("sends no file twice where nobody hears whether it came", async () => {
  const { run } = wiki.setUp();
  const overview = await makeLongFleet(0);
  await run(await makeOverview([{ id: "i-0", service: "web", module: "A_1" }]));
  await wiki.control({ plan: ["ok", "reset-after"] });
  await expect(run(overview)).rejects.toThrow(/does not answer/);
  await run(overview);
  expect((await wiki.traffic()).attachments).toHaveLength(1);
});

it("attaches nothing in a dry run, nor what is too large", async () => {
  const { run } = wiki.setUp();
  const overview = await makeLongFleet(0);
  await run(overview, { isDryRun: true });
  expect((await wiki.traffic()).attachments).toEqual([]);
  expect(writeTable(overview, 10_000)).toBeUndefined();
  expect(writeTable({ ...overview, inventory: { ...overview.inventory, omitted: 1 } })).toBeUndefined();
});

it("makes a table that a spreadsheet takes for text", async () => {
  const table = writeTable(await makeOverview([{ id: "i-1", service: "web", module: "=HYPERLINK(A1)" }]));
  const rows = readRows(String(table));
  expect(rows[1]?.[2]).toBe("'=HYPERLINK(A1)");
});
