// Tests by chance: a fleet lives for a while, recorders look at it, and each instant that they
// recorded is told as it was answered live.
import { describe, expect, it } from "vitest";
import type { Problem } from "../report/problem.ts";
import type { RollView } from "../roll/view.ts";
import { gather, MINUTE, makeHistoryLab, writeArray } from "../testing/history-lab.ts";
import { runs } from "../testing/runs.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import type { Change } from "./change.ts";
import { isUntold, type RecordedFacts } from "./recorded.ts";

/** One life of a fleet: what may happen to its hosts in a minute. */
function makeFleet(lab: ReturnType<typeof makeHistoryLab>, seed: number) {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const values = new Map<string, Record<string, unknown>>();
  const ids = Array.from({ length: 30 }, (_, at) => `i-${at}`);
  const key = (id: string, writer = "") => `reports/v1/local/${writer}${id}.json`;
  const module = () => ({
    module: `A_1.${Math.floor(random() * 4)}`,
    state: pick(["running", "restart_pending"]),
  });
  const report = async (id: string, place = key(id)) => {
    const own = values.get(id) ?? { app: "1" };
    values.set(id, own);
    await lab.put(place, lab.report(id, { ...own, rollcall: { collectors: [{ duration_ms: random() }] } }));
  };
  const events: ((id: string) => Promise<unknown>)[] = [
    async (id) => await report(id),
    async (id) => await report(id),
    async (id) => {
      values.set(id, { ...values.get(id), app: pick(["1", "2", "1.10", 1, null]) });
      await report(id);
    },
    async (id) => {
      values.set(id, { ...values.get(id), processes: Array.from({ length: 3 }, module) });
      await report(id);
    },
    async (id) => {
      const name = pick(["a.b", "constructor", "flap", "__proto", ""]);
      const { [name]: had, ...others } = values.get(id) ?? {};
      values.set(
        id,
        had === undefined ? { ...others, [name]: "x".repeat(random() < 0.1 ? 10_000 : 3) } : others,
      );
      await report(id);
    },
    async (id) => await lab.put(`departures/v1/local/${id}.json`, ""),
    async (id) => await lab.put(key(id), pick(["", "no json", '{"instance_id":"other"}'])),
    async (id) => await lab.inner.delete(key(id)),
    // Another role's name for the same host: one of the two is superseded.
    async (id) => await report(id, key(id, "ROLE:")),
    // The same bytes again.
    async (id) => await lab.put(key(id), (await lab.inner.get(key(id), { maxBytes: 1e6 }))?.body ?? "{}"),
  ];
  return {
    random,
    async live() {
      for (let count = Math.floor(random() * 6); count > 0; count--) await pick(events)(pick(ids));
    },
  };
}

const problem = (key: string, at: number): Problem => ({
  key,
  reason: "clone",
  detail: "two machines",
  receivedAt: at,
  size: 0,
});

/** What was answered live at an instant. */
interface Live {
  readonly at: number;
  readonly array: string;
  readonly shown: object;
  readonly facts: RecordedFacts;
}

const show = ({ problems, problemCount, departed }: RollView) => ({ problems, problemCount, departed });

function chooseFacts(random: () => number, minute: number): RecordedFacts {
  const hosts = [`i-${minute % 3}`, "i-5", `i-9${minute % 2}`].sort();
  const expected = random() < 0.3 ? { mistake: "no file" } : random() < 0.5 ? { hosts } : {};
  const clones = random() < 0.5 ? [problem("a", minute), problem(`b${minute % 2}`, 1)] : [];
  return { labels: [{ field: "x", pattern: `(?<env>${minute % 2})` }], expected, clones, bounds: [] };
}

/** Two recorders look at a fleet, and are started anew now and then. */
async function liveOnce(
  lab: ReturnType<typeof makeHistoryLab>,
  seed: number,
  minutes: number,
): Promise<Live[]> {
  const { random, live: letLive } = makeFleet(lab, seed);
  const recorders = [lab.addRecorder(), lab.addRecorder()];
  const live: Live[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    await letLive();
    if (random() < 0.1) recorders[random() < 0.5 ? 0 : 1] = lab.addRecorder();
    if (random() < 0.2) lab.facts = chooseFacts(random, minute);
    const outcome = await recorders[random() < 0.7 ? 0 : 1]?.record();
    if (outcome?.kind === "recorded") {
      const view = await lab.roll.view();
      expect(view.asOf).toBe(outcome.at);
      live.push({ at: view.asOf, array: await writeArray(view), shown: show(view), facts: lab.facts });
    }
    // At times nobody looks for hours; days end.
    lab.advance(random() < 0.05 ? 300 * MINUTE : MINUTE);
  }
  return live;
}

async function compare(
  lab: ReturnType<typeof makeHistoryLab>,
  live: readonly Live[],
  seed: number,
): Promise<void> {
  const told = await gather(lab.history().viewsAt(live.map(({ at }) => at)));
  for (const [place, { at, array, shown, facts }] of live.entries()) {
    const one = told[place];
    if (!one || isUntold(one)) throw new Error(`seed ${seed}: ${one?.untold} at ${at}`);
    expect(await writeArray(one.view), `seed ${seed}`).toBe(array);
    expect(show(one.view), `seed ${seed}`).toEqual(shown);
    expect(one.facts).toEqual(facts);
  }
  const sample = live[Math.floor(live.length / 2)];
  const alone = sample && (await lab.history().viewAt(sample.at));
  expect(!alone || isUntold(alone) ? undefined : await writeArray(alone.view)).toBe(sample?.array);
}

/**
 * Each change begins where the one before it of the same field ended, as long as the host stayed.
 */
function checkValues(entries: readonly { readonly changes: readonly Change[] }[], seed: number): void {
  const last = new Map<string, string | null>();
  for (const change of entries.flatMap(({ changes }) => changes)) {
    const { host, key, kind, field, before, after } = change;
    if (field === "") {
      for (const name of last.keys()) if (name.startsWith(`${key} `)) last.delete(name);
      continue;
    }
    if (field !== "app") continue;
    const known = last.get(`${key} ${field}`);
    if (known !== undefined) expect([host, kind, before], `seed ${seed}`).toEqual([host, kind, known]);
    expect(after).not.toBe(before);
    last.set(`${key} ${field}`, after);
  }
}

describe("history of a fleet", () => {
  it("tells each recorded instant as it was answered live, byte for byte but for noise", async () => {
    for (let seed = 1; seed <= runs(3); seed++) {
      const lab = makeHistoryLab();
      await compare(lab, await liveOnce(lab, seed, 80), seed);
      checkValues(await gather(lab.history().readChanges({ since: 0, until: lab.clock() })), seed);
    }
  });
});
