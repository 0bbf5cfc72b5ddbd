// Tests of what writers must stand: each other, a store that fails, a clock that is set back,
// entries that somebody removed, and hosts that mean no good.
import { describe, expect, it } from "vitest";
import { locateLogEntry } from "../store/layout.ts";
import { type Store, Unavailable } from "../store/store.ts";
import { gather, MINUTE, makeHistoryLab, writeArray } from "../testing/history-lab.ts";
import { runs } from "../testing/runs.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { MAX_CHANGE_TEXT, MAX_REPORT_CHANGES } from "./change.ts";
import { isUntold } from "./recorded.ts";

type Lab = ReturnType<typeof makeHistoryLab>;

/**
 * The values that one field had, as its changes tell them; each must begin where the last ended.
 */
async function followField(lab: Lab, field: string): Promise<string[]> {
  const entries = await gather(lab.history().readChanges({ since: 0, until: lab.clock() }));
  const changes = entries.flatMap((entry) => entry.changes).filter((change) => change.field === field);
  for (const [place, change] of changes.entries())
    if (place > 0) expect(change.before).toBe(changes[place - 1]?.after);
  return changes.map(({ after }) => after ?? "");
}

async function expectNow(lab: Lab): Promise<void> {
  const told = await lab.history().viewAt(lab.clock());
  expect(isUntold(told) ? told.untold : await writeArray(told.view)).toBe(
    await writeArray(await lab.roll.view()),
  );
}

/** A store that fails by chance: before a verb, or after a put that was carried out. */
function spoil(store: Store, random: () => number, share: number, between: () => Promise<unknown>): Store {
  const fail = () => {
    throw new Unavailable("[store] 503 SlowDown");
  };
  return {
    ...store,
    async put(key, body, options) {
      if (random() < share) fail();
      // Another writer is quicker, just before this one's put.
      if (random() < 0.3) await between();
      const outcome = await store.put(key, body, options);
      return random() < share ? fail() : outcome;
    },
    async get(key, options) {
      return random() < share ? fail() : await store.get(key, options);
    },
    async *list(prefix, options) {
      if (random() < share) fail();
      yield* store.list(prefix, options);
    },
  };
}

describe("two writers", () => {
  it("make one history, whatever fails and whoever is quicker", async () => {
    for (let seed = 1; seed <= runs(5); seed++) {
      const lab = makeHistoryLab();
      const random = seededRandom(seed);
      const quick = lab.addRecorder();
      const other = lab.addRecorder({ store: spoil(lab.store, random, 0.1, () => quick.record()) });
      const values: string[] = [];
      for (let turn = 0; turn < 60; turn++) {
        await lab.putReport("i-1", { v: turn });
        if (random() < 0.1) await lab.put("reports/v1/local/i-2.json", "no json");
        else await lab.putReport("i-2", { w: Math.floor(random() * 3) });
        await other.record().catch(() => undefined);
        if (random() < 0.5) await quick.record();
        values.push(String(turn));
        lab.advance(random() < 0.1 ? 7 * MINUTE : MINUTE);
      }
      await quick.record();
      await expectNow(lab);
      const told = await followField(lab, "v");
      // In their order, none twice; what nobody saw is not there.
      expect(told).toEqual([...new Set(told)].sort((a, b) => Number(a) - Number(b)));
      expect(told.at(-1)).toBe(values.at(-1));
    }
  });

  it("are not held up by one that is paused within its put for long, which forges nothing", async () => {
    const lab = makeHistoryLab();
    let resume: () => void = () => undefined;
    let isPaused = false;
    const paused: Store = {
      ...lab.store,
      async put(key, body, options) {
        if (isPaused) await new Promise<void>((resolve) => (resume = resolve));
        return await lab.store.put(key, body, options);
      },
    };
    const [sleeper, writer] = [lab.addRecorder({ store: paused }), lab.addRecorder()];
    await lab.putReport("i-1", { v: 0 });
    await sleeper.record();
    lab.advance(MINUTE);
    await lab.putReport("i-1", { v: 1 });
    isPaused = true;
    const late = sleeper.record();
    for (let turn = 2; turn < 40; turn++) {
      lab.advance(MINUTE);
      await lab.putReport("i-1", { v: turn });
      await writer.record();
    }
    isPaused = false;
    resume();
    expect(await late).toEqual({ kind: "unchanged" });
    lab.advance(MINUTE);
    await lab.putReport("i-1", { v: 40 });
    await sleeper.record();
    await expectNow(lab);
    expect(await followField(lab, "v")).toEqual(Array.from({ length: 39 }, (_, at) => String(at + 2)));
  });
});

