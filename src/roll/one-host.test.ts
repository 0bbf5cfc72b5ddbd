// Tests of one host: read again where it is known to lie, as true as a listing, and never older
// than what was given before.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Unavailable } from "../store/store.ts";
import { makeStoreDouble, START } from "../testing/store-double.ts";
import { createRoll, type RollOptions } from "./roll.ts";
import { findById, hasHost, type RollView } from "./view.ts";

const KEY = "reports/v1/local/a.json";
const DEPARTURE = "departures/v1/local/a.json";
const [SECOND, MINUTE, HOUR] = [1000, 60_000, 3_600_000];

function setUp(options: Partial<RollOptions> = {}) {
  const double = makeStoreDouble();
  const { store, clock } = double;
  const openRoll = (more: Partial<RollOptions> = {}) =>
    createRoll({ store, clock, refreshesAhead: false, ...options, ...more });
  return {
    ...double,
    double,
    openRoll,
    roll: openRoll(),
    forget: () => {
      double.gets.length = 0;
      double.lists.length = 0;
    },
  };
}

/** What a view says of one host. */
function show(view: RollView, id = "a") {
  return findById(view.reports, id).map(({ key, receivedAt, body }) => ({
    key,
    receivedAt,
    x: JSON.parse(body.toString()).x,
  }));
}

