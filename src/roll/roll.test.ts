// Tests of the reader over real stores.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatUpdateDate } from "../report/update-date.ts";
import { memoryStore } from "../store/memory.ts";
import { type Store, Unreadable } from "../store/store.ts";
import { createRoll } from "./roll.ts";
import { type RollView, readReports } from "./view.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2024, 1, 29, 14, 59, 30);

function setUp() {
  let now = START;
  const clock = () => now;
  const inner = memoryStore({ clock });
  const gets: string[] = [];
  const store: Store = {
    ...inner,
    get: (key, options) => {
      gets.push(key);
      return inner.get(key, options);
    },
  };
  return {
    store,
    gets,
    clock,
    roll: createRoll({ store, clock }),
    advance: (ms: number) => {
      now += ms;
    },
    put: (key: string, body: string | Uint8Array) =>
      store.put(key, typeof body === "string" ? Buffer.from(body) : body),
    report: (id: string, more: object = {}) =>
      JSON.stringify({ update_date: formatUpdateDate(now), instance_id: id, ...more }),
  };
}

/** All that a view says, but for how it is packed. */
function show({ asOf, reports, problems, problemCount }: RollView) {
  return { asOf, reports: readReports(reports), problems, problemCount };
}

describe("roll", () => {
  it("reads reports of both layouts in the order of their keys", async () => {
    const { roll, put, report } = setUp();
    await put("reports/v1/local/host-b.json", report("host-b"));
    await put("reports/v1/123456789012/AROAX:i-0123456789abcdef0.json", report("i-0123456789abcdef0"));
    await put("i-0aaaaaaaaaaaaaaaa.json", report("i-0aaaaaaaaaaaaaaaa"));
    await put("zebra.json", report("zebra"));
    const view = await roll.view();
    expect(readReports(view.reports).map(({ id, account }) => [account, id])).toEqual([
      ["", "i-0aaaaaaaaaaaaaaaa"],
      ["123456789012", "i-0123456789abcdef0"],
      ["local", "host-b"],
      ["", "zebra"],
    ]);
    expect(view.problems).toEqual([]);
    expect(view.asOf).toBe(START);
  });

  it("reads only what changed", async () => {
    const { roll, put, report, gets, advance } = setUp();
    for (const id of ["a", "b", "c"]) await put(`reports/v1/local/${id}.json`, report(id));
    const first = await roll.view();
    gets.length = 0;
    advance(2000);
    expect((await roll.view()).version).toBe(first.version);
    expect(gets).toEqual([]);
    await put("reports/v1/local/b.json", report("b", { x: 1 }));
    advance(2000);
    const second = await roll.view();
    expect(gets).toEqual(["reports/v1/local/b.json"]);
    expect(readReports(second.reports).map(({ body }) => JSON.parse(body.toString()).x)).toEqual([
      undefined,
      1,
      undefined,
    ]);
    expect(readReports(first.reports).map(({ body }) => JSON.parse(body.toString()).x)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("takes the same bytes put again as a sign of life, without reading them", async () => {
    const { roll, put, report, gets, advance } = setUp();
    const body = report("a");
    await put("reports/v1/local/a.json", body);
    await roll.view();
    gets.length = 0;
    advance(HOUR);
    await put("reports/v1/local/a.json", body);
    expect(readReports((await roll.view()).reports)[0]?.receivedAt).toBe(START + HOUR);
    expect(gets).toEqual([]);
  });

  it("lets deleted and expired reports go, and never downloads expired ones", async () => {
    const { roll, put, report, store, advance, gets, clock } = setUp();
    await put("reports/v1/local/old.json", report("old"));
    await put("reports/v1/local/bad.json", "{");
    advance(24 * HOUR);
    await put("reports/v1/local/new.json", report("new"));
    expect(readReports((await roll.view()).reports).map(({ id }) => id)).toEqual(["new", "old"]);
    advance(1001);
    const view = await roll.view();
    expect(readReports(view.reports).map(({ id }) => id)).toEqual(["new"]);
    expect(view.problems).toEqual([]);
    gets.length = 0;
    await createRoll({ store, clock }).view();
    expect(gets).toEqual(["reports/v1/local/new.json"]);
    await store.delete("reports/v1/local/new.json");
    advance(1001);
    expect(readReports((await roll.view()).reports)).toEqual([]);
  });

  it("sets aside with the reason, and harms nobody else", async () => {
    const { roll, put, report } = setUp();
    await put("reports/v1/local/good.json", report("good"));
    await put("reports/v1/local/json.json", "{");
    await put("reports/v1/local/empty.json", "");
    await put("reports/v1/local/other.json", report("good"));
    await put("reports/v1/local/big.json", Buffer.alloc(10 * 1024 * 1024, 0x20));
    await put("reports/v1/local/utf8.json", Buffer.from([0x7b, 0xff, 0x7d]));
    await put("reports/v1/nowhere/x.json", report("x"));
    await put("reports/v1/local/deep/x.json", report("x"));
    await put("notes.txt", "hello");
    const { reports, problems } = await roll.view();
    expect(readReports(reports).map(({ id }) => id)).toEqual(["good"]);
    expect(problems.map(({ key, reason }) => [key, reason])).toEqual([
      ["notes.txt", "bad_key"],
      ["reports/v1/local/big.json", "too_large"],
      ["reports/v1/local/deep/x.json", "bad_key"],
      ["reports/v1/local/empty.json", "empty"],
      ["reports/v1/local/json.json", "not_json"],
      ["reports/v1/local/other.json", "misfiled"],
      ["reports/v1/local/utf8.json", "not_utf8"],
      ["reports/v1/nowhere/x.json", "bad_key"],
    ]);
    for (const { detail } of problems) expect(detail.length).toBeGreaterThan(10);
  });

  it("sets aside what the store received in the future, until that time comes", async () => {
    const { roll, put, report, advance } = setUp();
    advance(HOUR);
    await put("reports/v1/local/a.json", report("a"));
    advance(-HOUR);
    expect((await roll.view()).problems.map(({ reason }) => reason)).toEqual(["future_dated"]);
    advance(HOUR);
    const view = await roll.view();
    expect(view.problems).toEqual([]);
    expect(readReports(view.reports).map(({ id }) => id)).toEqual(["a"]);
  });

  it("keeps a host whose own clock is a day wrong, either way", async () => {
    const { roll, put } = setUp();
    for (const [id, skew] of [
      ["ahead", 24 * HOUR],
      ["behind", -24 * HOUR],
    ] as const) {
      await put(
        `reports/v1/local/${id}.json`,
        JSON.stringify({ instance_id: id, update_date: formatUpdateDate(START + skew) }),
      );
    }
    expect(readReports((await roll.view()).reports).map(({ id }) => id)).toEqual(["ahead", "behind"]);
  });

  it("counts a host once while it moves from the top of the store to reports/v1/", async () => {
    const { roll, put, report, advance } = setUp();
    await put("i-0123456789abcdef0.json", report("i-0123456789abcdef0"));
    advance(HOUR);
    await put("reports/v1/123456789012/AROAX:i-0123456789abcdef0.json", report("i-0123456789abcdef0"));
    await put("reports/v1/local/twin.json", report("twin"));
    await put("reports/v1/210987654321/AROAY:twin.json", report("twin"));
    const { reports, problems } = await roll.view();
    expect(readReports(reports).map(({ key }) => key)).toEqual([
      "reports/v1/123456789012/AROAX:i-0123456789abcdef0.json",
      "reports/v1/210987654321/AROAY:twin.json",
      "reports/v1/local/twin.json",
    ]);
    expect(problems.map(({ key, reason }) => [key, reason])).toEqual([
      ["i-0123456789abcdef0.json", "superseded"],
    ]);
  });

  it("shows at once what this process has put, also while a refresh runs", async () => {
    const { put, report, clock, store } = setUp();
    await put("reports/v1/local/a.json", report("a"));
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isFirst = true;
    const slow: Store = {
      ...store,
      async *list(prefix, options) {
        yield* store.list(prefix, options);
        if (isFirst && prefix === "reports/v1/") {
          isFirst = false;
          await held;
        }
      },
    };
    const roll = createRoll({ store: slow, clock });
    const running = roll.view();
    const again = roll.view();
    const entry = await put("reports/v1/local/b.json", report("b"));
    roll.note(entry, Buffer.from(report("b")));
    release?.();
    expect(readReports((await running).reports).map(({ id }) => id)).toEqual(["a", "b"]);
    expect(await again).toBe(await running);
    const later = await put("reports/v1/local/c.json", report("c"));
    roll.note(later, Buffer.from(report("c")));
    expect(readReports((await roll.view()).reports).map(({ id }) => id)).toEqual(["a", "b", "c"]);
  });

  it("passes on a failure of the store, and recovers", async () => {
    const { put, report, clock, store, advance } = setUp();
    await put("reports/v1/local/a.json", report("a"));
    let broken = true;
    const flaky: Store = {
      ...store,
      get: (key, options) => (broken ? Promise.reject(new Error("disk on fire")) : store.get(key, options)),
    };
    const roll = createRoll({ store: flaky, clock });
    await expect(roll.view()).rejects.toThrow("disk on fire");
    broken = false;
    advance(1);
    expect(readReports((await roll.view()).reports)).toHaveLength(1);
  });

  it("sets aside an object that alone cannot be read, and reads it once it has changed", async () => {
    const { put, report, clock, store, advance } = setUp();
    await put("reports/v1/local/a.json", report("a"));
    await put("reports/v1/local/b.json", report("b"));
    const locked: Store = {
      ...store,
      get: (key, options) =>
        key.endsWith("b.json") && clock() === START
          ? Promise.reject(new Unreadable("EACCES /secret"))
          : store.get(key, options),
    };
    const roll = createRoll({ store: locked, clock });
    const { reports, problems } = await roll.view();
    expect(readReports(reports).map(({ id }) => id)).toEqual(["a"]);
    expect(problems.map(({ key, reason }) => [key, reason])).toEqual([
      ["reports/v1/local/b.json", "unreadable"],
    ]);
    expect(problems[0]?.detail).not.toContain("secret");
    advance(2000);
    await put("reports/v1/local/b.json", report("b", { x: 1 }));
    expect(readReports((await roll.view()).reports).map(({ id }) => id)).toEqual(["a", "b"]);
  });

  it("after any history shows what a new reader shows", async () => {
    const id = fc.constantFrom("a", "b", "c", "d");
    const step = fc.oneof(
      fc.record({ do: fc.constant("put" as const), id, x: fc.integer({ min: 0, max: 2 }) }),
      fc.record({ do: fc.constant("rubbish" as const), id }),
      fc.record({ do: fc.constant("delete" as const), id }),
      fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 2000, HOUR, 13 * HOUR) }),
      fc.record({ do: fc.constant("look" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { store, clock, roll, advance, put, report } = setUp();
        for (const one of steps) {
          if (one.do === "put") await put(`reports/v1/local/${one.id}.json`, report(one.id, { x: one.x }));
          else if (one.do === "rubbish") await put(`reports/v1/local/${one.id}.json`, "[]");
          else if (one.do === "delete") await store.delete(`reports/v1/local/${one.id}.json`);
          else if (one.do === "wait") advance(one.ms);
          else await roll.view();
        }
        advance(1001);
        expect(show(await roll.view())).toEqual(show(await createRoll({ store, clock }).view()));
      }),
    );
  });
});

describe("a roll that is asked all the time", () => {
  /** A listing takes 200 ms of the clock, and may fail. */
  function setUpSlow() {
    const base = setUp();
    let listings = 0;
    let isBroken = false;
    const store: Store = {
      ...base.store,
      async *list(prefix, options) {
        if (prefix === "reports/v1/") {
          listings++;
          base.advance(200);
          if (isBroken) throw new Unreadable("it broke");
        }
        yield* base.store.list(prefix, options);
      },
    };
    return {
      ...base,
      roll: createRoll({ store, clock: base.clock }),
      count: () => listings,
      breakStore: () => {
        isBroken = true;
      },
      settle: () => new Promise(setImmediate),
    };
  }

  /** To where it knows how long a refresh takes. */
  async function warmUp({ roll, put, report, advance }: ReturnType<typeof setUpSlow>): Promise<RollView> {
    await put("reports/v1/local/a.json", report("a"));
    await roll.view();
    advance(1001);
    return await roll.view();
  }

  it("is refreshed before its view is too old, while that is still given", async () => {
    const slow = setUpSlow();
    const { roll, put, report, advance, count, settle } = slow;
    expect(roll.peek()).toBeUndefined();
    const view = await warmUp(slow);
    const before = count();
    advance(690);
    expect(roll.peek()).toBe(view);
    expect(count()).toBe(before);
    await put("reports/v1/local/b.json", report("b"));
    advance(20);
    expect(roll.peek()).toBe(view);
    expect(await roll.view()).toBe(view);
    await settle();
    expect(count()).toBe(before + 1);
    // The new one is built for whoever asks first.
    expect(roll.peek()).toBeUndefined();
    const next = await roll.view();
    expect(readReports(next.reports).map(({ id }) => id)).toEqual(["a", "b"]);
    expect(roll.peek()).toBe(next);
    expect(count()).toBe(before + 1);
  });

  it("gives the view until it is too old where that refresh fails, and then says so", async () => {
    const slow = setUpSlow();
    const { roll, advance, breakStore, settle } = slow;
    const view = await warmUp(slow);
    breakStore();
    advance(710);
    expect(roll.peek()).toBe(view);
    await settle();
    expect(await roll.view()).toBe(view);
    advance(1000);
    expect(roll.peek()).toBeUndefined();
    await expect(roll.view()).rejects.toThrow("it broke");
  });

  it("shows a report put here at once", async () => {
    const slow = setUpSlow();
    const { roll, put, report } = slow;
    await warmUp(slow);
    const body = Buffer.from(report("c"));
    roll.note(await put("reports/v1/local/c.json", body), body);
    expect(roll.peek()).toBeUndefined();
    expect(readReports((await roll.view()).reports).map(({ id }) => id)).toEqual(["a", "c"]);
  });

  it("begins no refresh that nobody waits for, where the process may stand still", async () => {
    const slow = setUpSlow();
    const { store, clock, advance, count, settle } = slow;
    const roll = createRoll({ store, clock, refreshesAhead: false });
    const view = await warmUp({ ...slow, roll });
    const before = count();
    advance(990);
    expect(await roll.view()).toBe(view);
    await settle();
    expect(count()).toBe(before);
  });

  it("does not answer from a listing that began before its process stood still", async () => {
    const { store, clock, put, report, advance } = setUp();
    await put("reports/v1/local/a.json", report("a"));
    let joined: Promise<RollView> | undefined;
    const standingStill: Store = {
      ...store,
      async *list(prefix, options) {
        yield* store.list(prefix, options);
        if (joined || prefix !== "reports/v1/") return;
        advance(10 * 60_000);
        joined = roll.view();
        await put("reports/v1/local/b.json", report("b"));
      },
    };
    const roll = createRoll({ store: standingStill, clock });
    await roll.view();
    const view = await joined;
    expect(view?.asOf).toBe(START + 10 * 60_000);
    expect(view && readReports(view.reports).map(({ id }) => id)).toEqual(["a", "b"]);
  });
});
