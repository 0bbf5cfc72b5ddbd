// Tests of selections and of the answer's bytes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Given, makeSources, makeView, NOW } from "../testing/view-double.ts";
import { measureReports, writeReports } from "./array.ts";
import { parseQuery } from "./query.ts";
import { digestStored } from "./report-digest.ts";
import { selectReports } from "./selection.ts";

const HOUR = 3_600_000;

const makeReport = (id: string, ageMs: number, body: string): Given => ({ id, ageMs, body });

const BODIES = {
  plain: '{"instance_id":"plain","2":"two","1":"one","update_date":"2024-03-01T09:00:30+0900","n":1.0}',
  pretty:
    '{\r\n  "update_date": "2024-03-01T09:10:30+09:00",\n  "instance_id": "pretty",\n  "rollcall": {}\n}',
  own: '{"update_date":"2024-02-29T23:59:30Z","instance_id":"own","rollcall":{"schema":1},"env":"prod"}',
};
const REPORTS = [
  makeReport("own", 3 * HOUR, BODIES.own),
  makeReport("plain", 10_000, BODIES.plain),
  makeReport("pretty", 2 * HOUR, BODIES.pretty),
];

async function answer(question: string, format: "json" | "ndjson" = "json"): Promise<string> {
  const query = parseQuery(new URLSearchParams(question));
  const selection = await selectReports(makeView(REPORTS), query, makeSources());
  const bytes = Buffer.concat([...writeReports(selection, query, format, NOW)]);
  // It may not know, but it is never wrong.
  expect(measureReports(selection, query, format) ?? bytes.length).toBe(bytes.length);
  return bytes.toString();
}

describe("an answer", () => {
  it("is the stored bytes, spliced", async () => {
    expect(await answer("")).toBe(`[${BODIES.plain},\n${BODIES.pretty}]\n`);
  });

  it("has a line a report as NDJSON, also where the host sent several", async () => {
    const lines = (await answer("state=all", "ndjson")).split("\n");
    expect(lines).toHaveLength(4);
    expect(lines.slice(0, 3).map((line) => JSON.parse(line).instance_id)).toEqual(["own", "plain", "pretty"]);
  });

  it("with no report is an empty array, or nothing", async () => {
    expect(await answer("env=none")).toBe("[]\n");
    expect(await answer("env=none", "ndjson")).toBe("");
  });

  it.each([
    ["state=silent", ["own"]],
    ["state=all", ["own", "plain", "pretty"]],
    ["within=4h", ["own", "plain", "pretty"]],
    ["within=1h", ["plain"]],
    ["within=10s", ["plain"]],
    ["within=9s", []],
    ["instance_id=pl*&n=1.0", ["plain"]],
    ["instance_id=pl*&n=2", []],
    ["instance_id=plain&instance_id=pretty", ["plain", "pretty"]],
  ])("to %s holds %j", async (question, ids) => {
    expect(
      JSON.parse(await answer(question)).map((report: { instance_id: string }) => report.instance_id),
    ).toEqual(ids);
  });

  it("adds the reader's facts on request, in each shape of report", async () => {
    const [own, plain, pretty] = JSON.parse(await answer("state=all&meta=true"));
    expect(own.rollcall).toEqual({
      schema: 1,
      reader: {
        received_at: "2024-02-29T21:00:30.000Z",
        state: "silent",
        clock_skew_seconds: 3 * 3600 - 60,
        account: "local",
        key: "reports/v1/local/own.json",
      },
    });
    expect(plain.rollcall.reader).toMatchObject({ state: "fresh", clock_skew_seconds: 10 });
    expect(pretty.rollcall.reader.clock_skew_seconds).toBe(2 * 3600 + 10 * 60);
    expect(JSON.parse(await answer("instance_id=plain&fields=n&meta=true"))).toEqual([
      { n: 1, rollcall: { reader: plain.rollcall.reader } },
    ]);
  });
});

describe("selectReports", () => {
  it("stands until a report changes state by age alone", async () => {
    const query = parseQuery([]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 30 * HOUR }), { maxLength: 8 }),
        fc.nat({ max: 30 * HOUR }),
        async (ages, wait) => {
          const view = makeView(ages.map((age) => makeReport("plain", age, BODIES.plain)));
          const before = await selectReports(view, query, makeSources());
          const after = await selectReports({ ...view, asOf: NOW + wait }, query, makeSources());
          if (NOW + wait <= before.validUntil)
            expect(digestStored(after) + after.silent).toBe(digestStored(before) + before.silent);
        },
      ),
    );
  });

  it("has a digest that tells other reports, and other bodies of the same reports", async () => {
    const query = parseQuery([]);
    const [own, plain] = [makeReport("own", 0, BODIES.own), makeReport("plain", 0, BODIES.plain)];
    const digests = await Promise.all(
      [[own], [plain], [own, plain], [{ ...own, etag: "2" }]].map(async (reports) =>
        digestStored(await selectReports(makeView(reports), query, makeSources())),
      ),
    );
    expect(new Set(digests).size).toBe(4);
  });
});