describe("one host of a roll that was listed some seconds ago", () => {
  it("is read where it is known to lie, without a listing, and the view says how old that is", async () => {
    const { roll, put, report, advance, gets, lists, forget } = setUp();
    for (const id of ["a", "aa", "b"]) await put(`reports/v1/local/${id}.json`, report(id, { x: 1 }));
    await roll.view();
    advance(20 * SECOND);
    await put(KEY, report("a", { x: 2 }));
    advance(5 * SECOND);
    forget();
    const view = await roll.viewHost("a");
    expect(show(view)).toEqual([{ key: KEY, receivedAt: START + 20 * SECOND, x: 2 }]);
    expect(view).toMatchObject({ asOf: START + 25 * SECOND, listedAt: START, problemCount: 0 });
    expect(view.reports.rowOf).toHaveLength(1);
    expect(gets.sort()).toEqual([DEPARTURE, KEY]);
    expect(lists).toEqual([]);
  });

  it("is not even read where the listing is as new as any view's may be", async () => {
    const { roll, put, report, advance, gets, lists, forget } = setUp();
    await put(KEY, report("a"));
    const all = await roll.view();
    advance(SECOND);
    forget();
    const view = await roll.viewHost("a");
    expect([gets, lists]).toEqual([[], []]);
    expect(view.listedAt).toBeUndefined();
    expect([view.asOf, show(view)]).toEqual([all.asOf, show(all)]);
  });

  it("is listed anew a minute later", async () => {
    const { roll, put, report, advance, lists, forget } = setUp();
    await put(KEY, report("a"));
    await roll.view();
    forget();
    advance(MINUTE + 1);
    const view = await roll.viewHost("a");
    expect([view.asOf, view.listedAt]).toEqual([START + MINUTE + 1, undefined]);
    expect(lists).toHaveLength(3);
  });

  it("begins the next listing while nobody waits for it", async () => {
    const { roll, put, report, advance, lists, forget } = setUp({ refreshesAhead: true });
    await put(KEY, report("a"));
    await roll.view();
    advance(29 * SECOND);
    forget();
    await roll.viewHost("a");
    expect(lists).toEqual([]);
    advance(2 * SECOND);
    await roll.viewHost("a");
    await expect.poll(() => lists.length).toBe(3);
    await roll.close();
  });

  it("is not there only after a new listing: unknown, deleted, left, unreadable", async () => {
    const { roll, put, report, advance, lists, forget, inner } = setUp();
    await put(KEY, report("a"));
    await roll.view();
    const steps: [id: string, act: () => Promise<unknown>, isThere: boolean, isListed?: false][] = [
      ["b", () => put("reports/v1/local/b.json", report("b")), true],
      ["c", async () => undefined, false],
      ["b", () => inner.delete("reports/v1/local/b.json"), false],
      ["a", () => put(DEPARTURE, "{}"), false],
      ["a", () => put(KEY, report("a")), true, false],
      ["a", () => put(KEY, "{"), false],
    ];
    for (const [id, act, isThere, isListed = true] of steps) {
      advance(5 * SECOND);
      await act();
      advance(2 * SECOND);
      forget();
      const view = await roll.viewHost(id);
      expect([id, hasHost(view, id)]).toEqual([id, isThere]);
      expect([id, lists.length > 0, view.listedAt === undefined]).toEqual([id, isListed, isListed]);
    }
  });

  it("has come back where its report is newer than its departure", async () => {
    const { roll, put, report, advance, lists, forget } = setUp();
    await put(KEY, report("a", { x: 1 }));
    await roll.view();
    advance(5 * SECOND);
    await put(DEPARTURE, "{}");
    advance(5 * SECOND);
    await put(KEY, report("a", { x: 2 }));
    forget();
    expect(show(await roll.viewHost("a"))).toMatchObject([{ x: 2 }]);
    expect(lists).toEqual([]);
  });

  it("that moved to another key stands once, and two accounts' hosts stand both", async () => {
    const { roll, put, report, advance } = setUp();
    const id = "i-0123456789abcdef0";
    const [old, next] = [
      `reports/v1/123456789012/AROAOLD:${id}.json`,
      `reports/v1/123456789012/AROANEW:${id}.json`,
    ];
    const other = `reports/v1/210987654321/AROAX:${id}.json`;
    await put(old, report(id, { x: 1 }));
    await put(next, report(id, { x: 2 }));
    await put(other, report(id, { x: 3 }));
    await roll.view();
    advance(5 * SECOND);
    await put(next, report(id, { x: 4 }));
    const view = await roll.viewHost(id);
    expect(show(view, id).map(({ key, x }) => [key, x])).toEqual([
      [next, 4],
      [other, 3],
    ]);
    expect(view.problems.map(({ key, reason }) => [key, reason])).toEqual([[old, "superseded"]]);
    advance(5 * SECOND);
    expect((await roll.viewHost(id, "210987654321")).listedAt).toBe(START);
    // Of an account that is not among them only a listing can tell.
    expect((await roll.viewHost(id, "local")).listedAt).toBeUndefined();
  });

  it("of two machines shows both: one as the host, one as its clone", async () => {
    const { roll, put, report, advance } = setUp();
    const of = (machine: string) => ({ rollcall: { schema: 1, machine, boot: machine, started: 1 } });
    await put("a.json", report("a", of("1".repeat(32))));
    await roll.view();
    advance(7 * SECOND);
    await put(KEY, report("a", of("2".repeat(32))));
    await roll.view();
    advance(7 * SECOND);
    await put("a.json", report("a", of("1".repeat(32))));
    const [one, all] = [await roll.viewHost("a"), await roll.view()];
    expect(one.listedAt).toBe(START + 7 * SECOND);
    expect([show(one), one.problems]).toEqual([show(all), all.problems]);
  });

  it("is judged by when it was asked: silent, gone and of the future", async () => {
    const { roll, put, report, advance, inner } = setUp({ maxAgeMs: 30 * HOUR });
    await put(KEY, report("a"));
    await roll.view();
    advance(25 * HOUR);
    // A view may be as old here, so the report is what it was then.
    expect((await roll.viewHost("a")).asOf).toBe(START);
    const late = setUp();
    await late.put(KEY, late.report("a"));
    await late.roll.view();
    late.advance(24 * HOUR + SECOND);
    expect(hasHost(await late.roll.viewHost("a"), "a")).toBe(false);
    expect(await inner.get(KEY, { maxBytes: 1000 })).toBeDefined();
  });

  it("that cannot be read fails as the store does, and what is known can still be had", async () => {
    const { roll, double, put, report, advance } = setUp();
    await put(KEY, report("a", { x: 1 }));
    await roll.view();
    advance(5 * SECOND);
    double.fail = () => {
      throw new Unavailable("503 SlowDown");
    };
    await expect(roll.viewHost("a")).rejects.toThrow("SlowDown");
    const partial = roll.partialView("it failed");
    expect(show(partial)).toMatchObject([{ x: 1 }]);
    expect(partial.partial).toMatchObject({ reason: "it failed" });
    double.fail = undefined;
    expect(show(await roll.viewHost("a"))).toMatchObject([{ x: 1 }]);
  });

  it("is found in a new process over a snapshot's listing that is not old", async () => {
    const { openRoll, put, report, advance, lists, forget } = setUp();
    for (let index = 0; index < 120; index++)
      await put(`reports/v1/local/h${index}.json`, report(`h${index}`));
    const keeper = openRoll({ snapshot: "keep" });
    await keeper.view();
    await keeper.close();
    advance(20 * SECOND);
    forget();
    const view = await openRoll({ snapshot: "use" }).viewHost("h7");
    expect(view).toMatchObject({ asOf: START + 20 * SECOND, listedAt: START });
    expect(show(view, "h7")).toHaveLength(1);
    expect(lists.map(({ prefix }) => prefix)).toEqual([""]);
    advance(MINUTE);
    expect((await openRoll({ snapshot: "use" }).viewHost("h7")).listedAt).toBeUndefined();
  });
});

