// Tests of the roll's metrics: counted over a real roll, written as the specification of the
// embedded metric format has it.
import { describe, expect, it } from "vitest";
import { countAccounts } from "../questions/account-counts.ts";
import { createRoll } from "../roll/roll.ts";
import { makeStoreDouble } from "../testing/store-double.ts";
import { MAX_NAMED_ACCOUNTS, writeRollMetrics } from "./roll-metrics.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WINDOW = 2 * HOUR;
const [ONE, TWO] = ["111111111111", "222222222222"];

function setUp() {
  const double = makeStoreDouble();
  const { store, clock, put, report, advance } = double;
  const roll = createRoll({ store, clock });
  const keyOf = (account: string, id: string) => `v1/${account}/AROAEXAMPLE:${id}.json`;
  return {
    put,
    advance,
    report: (account: string, id: string) => put(`reports/${keyOf(account, id)}`, report(id)),
    leave: (account: string, id: string) => put(`departures/${keyOf(account, id)}`, "{}"),
    async measure({ accountMetrics = 0 } = {}) {
      const view = await roll.view();
      const counts = countAccounts(view, WINDOW);
      const options = { stack: "rollcall-reader", asOf: view.asOf, now: clock() + 250, accountMetrics };
      return writeRollMetrics(counts, options).map((line) => JSON.parse(line));
    },
  };
}

describe("the metrics of the whole roll", () => {
  it("say nothing of a share where no host was ever heard of", async () => {
    const [whole] = await setUp().measure();
    expect(whole).toMatchObject({ FreshHosts: 0, SilentHosts: 0, SilentAccounts: 0 });
    expect(whole).not.toHaveProperty("NotFreshPercent");
    expect(JSON.stringify(whole._aws)).not.toContain("NotFreshPercent");
  });

  it("follow a roll that shrinks, empties, expires and comes back", async () => {
    const { report, advance, measure } = setUp();
    for (const id of ["i-0a", "i-0b", "i-0c", "i-0d"]) await report(ONE, id);
    expect((await measure())[0]).toMatchObject({ FreshHosts: 4, NotFreshPercent: 0 });
    advance(WINDOW + MINUTE);
    await report(ONE, "i-0a");
    expect((await measure())[0]).toMatchObject({ FreshHosts: 1, SilentHosts: 3, NotFreshPercent: 75 });
    advance(WINDOW + MINUTE);
    expect((await measure())[0]).toMatchObject({ FreshHosts: 0, SilentHosts: 4, NotFreshPercent: 100 });
    advance(24 * HOUR);
    expect((await measure())[0]).not.toHaveProperty("NotFreshPercent");
    await report(ONE, "i-0a");
    advance(MINUTE);
    expect((await measure())[0]).toMatchObject({ FreshHosts: 1, NotFreshPercent: 0 });
  });

  it("count an account without a fresh host, and none whose hosts have left", async () => {
    const { report, leave, advance, measure } = setUp();
    await report(ONE, "i-0a");
    await report(TWO, "i-0b");
    await report("333333333333", "i-0c");
    advance(MINUTE);
    await leave("333333333333", "i-0c");
    advance(WINDOW);
    await report(ONE, "i-0a");
    const [whole] = await measure();
    expect(whole).toMatchObject({
      SilentAccounts: 1,
      FreshHosts: 1,
      SilentHosts: 1,
      NotFreshPercent: 50,
      accounts: { [ONE]: { fresh: 1, silent: 0 }, [TWO]: { fresh: 0, silent: 1 } },
      accounts_in_all: 2,
    });
    expect(whole.accounts).not.toHaveProperty("333333333333");
  });

  it("count a host whose report is spoilt as one that is not fresh, and nothing at the top", async () => {
    const { report, put, measure } = setUp();
    await report(ONE, "i-0a");
    await put(`reports/v1/${TWO}/AROAEXAMPLE:i-0b.json`, "no JSON");
    await put("notes.json", "no JSON");
    expect((await measure())[0]).toMatchObject({
      FreshHosts: 1,
      SetAsideHosts: 1,
      NotFreshPercent: 50,
      SilentAccounts: 1,
    });
  });

  it("name silent accounts first, and say how many are not named", async () => {
    const { report, advance, measure } = setUp();
    await report("000000000999", "i-0a");
    advance(WINDOW + MINUTE);
    for (let account = 1; account <= MAX_NAMED_ACCOUNTS + 4; account++)
      await report(String(account).padStart(12, "0"), "i-0b");
    const [whole] = await measure();
    expect(Object.keys(whole.accounts)).toHaveLength(MAX_NAMED_ACCOUNTS);
    expect(whole.accounts["000000000999"]).toEqual({ fresh: 0, silent: 1, set_aside: 0 });
    expect(whole).toMatchObject({ accounts_in_all: 105, accounts_not_named: 5, SilentAccounts: 1 });
  });
});

describe("the metrics of accounts", () => {
  it("are written for the largest ones, and how many have none is told", async () => {
    const { report, put, measure } = setUp();
    await put("i-0e.json", JSON.stringify({ update_date: "2024-02-28T14:00:00Z", instance_id: "i-0e" }));
    for (const id of ["i-0a", "i-0b"]) await report(TWO, id);
    for (const id of ["i-0c", "i-0d", "i-0f"]) await report(ONE, id);
    const [whole, ...each] = await measure({ accountMetrics: 2 });
    expect(whole.accounts_without_metrics).toBe(1);
    expect(whole.accounts.unknown).toEqual({ fresh: 1, silent: 0, set_aside: 0 });
    expect(each.map(({ Account, FreshHosts }) => [Account, FreshHosts])).toEqual([
      [ONE, 3],
      [TWO, 2],
    ]);
    expect(await measure()).toHaveLength(1);
  });
});

it("the lines keep the specification: each name that is declared stands beside it", async () => {
  const { report, measure } = setUp();
  await report(ONE, "i-0a");
  const lines = await measure({ accountMetrics: 5 });
  expect(lines).toHaveLength(2);
  for (const { _aws, ...members } of lines) {
    expect(Number.isInteger(_aws.Timestamp)).toBe(true);
    for (const { Namespace, Dimensions, Metrics } of _aws.CloudWatchMetrics) {
      expect(Namespace).toMatch(/^[\w./#:-]{1,255}$/);
      for (const name of Dimensions.flat()) expect(members[name]).toMatch(/^[\x21-\x7e]{1,1024}$/);
      expect(Metrics.length).toBeLessThanOrEqual(100);
      for (const { Name, Unit } of Metrics) {
        expect(members[Name]).toBeTypeOf("number");
        expect(["Count", "Percent", "Milliseconds"]).toContain(Unit);
      }
    }
  }
});
