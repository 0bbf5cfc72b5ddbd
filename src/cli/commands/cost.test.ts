// Tests of `rollcall cost`: counts against arithmetic by hand, and what is printed for 1,000 hosts.
import { describe, expect, it } from "vitest";
import { parseReportKey } from "../../report/key.ts";
import { isRejected, parseReport } from "../../report/report.ts";
import type { Store } from "../../store/store.ts";
import { makeIo, NOW } from "../../testing/io-double.ts";
import { runCost } from "./cost.ts";
import { createFleet } from "./cost-fleet.ts";
import { type CostOptions, computeCost } from "./cost-model.ts";

const ASKED: CostOptions = {
  hosts: 240,
  questions: 6,
  changes: 4,
  region: "us-east-1",
  signal: new AbortController().signal,
  onProgress: async () => undefined,
};

describe("the count", () => {
  it("is what arithmetic says for a small fleet", async () => {
    const { counted, month, usd, largest } = await computeCost(ASKED);
    // The keys, the top of the store, the reports and the departures are a listing each; the API
    // key and every report are read once. Then the snapshot, which was looked for: looked for
    // again, its folder listed, its two pieces and its manifest put.
    expect(counted.start).toEqual({ put: 3, list: 4 + 1, get: 1 + 240 + 2 });
    // An hour: 240 reports and 240 * 4 / 24 changes, all read; six times four listings; the API key
    // has not changed. Questions are ten minutes apart, and a third of them finds the hundred
    // changes that make another snapshot worth while: four segments with what changed, the index
    // and the manifest. Once an hour what is left of old snapshots is looked for.
    expect(counted.hour).toEqual({ put: 240 + 40 + 2 * 6, list: 24 + 1, get: 280 + 2 });
    expect(month.put.requests).toBe(3 + 730 * 292);
    expect(month.list.requests).toBe(5 + 730 * 25);
    expect(month.get.requests).toBe(243 + 730 * 282);
    expect(month.put.usd).toBeCloseTo(213.163 * 0.005);
    expect(month.get.usd).toBeCloseTo(206.103 * 0.0004);
    expect(month.storage.bytes).toBe(240 * 650);
    expect(usd).toBeCloseTo(month.put.usd + month.list.usd + month.get.usd + month.storage.usd);
    expect(largest).toBe("put");
  });

  it("lists a page for each 1,000 hosts", async () => {
    for (const [hosts, pages] of [
      [999, 1],
      [1000, 1],
      [1001, 2],
      [2500, 3],
    ] as const) {
      const { counted } = await computeCost({ ...ASKED, hosts, questions: 1, changes: 0 });
      expect(counted.hour).toEqual({ put: hosts + 3, list: 3 + pages + 1, get: hosts + 1 });
    }
  });

  it("has nothing but puts where nobody asks", async () => {
    const { counted, month, largest } = await computeCost({ ...ASKED, questions: 0 });
    expect(counted.start).toEqual({ put: 0, list: 0, get: 0 });
    expect(counted.hour).toEqual({ put: 280, list: 0, get: 0 });
    expect([month.list.requests, month.get.requests, largest]).toEqual([0, 0, "put"]);
  });

  it("comes to much the same month from fewer questions", async () => {
    const whole = await computeCost(ASKED);
    const part = await computeCost({ ...ASKED, maxEntries: 2 * 240 });
    expect(part.counted.questions).toBe(2);
    expect(part.counted.hour.list).toBe(8 + 1);
    for (const name of ["put", "list", "get"] as const) {
      expect(part.month[name].requests / whole.month[name].requests, name).toBeCloseTo(1, 1);
    }
  });

  it("adds the listings and the reads of a bucket that is read beside, and none of its puts", async () => {
    const { counted } = await computeCost({ ...ASKED, alsoRead: true });
    // Its top, its reports and its departures are a listing each; its snapshot was looked for.
    expect(counted.start.list).toBe(4 + 1 + 3 + 1);
    expect(counted.start.get).toBe(243 + 240 + 2);
    expect(counted.hour.list).toBe(24 + 1 + 6 * 3 + 1);
    expect(counted.hour.put).toBeLessThan(2 * (280 + 12));
  });

  it("ends when it is interrupted", async () => {
    await expect(
      computeCost({ ...ASKED, signal: AbortSignal.abort(new Error("told to stop")) }),
    ).rejects.toThrow("told to stop");
  });
});

