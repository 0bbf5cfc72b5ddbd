// Tests of listings by ranges: complete and without doubles whatever the keys are, and worth their
// requests.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeStoreDouble } from "../testing/store-double.ts";
import { guessBounds, listCandidates } from "./listing.ts";
import { createRoll } from "./roll.ts";
import { EMPTY_TABLE } from "./table.ts";
import { readReports } from "./view.ts";

const hex = (index: number, count: number) =>
  Math.floor((index * 2 ** 48) / count)
    .toString(16)
    .padStart(12, "0");

/** How a fleet may name its reports. */
const FLEETS: Readonly<Record<string, (index: number, count: number) => string>> = {
  "EC2 instances of one account": (index, count) => `123456789012/AROAEXAMPLE:i-0${hex(index, count)}0000`,
  "EC2 instances of many accounts": (index, count) =>
    `${String(100000000000 + (index % 90) * 9999999999).padStart(12, "0")}/AROAX:i-0${hex(index, count)}0000`,
  "machine ids": (index, count) => `local/${hex(index, count)}00000000000000000000`,
  "numbered hosts": (index) => `local/host-${String(index).padStart(5, "0")}`,
  "names of all kinds": (index) => `local/${["web", "db", "gpu-a", "Z", "0x"][index % 5]}-${index * 7919}`,
};

async function listAll(double: ReturnType<typeof makeStoreDouble>, table = EMPTY_TABLE) {
  const pages: string[][] = [];
  const onPage = async (page: readonly { key: string }[]) => {
    pages.push(page.map(({ key }) => key));
  };
  await listCandidates({ store: double.store, table, signal: new AbortController().signal, onPage });
  return pages;
}

describe("a listing by ranges", () => {
  it.each(Object.entries(FLEETS))("has every key once: %s", async (_name, nameOf) => {
    const double = makeStoreDouble({ splitsListings: true });
    const count = 7300;
    const keys = Array.from({ length: count }, (_, index) => `reports/v1/${nameOf(index, count)}.json`);
    for (const key of [...keys, "top.json", "zebra.json", "reports/v10.json"]) await double.put(key, "{}");
    const pages = await listAll(double);
    expect(pages.flat().sort()).toEqual([...keys, "top.json", "zebra.json"].sort());
    // Pages do not overlap, so that sorting them by their first keys sorts all keys.
    const sorted = pages.toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1)).flat();
    expect(sorted).toEqual([...sorted].sort());
  });

  it("asks for few pages more than there are, and most of them side by side", async () => {
    const double = makeStoreDouble({ splitsListings: true });
    const count = 20_000;
    for (let index = 0; index < count; index++)
      await double.put(`reports/v1/1/R:i-0${hex(index, count)}0000.json`, "{}");
    await listAll(double);
    const pages = double.lists.reduce((sum, { pages: some }) => sum + Math.max(1, some), 0);
    expect(pages).toBeLessThanOrEqual(20 * 1.75 + 2);
    expect(Math.max(...double.lists.map(({ pages: some }) => some))).toBeLessThanOrEqual(5);
  });

  it("is split where the reports known before lie, at no more requests than pages", async () => {
    const double = makeStoreDouble({ splitsListings: true });
    const { put, report, store, clock, advance } = double;
    const count = 9000;
    for (let index = 0; index < count; index++) {
      const id = `odd-${index * index}`;
      await put(`reports/v1/local/${id}.json`, report(id));
    }
    const roll = createRoll({ store, clock });
    const first = await roll.view();
    double.lists.length = 0;
    advance(5000);
    const second = await roll.view();
    expect(second.version).toBe(first.version);
    const ranges = double.lists.filter(({ prefix }) => prefix === "reports/v1/");
    expect(ranges.length).toBe(4);
    expect(ranges.reduce((sum, { pages }) => sum + pages, 0)).toBeLessThanOrEqual(4 * 3);
    await put("reports/v1/local/aaa.json", report("aaa"));
    await put("reports/v1/local/zzz.json", report("zzz"));
    advance(5000);
    expect(readReports((await roll.view()).reports).map(({ id }) => id)).toEqual(
      expect.arrayContaining(["aaa", "zzz"]),
    );
  });

  it("is one listing where the store gains nothing by more", async () => {
    const double = makeStoreDouble();
    for (let index = 0; index < 3000; index++)
      await double.put(`reports/v1/local/i-0${hex(index, 3000)}.json`, "{}");
    await listAll(double);
    expect(double.lists.map(({ prefix }) => prefix)).toEqual(["", "reports/v1/"]);
  });
});

describe("guessBounds", () => {
  it("gives keys after the page and before the end, ascending, fewer than the ranges", () => {
    const key = fc.stringMatching(/^[a-z0-9/:-]{1,12}$/);
    fc.assert(
      fc.property(
        key,
        key,
        fc.option(key, { nil: undefined }),
        fc.integer({ min: 1, max: 16 }),
        (a, b, upTo, ranges) => {
          const [first, last] = a < b ? [a, b] : [b, a];
          const bounds = guessBounds({ first, last, upTo, ranges });
          expect(bounds.length).toBeLessThan(ranges + 1);
          expect(bounds).toEqual([...new Set(bounds)].sort());
          for (const bound of bounds) {
            expect(bound > last).toBe(true);
            if (upTo !== undefined) expect(bound < upTo).toBe(true);
          }
        },
      ),
    );
  });
});
