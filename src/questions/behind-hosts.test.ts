// Tests of how many hosts are behind.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import { makeSources, makeView } from "../testing/view-double.ts";
import { answerVersions } from "./version-answer.ts";
import { parseVersionQuery } from "./version-query.ts";

const sources = makeSources();

async function ask(hosts: readonly object[], question: string) {
  const reports = hosts.map((fields, index) => ({
    id: `i-${index}`,
    ageMs: 1000,
    body: JSON.stringify({ instance_id: `i-${index}`, update_date: "2024-03-01T00:00:00Z", ...fields }),
  }));
  return await answerVersions(makeView(reports), parseVersionQuery(new URLSearchParams(question)), sources);
}

describe("how many hosts are behind", () => {
  it("counts a host once that is behind in two fields, and with one of several values", async () => {
    const hosts = [
      { app_version: "1.1", modules: ["A_2", "A_1"] },
      { app_version: "1.2", modules: ["A_2"] },
      { app_version: "1.2", modules: ["A_1"] },
    ];
    expect((await ask(hosts, "field=app_version,modules")).behind).toBe(2);
    expect((await ask(hosts, "field=app_version")).behind).toBe(1);
    expect((await ask(hosts.slice(1, 2), "field=app_version,modules")).behind).toBe(0);
  });

  it("is not told where not all values of a host were looked at", async () => {
    const modules = Array.from({ length: 1001 }, (_, index) => `m${index}`);
    expect((await ask([{ modules }, { modules: ["A_1"] }], "field=modules")).behind).toBeUndefined();
  });

  it("is the hosts of all rows that are behind, whatever the fleet", async () => {
    const version = fc.constantFrom("A_1", "A_2", "B_1.9", "B_1.10", "1.0", "1.1", "text");
    const host = fc.record(
      {
        instance_name: fc.constantFrom("prod_x_1", "prod_y_1"),
        a: fc.array(version, { maxLength: 3 }),
        b: version,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(host, { maxLength: 8 }), async (hosts) => {
        const { values, behind } = await ask(hosts, "field=a,b&hosts=true&lenient=true");
        const old = values.filter((value) => value.behind).flatMap((value) => value.hosts ?? []);
        expect(behind).toBe(new Set(old).size);
      }),
      { numRuns: runs(100) },
    );
  });
});