describe("the simulated fleet", () => {
  const setUp = () => createFleet({ hosts: 2600, clock: () => NOW, reportedAt: () => NOW - 1000 });
  const listKeys = async (store: Store, prefix: string, options = {}) => {
    const keys: string[] = [];
    for await (const page of store.list(prefix, options)) {
      expect(page.length).toBeLessThanOrEqual(1000);
      keys.push(...page.map(({ key }) => key));
    }
    return keys;
  };

  it("lists, as a bucket does, what ranges and prefixes ask for", async () => {
    const { store, keyOf } = setUp();
    const all = Array.from({ length: 2600 }, (_, host) => keyOf(host));
    expect(await listKeys(store, "reports/v1/")).toEqual(all);
    expect(all).toEqual([...all].sort());
    const [after, upTo] = [keyOf(41), keyOf(2041)];
    expect(await listKeys(store, "reports/v1/", { after, upTo })).toEqual(all.slice(42, 2042));
    expect(await listKeys(store, "reports/v1/", { after: "reports/v1/1", upTo: "reports/v1/2" })).toEqual(
      all,
    );
    expect(await listKeys(store, "reports/v1/", { after: "reports/v1/2" })).toEqual([]);
    expect(await listKeys(store, "reports/v1/local/")).toEqual([]);
    expect(await listKeys(store, "reports/v1/999999999999/")).toEqual([]);
    expect(await listKeys(store, keyOf(7).slice(0, -6))).toEqual(all.slice(0, 16));
    expect(await listKeys(store, "reports/v1/", { shallow: true })).toEqual([]);
    await store.put("snapshots/one", Buffer.from("x"));
    expect(await listKeys(store, "snapshots/")).toEqual(["snapshots/one"]);
    expect(await listKeys(store, "", { shallow: true })).toEqual([]);
    expect(store.expire).toBeUndefined();
  });

  it("has reports that the reader takes, and a new etag after each put", async () => {
    const { store, keyOf } = setUp();
    const key = keyOf(2599);
    const before = await store.get(key, { maxBytes: 1000 });
    const id = parseReportKey(key)?.id ?? "";
    expect(isRejected(parseReport(before?.body ?? Buffer.alloc(0), id))).toBe(false);
    expect(before?.size).toBe(before?.body.length);
    const put = await store.put(key, Buffer.alloc(0));
    const after = await store.get(key, { maxBytes: 1000 });
    expect(after).toMatchObject(put);
    expect(after?.etag).not.toBe(before?.etag);
    expect(after?.lastModified).toBe(NOW);
    expect(await store.get(keyOf(2600), { maxBytes: 1000 })).toBeUndefined();
  });
});

describe("rollcall cost", () => {
  it("prints a table with what was counted below it", async () => {
    const io = await makeIo({ isTerminal: true, columns: 120, env: { NO_COLOR: "1" } });
    await runCost({ hosts: [1000], questions: 60, changes: 4, region: "ap-northeast-1" }, io);
    expect(io.out()).toBe(
      [
        "HOSTS  A MONTH  PUT    LIST   GET    STORAGE  LARGEST",
        "1,000  $5.36    $4.21  $0.83  $0.32  $0.00    PUT 79%",
        "",
        "US dollars at AWS's list prices for ap-northeast-1: 60 questions an hour, " +
          "each host one report an hour and 4 changes a day.",
        "Counted, with one server that runs the program's own code over a simulated fleet for an hour:",
        "  1,000 hosts: at a server's start 3 PUT, 5 LIST, 1,003 GET; in the hour " +
          "1,228 PUT, 241 LIST, 1,177 GET",
        "Multiplied: the start once, the hour 730 times; storage is 650 bytes a host.",
        "Not in the table: the alarms of rollcall-reader on AWS, $2.70 a month for 9 metrics with an " +
          "alarm and 6 of its own, where the account's ten free ones of each are used up. More: " +
          "docs/cost.md",
        "",
      ].join("\n"),
    );
  });

  it("counts what hosts ask of published specs, by the agent's own loop", async () => {
    const asked = { ...ASKED, questions: 0 };
    const [plain, following] = [
      await computeCost(asked),
      await computeCost({ ...asked, publishedSpecs: true }),
    ];
    // Three an hour, a month of 730 hours.
    expect(following.counted.specLooks).toEqual({ put: 0, list: 0, get: 2190 });
    expect(following.month.get.requests - plain.month.get.requests).toBe(240 * 2190);
    expect(plain.counted).not.toHaveProperty("specLooks");
  });

  it("prints JSON in a pipe", async () => {
    const io = await makeIo();
    await runCost({ hosts: [24, 48], questions: 0, changes: 0, region: "us-east-1" }, io);
    const { region, fleets } = JSON.parse(io.out()) as {
      region: string;
      fleets: { hosts: number; usd: number }[];
    };
    expect(region).toBe("us-east-1");
    expect(fleets.map(({ hosts }) => hosts)).toEqual([24, 48]);
    expect(fleets[0]?.usd).toBeCloseTo((24 * 730 * 0.005) / 1000);
    expect(io.err()).toBe("");
  });
});