describe("a writer", () => {
  it("records nothing while its clock is before the last entry, and tells the gap after it", async () => {
    const lab = makeHistoryLab();
    const recorder = lab.addRecorder();
    await lab.putReport("i-1", { v: 0 });
    await recorder.record();
    const last = lab.clock();
    lab.advance(-60 * MINUTE);
    for (let minute = 0; minute < 59; minute++) {
      lab.advance(MINUTE);
      expect((await recorder.record()).kind).toBe("not_recorded");
    }
    lab.advance(10 * MINUTE);
    await lab.putReport("i-1", { v: 1 });
    expect((await recorder.record()).kind).toBe("recorded");
    const reason = "the last entry is of a later time than this clock tells";
    expect((await lab.history().status()).gaps).toEqual([{ from: last, until: lab.clock(), reason }]);
    await expectNow(lab);
  });

  it("begins anew where entries were removed or spoilt; what lies between cannot be told", async () => {
    for (const spoilt of [undefined, "rubbish"]) {
      const lab = makeHistoryLab();
      const recorder = lab.addRecorder();
      const instants: number[] = [];
      for (let turn = 0; turn < 10; turn++) {
        await lab.putReport("i-1", { v: turn });
        await recorder.record();
        instants.push(lab.clock());
        lab.advance(MINUTE);
      }
      for (const number of [4, 5, 6])
        if (spoilt === undefined) await lab.inner.delete(locateLogEntry(number));
        else await lab.put(locateLogEntry(number), spoilt);
      await lab.putReport("i-1", { v: 10 });
      await lab.addRecorder().record();
      await expectNow(lab);
      const told = await gather(lab.history().viewsAt(instants));
      expect(told.map((one) => !isUntold(one))).toEqual(instants.map((_, turn) => turn < 3));
      const { gaps } = await lab.history().status();
      expect(gaps).toMatchObject([{ from: instants[2], until: instants[6] }]);
    }
  });

  it("keeps within bounds what hosts make large, and tells that it was cut", async () => {
    const lab = makeHistoryLab();
    const recorder = lab.addRecorder();
    const fields = (from: number) =>
      Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`f.${from + at}`, at]));
    await lab.putReport("i-1", fields(0));
    await lab.putReport("i-2", { constructor: 1, "a.b": "x", long: "y".repeat(10_000) });
    await recorder.record();
    lab.advance(MINUTE);
    await lab.putReport("i-1", fields(1000));
    await lab.putReport("i-2", { constructor: 2, "a.b": "z", long: `${"y".repeat(10_000)}z` });
    await recorder.record();
    const [, entry] = await gather(lab.history().readChanges({ since: 0, until: lab.clock() }));
    const of = (host: string) => entry?.changes.filter((change) => change.host === host) ?? [];
    expect(of("i-1")).toHaveLength(MAX_REPORT_CHANGES);
    expect(entry?.dropped).toBe(2000 - MAX_REPORT_CHANGES);
    expect(
      of("i-2").map(({ field, before, after, cut }) => [field, before?.length, after?.length, cut]),
    ).toEqual([
      ["constructor", 1, 1, undefined],
      ["a\\.b", 1, 1, undefined],
      ["long", MAX_CHANGE_TEXT, MAX_CHANGE_TEXT, true],
    ]);
    await expectNow(lab);
  });
});
