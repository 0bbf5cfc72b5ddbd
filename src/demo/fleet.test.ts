// Tests of the demo fleet.
import { describe, expect, it } from "vitest";
import { judgeFreshness } from "../report/freshness.ts";
import { parseReportKey } from "../report/key.ts";
import { DEFAULT_WINDOW_MS, MAX_REPORT_BYTES } from "../report/limits.ts";
import { isRejected, parseReport } from "../report/report.ts";
import type { Store } from "../store/store.ts";
import { createDemoFleet } from "./fleet.ts";

const START = Date.UTC(2026, 1, 1);

async function readFleet(store: Store, now: number) {
  const fleet = { reports: [] as Array<Record<string, unknown>>, rejected: 0, silent: 0, bytes: "" };
  for await (const page of store.list("reports/v1/")) {
    for (const { key, lastModified } of page) {
      const object = await store.get(key, { maxBytes: MAX_REPORT_BYTES });
      if (!object) throw new Error(key);
      fleet.bytes += object.body.toString();
      if (isRejected(parseReport(object.body, parseReportKey(key)?.id ?? ""))) fleet.rejected++;
      else fleet.reports.push(JSON.parse(object.body.toString()));
      if (judgeFreshness(lastModified, now, DEFAULT_WINDOW_MS) === "silent") fleet.silent++;
    }
  }
  return fleet;
}

const count = (values: readonly unknown[]) => new Set(values).size;

describe("createDemoFleet", () => {
  it("has hosts of every kind that a newcomer should meet", async () => {
    const { store } = await createDemoFleet({ count: 500, clock: () => START, version: "0.0.0" });
    const { reports, rejected, silent } = await readFleet(store, START);
    expect(reports.length + rejected).toBe(500);
    expect(rejected).toBe(1);
    expect(silent).toBeGreaterThan(3);
    expect(silent).toBeLessThan(40);
    expect(count(reports.map(({ instance_id }) => instance_id))).toBe(reports.length);
    expect(count(reports.map(({ instance_life_cycle }) => instance_life_cycle))).toBe(2);
    expect(count(reports.map(({ app_version }) => app_version))).toBe(6);
    expect(count(reports.map(({ instance_name }) => String(instance_name).replace(/_instance.*/, "")))).toBe(
      6,
    );
    const processes = reports.flatMap((one) => one.processes as Record<string, unknown>[]);
    const ofState = (state: string) => processes.filter((one) => one.state === state);
    for (const [state, needed] of [
      ["running", ["started_at"]],
      ["restart_pending", ["started_at", "changed"]],
      ["not_running", []],
      ["unknown", ["reason"]],
    ] as const) {
      expect(ofState(state).length).toBeGreaterThan(2);
      for (const one of ofState(state)) expect(Object.keys(one)).toEqual(expect.arrayContaining([...needed]));
    }
    expect(ofState("running").length).toBeGreaterThan(processes.length * 0.85);
    expect(processes.every(({ state }) => typeof state === "string")).toBe(true);
  });

  it("is the same at every start, and works with one host", async () => {
    const make = async (size: number) =>
      readFleet((await createDemoFleet({ count: size, clock: () => START, version: "0" })).store, START);
    expect((await make(30)).bytes).toBe((await make(30)).bytes);
    expect((await make(1)).reports).toHaveLength(1);
    expect((await make(0)).reports).toHaveLength(0);
  });

  it("goes on reporting, and its hosts update", async () => {
    let now = START;
    const fleet = await createDemoFleet({ count: 200, clock: () => now, version: "0" });
    const before = await readFleet(fleet.store, now);
    for (let hour = 0; hour < 5; hour++) {
      now += 3_600_000;
      await fleet.step();
    }
    const after = await readFleet(fleet.store, now);
    expect(after.silent).toBeLessThanOrEqual(before.silent);
    const behind = ({ reports }: typeof after) =>
      reports.filter(({ app_version }) => ["1.2.2", "2.9.4", "0.9.6"].includes(String(app_version))).length;
    expect(behind(after)).toBeLessThan(behind(before) / 2);
  });
});
