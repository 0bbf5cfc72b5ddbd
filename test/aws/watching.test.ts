// The alarms of the template and the metrics that the program writes: the same names, the same
// stack, as many as rollcall cost counts, and what CloudWatch would make of a store's days.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { deploy } from "../../infra/intrinsics.ts";
import { writeRollMetrics } from "../../src/api/roll-metrics.ts";
import { WATCHED } from "../../src/cli/commands/cost-prices.ts";
import { countAccounts } from "../../src/questions/account-counts.ts";
import { createRoll } from "../../src/roll/roll.ts";
import { makeStoreDouble } from "../../src/testing/store-double.ts";

const template = JSON.parse(
  readFileSync(new URL("../../infra/templates/rollcall-reader.template.json", import.meta.url), "utf8"),
);
const resources = deploy(template, { account: "111111111111", region: "eu-west-1", parameters: {} });
const alarms = Object.entries(resources).filter(([, { Type }]) => Type === "AWS::CloudWatch::Alarm");
const environment = resources.RefresherFunction?.Properties.Environment as
  | { readonly Variables: Readonly<Record<string, string>> }
  | undefined;
const stack = environment?.Variables.ROLLCALL_METRICS_STACK ?? "";

const HOUR = 3_600_000;

/** An alarm over one metric of the roll, as CloudFormation would make it. */
interface RollAlarm {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
  readonly Statistic: string;
  readonly Threshold: number;
  readonly EvaluationPeriods: number;
  readonly ComparisonOperator: string;
  readonly TreatMissingData: string;
}

const rollAlarm = (name: string) => resources[name]?.Properties as unknown as RollAlarm;

/** A store over days, of which the refresher writes once a period. */
function setUp() {
  const { store, clock, put, report, advance } = makeStoreDouble();
  const roll = createRoll({ store, clock });
  return {
    advance,
    async report(account: string, ...ids: string[]) {
      for (const id of ids) await put(`reports/v1/${account}/AROAX:${id}.json`, report(id));
    },
    async measure(): Promise<Record<string, unknown>> {
      const view = await roll.view();
      const options = { stack, asOf: view.asOf, now: clock(), accountMetrics: 0 };
      return JSON.parse(writeRollMetrics(countAccounts(view, 2 * HOUR), options)[0] ?? "");
    },
  };
}

/** As CloudWatch evaluates an alarm that ignores missing data, a data point a period. */
function evaluate(alarm: RollAlarm, points: readonly (number | undefined)[]): string[] {
  let state = "INSUFFICIENT_DATA";
  let breaching = 0;
  return points.map((point) => {
    if (point === undefined) return state;
    breaching = point >= alarm.Threshold ? breaching + 1 : 0;
    state = breaching >= alarm.EvaluationPeriods ? "ALARM" : breaching === 0 ? "OK" : state;
    return state;
  });
}

describe("the alarms for the roll", () => {
  const names = ["AlarmRollEmpty", "AlarmRollShrunken", "AlarmRollSilentAccounts"];

  it.each(names)("%s looks at what the refresher of this stack writes", async (name) => {
    const { report, advance, measure } = setUp();
    await report("111111111111", "i-0a");
    advance(3 * HOUR);
    const { _aws, ...written } = (await measure()) as {
      _aws: { CloudWatchMetrics: { Namespace: string; Dimensions: string[][] }[] };
      Stack: string;
    } & Record<string, unknown>;
    const { Namespace, MetricName, Dimensions, Statistic, ...rest } = rollAlarm(name);
    expect(Namespace).toBe(_aws.CloudWatchMetrics[0]?.Namespace);
    expect(written[MetricName]).toBeTypeOf("number");
    expect([Dimensions.map(({ Name }) => Name)]).toEqual(_aws.CloudWatchMetrics[0]?.Dimensions);
    expect(Dimensions).toEqual([{ Name: "Stack", Value: written.Stack }]);
    expect([Statistic, rest.ComparisonOperator, rest.TreatMissingData]).toEqual([
      "Minimum",
      "GreaterThanOrEqualToThreshold",
      "ignore",
    ]);
  });

  it("never go off over a new store, and stay on when an empty roll has expired", async () => {
    const { report, advance, measure } = setUp();
    const points: Record<string, unknown>[] = [];
    const pass = async (hours: number) => {
      advance(hours * HOUR);
      points.push(await measure());
    };
    const judge = (name: string) => {
      const alarm = rollAlarm(name);
      return evaluate(
        alarm,
        points.map((point) => point[alarm.MetricName] as number | undefined),
      );
    };
    for (const hours of [0, 1, 1]) await pass(hours);
    for (const name of names) expect(judge(name), name).not.toContain("ALARM");
    await report("111111111111", "i-0a", "i-0b");
    await report("222222222222", "i-0c");
    await pass(0.1);
    for (const name of names) expect(judge(name).at(-1), name).toBe("OK");
    // One account of two falls silent: a third of the hosts.
    advance(2.5 * HOUR);
    await report("111111111111", "i-0a", "i-0b");
    for (const hours of [0.1, 0.1]) await pass(hours);
    expect(names.map((name) => judge(name).at(-1))).toEqual(["OK", "OK", "ALARM"]);
    // Then all do; a day later nothing of them is left, and nobody has come back.
    for (const hours of [3, 0.1]) await pass(hours);
    expect(names.map((name) => judge(name).at(-1))).toEqual(["ALARM", "ALARM", "ALARM"]);
    for (const hours of [26, 0.1]) await pass(hours);
    expect(names.map((name) => judge(name).at(-1))).toEqual(["ALARM", "ALARM", "OK"]);
    await report("111111111111", "i-0a");
    await pass(0.1);
    expect(names.map((name) => judge(name).at(-1))).toEqual(["OK", "OK", "OK"]);
  });
});

describe("what rollcall cost counts", () => {
  it("is what the alarms look at", () => {
    const looked = alarms.map(([, { Properties }]) => {
      const metrics = (Properties.Metrics ?? [{ MetricStat: {} }]) as readonly { MetricStat?: object }[];
      return metrics.filter(({ MetricStat }) => MetricStat).length;
    });
    expect(looked.reduce((sum, count) => sum + count, 0)).toBe(WATCHED.alarmMetrics);
  });

  it("is what the refresher writes", async () => {
    const { report, measure } = setUp();
    await report("111111111111", "i-0a");
    const { _aws } = (await measure()) as { _aws: { CloudWatchMetrics: { Metrics: object[] }[] } };
    expect(_aws.CloudWatchMetrics[0]?.Metrics).toHaveLength(WATCHED.metrics);
  });
});
