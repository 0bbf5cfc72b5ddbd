// Tests of filters over what is no row of the roll: what was set aside, and who left.
import { describe, expect, it } from "vitest";
import { createRoll } from "../roll/roll.ts";
import { SHARED_YIELDER } from "../roll/yielder.ts";
import { makeStoreDouble } from "../testing/store-double.ts";
import { makeSources } from "../testing/view-double.ts";
import { askQuestion, isRefusal, readPreferences } from "./asker.ts";
import { coverage, type ShownCoverage } from "./coverage-question.ts";
import { problems, type ShownProblem } from "./problems-question.ts";
import type { ParameterValues, Question } from "./question.ts";

const HOUR = 3_600_000;
const OLD = "reports/v1/123456789012/AROAOLD:i-1.json";

/** A store with a host of each kind: fresh, of another role before, departed, unreadable. */
async function setUp() {
  const { store, clock, put, report, advance, inner } = makeStoreDouble();
  await put(OLD, report("i-1", { instance_name: "dev_web_1" }));
  await put("reports/v1/123456789012/AROA:i-2.json", report("i-2", { instance_name: "prod_web_2" }));
  await put("reports/v1/123456789012/AROA:i-3.json", report("i-3", { instance_name: "dev_web_3" }));
  await put("reports/v1/210987654321/AROA:i-4.json", "no JSON");
  advance(1000);
  await put("reports/v1/123456789012/AROANEW:i-1.json", report("i-1", { instance_name: "prod_web_1" }));
  for (const id of ["i-2", "i-3"]) await put(`departures/v1/123456789012/AROA:${id}.json`, "");
  advance(1000);
  const roll = createRoll({ store, clock });
  const ask = async (question: Question, given: ParameterValues, expected?: readonly string[]) => {
    const { parameters } = readPreferences(question, given);
    const sources = {
      ...makeSources(),
      viewAt: () => roll.view(),
      viewHost: (id: string) => roll.viewHost(id),
      windowMs: 2 * HOUR,
      readExpected: async () => (expected ? { expected: new Set(expected) } : {}),
      clones: { list: () => [] },
      clock,
      yielder: SHARED_YIELDER,
    };
    const { signal } = new AbortController();
    const answer = await askQuestion(question, parameters, sources, { format: "json", signal });
    if (isRefusal(answer)) throw new Error(answer.detail);
    return { facts: answer.facts, body: JSON.parse(Buffer.concat([...answer.write()]).toString()) };
  };
  return {
    inner,
    async listProblems(given: ParameterValues) {
      const { facts, body } = await ask(problems, given);
      const shown = body as ShownProblem[];
      return { reasons: shown.map(({ reason }) => reason), warnings: facts.warnings.join("; ") };
    },
    async cover(given: ParameterValues, expected?: readonly string[]) {
      const { facts, body } = await ask(coverage, given, expected);
      return { ...(body as ShownCoverage), warnings: facts.warnings.join("; ") };
    },
  };
}

describe("problems under a filter", () => {
  it("are those of reports that match, and those of which it cannot be told", async () => {
    const { listProblems } = await setUp();
    expect((await listProblems([])).reasons).toEqual(["superseded", "not_json"]);
    const told = "1 of 2 could not be read: whether they match cannot be told";
    expect(await listProblems([["env", "dev"]])).toEqual({
      reasons: ["superseded", "not_json"],
      warnings: told,
    });
    expect(await listProblems([["region", "eu-west-1"]])).toEqual({
      reasons: ["not_json"],
      warnings: "1 of 1 could not be read: whether they match cannot be told",
    });
    expect((await listProblems([["env", "prod"]])).reasons).toEqual(["not_json"]);
    expect(
      (
        await listProblems([
          ["instance_name", "dev_*"],
          ["reason", "superseded"],
        ])
      ).reasons,
    ).toEqual(["superseded"]);
  });

  it("go by the account that the key says, of what cannot be read too", async () => {
    const { listProblems } = await setUp();
    expect(await listProblems([["account", "123456789012"]])).toEqual({
      reasons: ["superseded"],
      warnings: "",
    });
    expect(await listProblems([["account", "not:123456789012"]])).toEqual({
      reasons: ["not_json"],
      warnings: "",
    });
    expect(
      (
        await listProblems([
          ["account", "2*"],
          ["env", "dev"],
        ])
      ).reasons,
    ).toEqual(["not_json"]);
  });

  it("refuse a name that nobody knows, and parameters of other questions", async () => {
    const { listProblems } = await setUp();
    await expect(listProblems([["instance_nam", "x"]])).rejects.toThrow("did you mean instance_name");
    expect(
      (
        await listProblems([
          ["instance_nam", "x"],
          ["lenient", "true"],
        ])
      ).reasons,
    ).toEqual(["not_json"]);
    await expect(listProblems([["state", "all"]])).rejects.toThrow("state: has no meaning here");
  });
});

describe("coverage under a filter", () => {
  it("counts those that left, and what was set aside, by their last reports", async () => {
    const { cover } = await setUp();
    expect(await cover([["env", "prod"]])).toMatchObject({
      fresh: 1,
      departed: [{ id: "i-2" }],
      set_aside: [{ reason: "not_json" }],
      counts: { departed: 1, set_aside: 1 },
      warnings: expect.stringContaining("of 1 objects that were set aside it cannot be told"),
    });
    expect(
      await cover([
        ["account", "210987654321"],
        ["lenient", "true"],
      ]),
    ).toMatchObject({
      fresh: 0,
      departed: [],
      set_aside: [{ reason: "not_json" }],
    });
  });

  it("names no host as missing that left and is not in question", async () => {
    const { cover } = await setUp();
    const expected = ["i-1", "i-2", "i-3", "i-9"];
    expect(await cover([["env", "prod"]], expected)).toMatchObject({
      expected: 3,
      reported: 1,
      missing: [{ id: "i-9", since: null }],
      warnings: expect.stringContaining("of expected hosts without a report it cannot be told"),
    });
  });
});
