// Tests of what is said of the times behind an answer.
import { describe, expect, it } from "vitest";
import { formatUpdateDate } from "../report/update-date.ts";
import { createRoll } from "../roll/roll.ts";
import { memoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";
import { makeSources, makeView, NOW } from "../testing/view-double.ts";
import { describeClockWarnings, listBackdated } from "./clock-warnings.ts";
import { parseQuery } from "./query.ts";
import { selectReports } from "./selection.ts";

const HOUR = 3_600_000;
const WINDOW = 2 * HOUR;

const report = (id: string, madeAt: number) =>
  JSON.stringify({ update_date: formatUpdateDate(madeAt), instance_id: id });

describe("a window that is shorter than hosts pause", () => {
  const beating = (id: string, heartbeatS?: number) =>
    JSON.stringify({
      update_date: formatUpdateDate(NOW),
      instance_id: id,
      rollcall: { schema: 1, ...(heartbeatS !== undefined && { heartbeat_s: heartbeatS }) },
    });
  const given = [
    { id: "i-1", ageMs: 0, body: beating("i-1", 3600) },
    { id: "i-2", ageMs: 70 * 60_000, body: beating("i-2", 3600) },
    { id: "i-3", ageMs: 0, body: beating("i-3") },
  ];

  it("is told with every answer, and not where it is long enough", async () => {
    const view = makeView(given);
    const selection = await selectReports(view, parseQuery([], HOUR), makeSources());
    expect(selection.silent).toBe(1);
    expect(selection.warnings).toEqual([
      "the window (within) of 60 min is too short: where nothing changes, hosts report every 60 min and " +
        "pause for up to 90 min (2 of 2 hosts that were looked at), and hosts that are well count as " +
        "silent meanwhile; ask for 90 min at least",
    ]);
    for (const window of [1.5 * HOUR, WINDOW]) expect(describeClockWarnings(view, window)).toEqual([]);
  });

  it("is not told of hosts that do not say how often they report, nor of those that are gone", () => {
    const gone = { id: "i-4", ageMs: 25 * HOUR, body: beating("i-4", 7200) };
    const silent = makeView([{ id: "i-3", ageMs: 0, body: beating("i-3") }, gone]);
    expect(describeClockWarnings(silent, 60_000)).toEqual([]);
  });

  it("counts for hosts that pause for longer than the usual one", () => {
    const slow = makeView([...given, { id: "i-5", ageMs: 0, body: beating("i-5", 7200) }]);
    expect(describeClockWarnings(slow, WINDOW)).toEqual([
      expect.stringMatching(
        /of 120 min is too short: .* report every 120 min and pause for up to 180 min \(1 of 3 /,
      ),
    ]);
  });
});

describe("reports that were made hours before they came", () => {
  const view = makeView([
    { id: "i-1", ageMs: 60_000, body: report("i-1", NOW - 72 * HOUR) },
    { id: "i-2", ageMs: 60_000, body: report("i-2", NOW - 60_000) },
    { id: "i-3", ageMs: 60_000, body: report("i-3", NOW - WINDOW) },
    { id: "i-4", ageMs: 60_000, body: report("i-4", NOW - 5 * HOUR) },
    // Silent, and a clock that is ahead.
    { id: "i-5", ageMs: 5 * HOUR, body: report("i-5", NOW - 72 * HOUR) },
    { id: "i-6", ageMs: 60_000, body: report("i-6", NOW + 72 * HOUR) },
  ]);

  it("are told with every answer, and left in", async () => {
    const selection = await selectReports(view, parseQuery([], WINDOW), makeSources());
    expect(selection.positions).toHaveLength(5);
    expect(selection.warnings).toEqual([
      "2 of 5 fresh reports came hours after they were made by their hosts' clocks, " +
        "up to 72 h (i-1, i-4): those clocks are wrong, or the store was copied " +
        "without its times",
    ]);
  });

  it("are told anew once one of them falls silent, by a view of the same reports", () => {
    const [first] = describeClockWarnings(view, WINDOW);
    expect(first).toMatch(/^2 of 5 /);
    expect(describeClockWarnings({ ...view, asOf: NOW + WINDOW - 60_000 }, WINDOW)).toEqual([first]);
    expect(describeClockWarnings({ ...view, asOf: NOW + WINDOW }, WINDOW)).toEqual([]);
    expect(describeClockWarnings(view, WINDOW)).toEqual([first]);
    expect(describeClockWarnings({ ...view, asOf: NOW + WINDOW }, 3 * HOUR)[0]).toMatch(/^2 of 5 /);
  });

  it("are named one by one among the problems", () => {
    expect(listBackdated(view, WINDOW, 10)).toMatchObject([
      {
        key: "reports/v1/local/i-1.json",
        reason: "backdated",
        detail: expect.stringContaining("72.0 h before"),
      },
      { key: "reports/v1/local/i-4.json", reason: "backdated" },
    ]);
    expect(listBackdated(view, WINDOW, 1)).toHaveLength(1);
  });

  it("are counted where they are many, and nothing is said where there are none", () => {
    const many = Array.from({ length: 9 }, (_, at) => ({
      id: `i-${at}`,
      ageMs: 0,
      body: report(`i-${at}`, NOW - 30 * HOUR),
    }));
    expect(describeClockWarnings(makeView(many), WINDOW)[0]).toMatch(
      /^9 of 9 fresh .* up to 30 h \(i-0, i-1, i-2 and 6 more\)/,
    );
    expect(
      describeClockWarnings(makeView([{ id: "i-1", ageMs: 0, body: report("i-1", NOW) }]), WINDOW),
    ).toEqual([]);
    expect(describeClockWarnings(makeView([]), WINDOW)).toEqual([]);
  });
});

describe("a reader whose clock is wrong", () => {
  /** A store with a report of now, and a reader whose clock is so far ahead. */
  async function setUp(aheadMs: number, now: Store["now"] | null = async () => NOW) {
    const { now: _, ...memory } = memoryStore({ clock: () => NOW }) as Store;
    const store: Store = { ...memory, ...(now && { now }) };
    const notices: string[] = [];
    const roll = createRoll({
      store,
      clock: () => NOW + aheadMs,
      onNotice: (notice) => notices.push(notice),
    });
    const ask = async () => {
      const view = await roll.view();
      const { positions, warnings } = await selectReports(view, parseQuery([], WINDOW), makeSources());
      return { hosts: positions.length, warnings, notices };
    };
    return {
      store,
      ask,
      put: (id: string) => store.put(`reports/v1/local/${id}.json`, Buffer.from(report(id, NOW))),
    };
  }

  it("does not answer [] without a word when it is two days ahead", async () => {
    const { ask, put } = await setUp(48 * HOUR);
    await put("i-1");
    const { hosts, warnings, notices } = await ask();
    expect(hosts).toBe(0);
    expect(warnings).toEqual([
      "the reader's clock is 48 hours ahead of the store's, and no report is fresh by it: set it right",
      "the store holds 1 report and none newer than a day: the newest came 48 hours " +
        "ago by the reader's clock",
    ]);
    expect(notices).toEqual(warnings);
  });

  it("says so when all hosts seem silent, or to come from the future", async () => {
    for (const [ahead, words] of [
      [3 * HOUR, "3 hours ahead of"],
      [-3 * HOUR, "3 hours behind"],
    ] as const) {
      const { ask, put } = await setUp(ahead);
      await put("i-1");
      const { hosts, warnings } = await ask();
      expect([hosts, warnings]).toEqual([0, [expect.stringContaining(`clock is ${words} the store's`)]]);
    }
  });

  it("says that nothing is new also where the store cannot tell the time, or agrees", async () => {
    const fails = async () => {
      throw new Error("read-only");
    };
    for (const now of [null, fails, async () => NOW + 48 * HOUR]) {
      const { ask, put } = await setUp(48 * HOUR, now);
      await put("i-1");
      expect((await ask()).warnings).toEqual([expect.stringContaining("none newer than a day")]);
    }
  });

  it(
    "asks the store for the time only where nothing is fresh, and says nothing of an " + "empty store",
    async () => {
      let asked = 0;
      const now = async () => {
        asked++;
        return NOW + 48 * HOUR;
      };
      const { ask, put } = await setUp(0, now);
      expect((await ask()).warnings).toEqual([]);
      await put("i-1");
      expect((await ask()).warnings).toEqual([]);
      expect(asked).toBe(0);
    },
  );
});
