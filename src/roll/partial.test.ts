// Tests of a store that fails half way: what is kept, what is told, and what a partial view shows.
import { describe, expect, it } from "vitest";
import { Unavailable } from "../store/store.ts";
import { makeStoreDouble, START } from "../testing/store-double.ts";
import { createRoll } from "./roll.ts";
import { readReports } from "./view.ts";

const ids = (count: number) =>
  Array.from({ length: count }, (_, index) => `host-${String(index).padStart(4, "0")}`);
const fail = () => {
  throw new Unavailable("503 SlowDown");
};

describe("a refresh that fails", () => {
  it("keeps what it has read, so that the next one has less to do", async () => {
    const double = makeStoreDouble();
    const { store, clock, put, report, gets } = double;
    for (const id of ids(300)) await put(`reports/v1/local/${id}.json`, report(id));
    const roll = createRoll({ store, clock });
    double.fail = (key) => (key.includes("host-0250") ? fail() : undefined);
    await expect(roll.view()).rejects.toThrow("SlowDown");
    expect(roll.progress()).toMatchObject({ listed: 300, changed: 300 });
    const done = roll.progress()?.read ?? 0;
    expect(done).toBeGreaterThan(100);
    double.fail = undefined;
    gets.length = 0;
    expect(readReports((await roll.view()).reports)).toHaveLength(300);
    expect(gets.length).toBe(300 - done);
  });

  it("shows on request what there is, over the last complete view, and says what is missing", async () => {
    const double = makeStoreDouble();
    const { store, clock, put, report, advance } = double;
    for (const id of ids(300)) await put(`reports/v1/local/${id}.json`, report(id, { turn: 1 }));
    const roll = createRoll({ store, clock });
    await roll.view();
    advance(60_000);
    for (const id of ids(300)) await put(`reports/v1/local/${id}.json`, report(id, { turn: 2 }));
    await put("reports/v1/local/new.json", report("new"));
    double.fail = (key) => (key.includes("host-0250") ? fail() : undefined);
    await expect(roll.view()).rejects.toThrow("SlowDown");
    const { asOf, reports, partial } = roll.partialView("it failed");
    expect(asOf).toBe(START);
    expect(partial?.reason).toBe("it failed");
    expect(partial?.missing).toBe(301 - (roll.progress()?.read ?? 0));
    expect(partial?.missing).toBeGreaterThan(0);
    const turns = readReports(reports).map(({ id, body }) => [id, JSON.parse(body.toString()).turn]);
    // Every host is there once, the one that cannot be read as it was.
    expect(turns.filter(([id]) => String(id).startsWith("host-")).map(([id]) => id)).toEqual(ids(300));
    expect(turns.find(([id]) => id === "host-0250")).toEqual(["host-0250", 1]);
    expect(turns.find(([id]) => id === "host-0000")).toEqual(["host-0000", 2]);
    double.fail = undefined;
    advance(2000);
    const view = await roll.view();
    expect(view.partial).toBeUndefined();
    expect(
      readReports(view.reports).every(
        ({ id, body }) => id === "new" || JSON.parse(body.toString()).turn === 2,
      ),
    ).toBe(true);
  });

  it("shows on request what a running refresh has so far, and harms it not", async () => {
    const double = makeStoreDouble();
    const { store, clock, put, report } = double;
    for (const id of ids(500)) await put(`reports/v1/local/${id}.json`, report(id));
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow: typeof store = {
      ...store,
      get: async (key, options) => {
        if (key.endsWith("5.json")) await held;
        return await store.get(key, options);
      },
    };
    const roll = createRoll({ store: slow, clock });
    const running = roll.view();
    await expect.poll(() => roll.progress()?.read ?? 0).toBeGreaterThan(100);
    const first = roll.partialView("not yet");
    const seen = readReports(first.reports).map(({ id }) => id);
    expect(seen.length).toBe(500 - (first.partial?.missing ?? 0));
    expect(seen.some((id) => id.endsWith("5"))).toBe(false);
    release();
    expect(readReports((await running).reports).map(({ id }) => id)).toEqual(ids(500));
    expect(seen.length).toBeLessThan(500);
  });

  it("reads again a body of another length than listed, and gives up if it stays so", async () => {
    const double = makeStoreDouble();
    const { store, clock, put, report, advance } = double;
    await put("reports/v1/local/a.json", report("a"));
    let cuts = 2;
    const cutting: typeof store = {
      ...store,
      get: async (key, options) => {
        const found = await store.get(key, options);
        return found && cuts-- > 0 ? { ...found, body: found.body.subarray(0, 10), size: 10 } : found;
      },
    };
    const roll = createRoll({ store: cutting, clock });
    expect(readReports((await roll.view()).reports).map(({ id }) => id)).toEqual(["a"]);
    await put("reports/v1/local/b.json", report("b"));
    advance(2000);
    cuts = 99;
    await expect(roll.view()).rejects.toThrow(Unavailable);
  });

  it("is an error, not an empty roll, where the reader may read nothing", async () => {
    const { Unreadable } = await import("../store/store.ts");
    const { store, clock, put, report } = makeStoreDouble();
    await put("reports/v1/local/a.json", report("a"));
    await put("reports/v1/local/b.json", report("b"));
    const refused: typeof store = { ...store, get: () => Promise.reject(new Unreadable("AccessDenied")) };
    await expect(createRoll({ store: refused, clock }).view()).rejects.toThrow("s3:GetObject");
  });
});
