// Tests of the recorder and of what history tells of what it recorded.
import { describe, expect, it } from "vitest";
import { readReports } from "../roll/view.ts";
import { gather, MINUTE, makeHistoryLab, writeArray } from "../testing/history-lab.ts";
import { isUntold, type Recorded } from "./recorded.ts";

/** What is told of a change, in short. */
const shorten = ({ host, kind, field, before, after }: Record<string, unknown>) =>
  [host, kind, field, before, after].filter((text) => text !== "" && text !== null).join(" ");

async function listChanges(lab: ReturnType<typeof makeHistoryLab>): Promise<string[]> {
  const span = { since: 0, until: lab.clock() };
  const entries = await gather(lab.history().readChanges(span));
  return entries.flatMap(({ changes }) => changes.map((change) => shorten({ ...change })));
}

function told(answer: Recorded | { readonly untold: string }): Recorded {
  if ("untold" in answer) throw new Error(answer.untold);
  return answer;
}

describe("recorder", () => {
  it("records what changed, arrived, left and was set aside, and each instant as it was", async () => {
    const lab = makeHistoryLab();
    const { putReport, put, advance, roll, clock } = lab;
    const recorder = lab.addRecorder();
    await putReport("i-1", { processes: [{ module: "A_1.9", state: "running" }], app_version: "1" });
    await putReport("i-2", { app_version: "1" });
    await putReport("i-3", { app_version: "1" });
    const live: { at: number; array: string }[] = [];
    const look = async () => {
      const outcome = await recorder.record();
      const view = await roll.view();
      live.push({ at: view.asOf, array: await writeArray(view) });
      advance(MINUTE);
      return outcome;
    };
    expect(await look()).toMatchObject({ kind: "recorded", number: 1, changes: 0 });
    await putReport("i-1", { processes: [{ module: "A_1.10", state: "restart_pending" }], app_version: "1" });
    await putReport("i-4");
    expect(await look()).toMatchObject({ kind: "recorded", number: 2, changes: 3 });
    await put("departures/v1/local/i-2.json", "");
    await put("reports/v1/local/i-3.json", "no json");
    await look();
    await lab.inner.delete("reports/v1/local/i-4.json");
    await putReport("i-1", { processes: [{ module: "A_1.10", state: "running" }], app_version: "1" });
    await putReport("i-3", { app_version: "2" });
    await look();
    expect(await listChanges(lab)).toEqual([
      "i-1 changed processes.0.module A_1.9 A_1.10",
      "i-1 restart_pending processes.0.state running restart_pending",
      "i-4 arrived",
      "i-2 departed",
      "i-3 set_aside not_json",
      "i-1 restarted processes.0.state restart_pending running",
      "i-3 restored not_json",
      "i-4 removed",
    ]);
    for (const { at, array } of live) {
      const { view } = told(await lab.history().viewAt(at + 1));
      expect(await writeArray(view)).toBe(array);
      expect(view.version % 1).toBe(0.5);
    }
    expect(await lab.history().viewAt(clock() + 1)).toMatchObject({ untold: "it is yet to come" });
  });

  it("takes a report that is the same but for noise as a receipt", async () => {
    const lab = makeHistoryLab();
    const recorder = lab.addRecorder();
    const rollcall = (duration: number) => ({ collectors: [{ collector: "host", duration_ms: duration }] });
    await lab.putReport("i-1", { app: "1", rollcall: rollcall(1) });
    await recorder.record();
    lab.advance(MINUTE);
    await lab.putReport("i-1", { app: "1", rollcall: rollcall(22) });
    expect(await recorder.record()).toMatchObject({ kind: "recorded", changes: 0 });
    const { view } = told(await lab.history().viewAt(lab.clock()));
    expect(view.reports.receivedAt[0]).toBe(lab.clock());
    expect(readReports(view.reports)[0]?.body.toString()).toContain('"duration_ms":1}');
    const [all, ...later] = await gather(
      lab.history().readReceipts({ since: lab.clock() - 1, until: lab.clock() }),
    );
    expect(all).toMatchObject({ isWhole: true, keys: ["reports/v1/local/i-1.json"] });
    expect(later).toMatchObject([{ entry: 2, keys: ["reports/v1/local/i-1.json"], left: [] }]);
  });

  it("says that nothing changed now and then, and tells a gap where nobody looked", async () => {
    const lab = makeHistoryLab();
    const recorder = lab.addRecorder();
    await lab.putReport("i-1");
    await recorder.record();
    const outcomes: string[] = [];
    for (let minute = 0; minute < 6; minute++) {
      lab.advance(MINUTE);
      outcomes.push((await recorder.record()).kind);
    }
    expect(outcomes).toEqual(["unchanged", "unchanged", "recorded", "unchanged", "unchanged", "recorded"]);
    const from = lab.clock();
    lab.advance(60 * MINUTE);
    await lab.addRecorder().record();
    const until = lab.clock();
    const gap = { from, until, reason: "no recorder ran, or it could not reach the store" };
    expect(await lab.history().viewAt(from + 30 * MINUTE)).toEqual({ untold: gap.reason, from, until });
    expect(isUntold(await lab.history().viewAt(from))).toBe(false);
    // Of a stretch that ends in it too, though the entry that tells it is a later one.
    const changes = await gather(lab.history().readChanges({ since: 0, until: from + 30 * MINUTE }));
    expect(changes.at(-1)).toMatchObject({ at: from + 30 * MINUTE, changes: [], gap });
    expect(await lab.history().status()).toMatchObject({ entries: 4, gaps: [gap], until });
  });

  it("goes on where another writer was quicker, and makes one history", async () => {
    const lab = makeHistoryLab();
    const [one, other] = [lab.addRecorder(), lab.addRecorder()];
    await lab.putReport("i-1", { v: 0 });
    await one.record();
    for (let turn = 1; turn <= 20; turn++) {
      lab.advance(MINUTE);
      await lab.putReport("i-1", { v: turn });
      await Promise.all(turn % 2 === 0 ? [one.record(), other.record()] : [other.record(), one.record()]);
    }
    const changes = await listChanges(lab);
    expect(changes).toEqual(Array.from({ length: 20 }, (_, at) => `i-1 changed v ${at} ${at + 1}`));
  });
});
