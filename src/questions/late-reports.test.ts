// Tests of reports that came after the listing behind a view began: they are fresh, and not of the
// future; and of what a partial view says of states.
import { describe, expect, it } from "vitest";
import { createRoll } from "../roll/roll.ts";
import { Unavailable } from "../store/store.ts";
import { makeStoreDouble, START } from "../testing/store-double.ts";
import { makeSources } from "../testing/view-double.ts";
import { writeReports } from "./array.ts";
import { judgeCoverage } from "./coverage.ts";
import { parseQuery } from "./query.ts";
import { selectReports } from "./selection.ts";

const HOUR = 3_600_000;
const ids = (count: number) => Array.from({ length: count }, (_, index) => `host-${index}`);
const fail = () => {
  throw new Unavailable("503 SlowDown");
};

describe("a partial view", () => {
  it("shows what came long after the last whole listing as fresh, and not as of the future", async () => {
    const double = makeStoreDouble();
    const { store, clock, put, report, advance } = double;
    for (const id of ["a", "b", "gone"]) await put(`reports/v1/local/${id}.json`, report(id, { turn: 1 }));
    const roll = createRoll({ store, clock });
    await roll.view();
    advance(HOUR);
    await put("reports/v1/local/a.json", report("a", { turn: 2 }));
    await put("reports/v1/local/new.json", report("new"));
    const left = await put("departures/v1/local/gone.json", "");
    roll.noteDeparture("reports/v1/local/gone.json", left.lastModified);
    double.fail = (key) => (key.endsWith("/b.json") ? fail() : undefined);
    await put("reports/v1/local/b.json", report("b", { turn: 2 }));
    await expect(roll.view()).rejects.toThrow("SlowDown");
    const view = roll.partialView("it failed");
    expect(view).toMatchObject({ asOf: START, problemCount: 0, problems: [] });
    expect(view.departed.map(({ key }) => key)).toEqual(["reports/v1/local/gone.json"]);
    const query = parseQuery([["meta", "true"]]);
    const selection = await selectReports(view, query, makeSources());
    const text = Buffer.concat([...writeReports(selection, query, "json", view.asOf)]).toString();
    const shown = JSON.parse(text).map((one: { instance_id: string; turn?: number; rollcall: object }) => [
      one.instance_id,
      one.turn,
      one.rollcall,
    ]);
    const fresh = { reader: expect.objectContaining({ state: "fresh" }) };
    expect(shown).toEqual([
      ["a", 2, fresh],
      ["b", 1, fresh],
      ["new", undefined, fresh],
    ]);
    expect((await judgeCoverage(view, HOUR)).fresh).toBe(3);
  });

  it("is as of the snapshot where no listing has been whole since", async () => {
    const double = makeStoreDouble();
    const { store, clock, put, report, advance } = double;
    for (const id of ids(120)) await put(`reports/v1/local/${id}.json`, report(id));
    const keeper = createRoll({ store, clock, snapshot: "keep" });
    await keeper.view();
    await keeper.close();
    advance(3 * HOUR);
    await put("reports/v1/local/new.json", report("new"));
    double.fail = (key) => (key.startsWith("reports/") ? fail() : undefined);
    const roll = createRoll({ store, clock, snapshot: "use" });
    await expect(roll.view()).rejects.toThrow("SlowDown");
    const view = roll.partialView("it failed");
    expect(view.asOf).toBe(START);
    // Silent they would be by a clock that nobody has asked the store at.
    expect(await judgeCoverage(view, 2 * HOUR)).toMatchObject({ fresh: 120, silent: [] });
  });
});

describe("a report that comes long after the listing began", () => {
  it("is in the next view where this process put it, however old the listing may be", async () => {
    const { store, clock, put, report, advance } = makeStoreDouble();
    await put("reports/v1/local/a.json", report("a"));
    const roll = createRoll({ store, clock, maxAgeMs: HOUR });
    await roll.view();
    advance(HOUR / 2);
    const body = report("b");
    roll.note(await put("reports/v1/local/b.json", body), Buffer.from(body));
    const view = await roll.view();
    expect(view).toMatchObject({ asOf: START, problemCount: 0 });
    expect((await selectReports(view, parseQuery([]), makeSources())).positions).toHaveLength(2);
  });

  it("is in the view of a listing that took as long", async () => {
    const { store, clock, put, report, advance } = makeStoreDouble();
    await put("reports/v1/local/a.json", report("a"));
    const slow: typeof store = {
      ...store,
      async *list(prefix, options) {
        if (prefix === "reports/v1/") {
          advance(10 * 60_000);
          await put("reports/v1/local/b.json", report("b"));
        }
        yield* store.list(prefix, options);
      },
    };
    const view = await createRoll({ store: slow, clock }).view();
    expect(view).toMatchObject({ asOf: START, problemCount: 0 });
    expect((await selectReports(view, parseQuery([]), makeSources())).positions).toHaveLength(2);
  });

  it("is set aside, and not left out in silence, where the clock was set back since", async () => {
    const { store, clock, put, report, advance } = makeStoreDouble();
    await put("reports/v1/local/a.json", report("a"));
    const roll = createRoll({ store, clock });
    expect((await roll.view()).problemCount).toBe(0);
    advance(-HOUR);
    const view = await roll.view();
    expect(view).toMatchObject({ asOf: START - HOUR, problemCount: 1 });
    expect(view.problems[0]?.reason).toBe("future_dated");
    expect(view.reports.rowOf).toHaveLength(0);
    advance(2 * HOUR);
    expect((await roll.view()).reports.rowOf).toHaveLength(1);
  });
});