describe("a host's report that was given", () => {
  it("is never followed by an older one, though a listing that began before ends after", async () => {
    const { double, put, report, advance } = setUp();
    await put(KEY, report("a", { x: 1 }));
    await put("reports/v1/local/b.json", report("b", { x: 1 }));
    let release: () => void = () => undefined;
    let held: Promise<void> | undefined;
    const roll = createRoll({
      clock: double.clock,
      refreshesAhead: false,
      store: {
        ...double.store,
        get: async (key, options) => {
          if (key.endsWith("b.json")) await held;
          return await double.store.get(key, options);
        },
      },
    });
    await roll.view();
    advance(5 * SECOND);
    await put("reports/v1/local/b.json", report("b", { x: 2 }));
    held = new Promise((resolve) => {
      release = resolve;
    });
    const running = roll.view();
    await expect.poll(() => roll.progress()?.isListed).toBe(true);
    advance(2 * SECOND);
    await put(KEY, report("a", { x: 2 }));
    expect(show(await roll.viewHost("a"))).toMatchObject([{ x: 2 }]);
    release();
    expect(show(await running)).toMatchObject([{ x: 2 }]);
    expect(show(await roll.viewHost("a"))).toMatchObject([{ x: 2 }]);
  });

  it("is not replaced by what was read before a listing and arrives after it", async () => {
    const { double, put, report, advance } = setUp();
    await put(KEY, report("a", { x: 0 }));
    let release: () => void = () => undefined;
    let held: Promise<void> | undefined;
    let isRead = false;
    const roll = createRoll({
      clock: double.clock,
      refreshesAhead: false,
      store: {
        ...double.store,
        get: async (key, options) => {
          const found = await double.store.get(key, options);
          const wait = key === KEY ? held : undefined;
          if (wait !== undefined) {
            [isRead, held] = [true, undefined];
            await wait;
          }
          return found;
        },
      },
    });
    await roll.view();
    advance(5 * SECOND);
    // Two within the second that a store tells.
    await put(KEY, report("a", { x: 1 }));
    held = new Promise((resolve) => {
      release = resolve;
    });
    const late = roll.viewHost("a");
    await expect.poll(() => isRead).toBe(true);
    await put(KEY, report("a", { x: 2 }));
    advance(2 * SECOND);
    expect(show(await roll.view())).toMatchObject([{ x: 2 }]);
    release();
    expect(show(await late)).toMatchObject([{ x: 2 }]);
    expect(show(await roll.view())).toMatchObject([{ x: 2 }]);
  });

  it("is not given up for what the store shows of an earlier time", async () => {
    const { double, put, report, advance, lists, forget } = setUp();
    await put(KEY, report("a", { x: 1 }));
    const old = await double.inner.get(KEY, { maxBytes: 1000 });
    advance(5 * SECOND);
    await put(KEY, report("a", { x: 2 }));
    let isStale = false;
    const roll = createRoll({
      clock: double.clock,
      refreshesAhead: false,
      store: {
        ...double.store,
        get: async (key, options) => (isStale && key === KEY ? old : await double.store.get(key, options)),
      },
    });
    await roll.view();
    advance(5 * SECOND);
    isStale = true;
    forget();
    expect(show(await roll.viewHost("a"))).toMatchObject([{ x: 2 }]);
    expect(lists).not.toEqual([]);
  });

  it("is what a listing would have shown, after any history", async () => {
    const prefixes = ["reports/v1/local/", "reports/v1/123456789012/AROAX:", ""];
    const ids = ["a", "b", "c"];
    const id = fc.constantFrom(...ids);
    const report = fc.tuple(fc.constantFrom(...prefixes), id, fc.integer({ min: 0, max: 3 }));
    type Fleet = ReturnType<typeof setUp>;
    type Step = (fleet: Fleet) => Promise<unknown> | undefined;
    const step = fc.oneof(
      report.map(
        ([prefix, host, x]): Step =>
          ({ put, report: write }) =>
            put(`${prefix}${host}.json`, write(host, { x })),
      ),
      report.map(
        ([prefix, host]): Step =>
          ({ put }) =>
            put(`${prefix}${host}.json`, "{"),
      ),
      id.map(
        (host): Step =>
          ({ put }) =>
            put(`departures/v1/local/${host}.json`, "{}"),
      ),
      fc.constant<Step>(({ roll }) => roll.view()),
      fc.constantFrom(1, 2, 40, 70).map(
        (seconds): Step =>
          ({ advance }) =>
            void advance(seconds * SECOND),
      ),
      id.map(
        (host): Step =>
          async ({ roll, openRoll, advance }) => {
            // Older than any view may be, so that what is given is of now.
            advance(2 * SECOND);
            expect(show(await roll.viewHost(host), host)).toEqual(show(await openRoll().view(), host));
          },
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const fleet = setUp();
        // Each key is known from the beginning: what appears later, a listing shows.
        for (const prefix of prefixes)
          for (const host of ids) {
            await fleet.put(`${prefix}${host}.json`, fleet.report(host));
            fleet.advance(SECOND);
          }
        await fleet.roll.view();
        for (const one of steps) {
          fleet.advance(SECOND);
          await one(fleet);
        }
      }),
      { numRuns: 150 },
    );
  });
});
