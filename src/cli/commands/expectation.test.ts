// Tests of a server's coverage that is compared here: what its lists leave out is not said to be
// missing.
import { describe, expect, it } from "vitest";
import { askQuestion, isRefusal } from "../../questions/asker.ts";
import { coverage as question, type ShownCoverage } from "../../questions/coverage-question.ts";
import type { ParameterValues, QuestionSources } from "../../questions/question.ts";
import { createRoll } from "../../roll/roll.ts";
import type { RollView } from "../../roll/view.ts";
import { SHARED_YIELDER } from "../../roll/yielder.ts";
import { makeStoreDouble } from "../../testing/store-double.ts";
import { type Given, makeSources, makeView, NOW } from "../../testing/view-double.ts";
import { coverage as layout } from "../layouts/coverage.ts";
import type { AnswerSource } from "./answer-source.ts";
import { compareAnswers, gather } from "./expectation.ts";

const HOUR = 3_600_000;
/** More than one list of an answer names. */
const MANY = 10_005;

const make = (id: string, ageMs: number): Given => ({
  id,
  ageMs,
  body: `{"instance_id":"${id}","update_date":"2024-03-01T00:00:00Z"}`,
});
const silent = Array.from({ length: MANY }, (_, at) => make(`silent-${at}`, 20 * HOUR - at));
const departed = Array.from({ length: MANY }, (_, at) => ({
  key: `reports/v1/local/left-${at}.json`,
  receivedAt: NOW - at,
}));

/** Answers as a server does that knows of no expected hosts. */
function serve(view: RollView): AnswerSource {
  const sources: QuestionSources = {
    ...makeSources(),
    viewAt: async () => view,
    viewHost: async () => view,
    windowMs: 2 * HOUR,
    readExpected: async () => ({}),
    clones: { list: () => [] },
    clock: () => NOW,
    yielder: SHARED_YIELDER,
  };
  return {
    kind: "server",
    name: "https://rollcall.example.com",
    isTyped: false,
    async ask(asked, parameters, format) {
      const { signal } = new AbortController();
      const answer = await askQuestion(asked, parameters, sources, { format, signal });
      if (isRefusal(answer)) throw new Error(answer.detail);
      return { facts: answer.facts, body: answer.write() };
    },
  };
}

async function compare(view: RollView, expected: readonly string[], parameters: ParameterValues = []) {
  const source = compareAnswers(serve(view), new Set(expected));
  const { facts, body } = await source.ask(question, parameters, "json");
  const json = await gather(body);
  return { facts, json, document: JSON.parse(json.toString()) as ShownCoverage };
}

describe("a server's coverage, compared with a list of one's own", () => {
  it("says of hosts that a cut list leaves out that it cannot be told, and fails so", async () => {
    const view = makeView([make("a", 0), ...silent], { departed });
    const last = `silent-${MANY - 1}`;
    const { document, facts, json } = await compare(view, [
      "a",
      last,
      "left-0",
      `left-${MANY - 1}`,
      "never-seen",
    ]);
    expect(document.departed).toHaveLength(10_000);
    expect(document).toMatchObject({
      expected: 5,
      reported: 1,
      missing: [{ id: last, since: new Date(NOW - 20 * HOUR + MANY - 1).toISOString() }],
      counts: { departed: MANY, silent: MANY, missing: 1, cannot_be_told: 2 },
    });
    const told = "whether 2 expected hosts are missing or have left cannot be told";
    expect(facts.warnings.join()).toContain(told);
    expect(layout.judge?.(json)).toBe("1 expected hosts did not report");
    const untold = await compare(view, ["a", "never-seen"]);
    expect(layout.judge?.(untold.json)).toBe("of 1 expected hosts it cannot be told whether they left");
    const sheet = await layout.layOut(
      { ...untold, parameters: [] },
      {
        flags: {},
        formatInstant: String,
        findNames: async () => new Map(),
        ask: async () => Buffer.alloc(0),
      },
    );
    expect(sheet.lead?.join()).toContain("1 of 2 reported; of 1 it cannot be told whether they left");
  });

  it("tells who is missing where no list is cut", async () => {
    const { document } = await compare(makeView([make("a", 0)], { departed: departed.slice(0, 3) }), [
      "a",
      "left-2",
      "never-seen",
    ]);
    expect(document).toMatchObject({ missing: [{ id: "never-seen", since: null }], counts: { missing: 1 } });
    expect(document.counts).not.toHaveProperty("cannot_be_told");
  });

  it("names no host as missing that left and is not in question", async () => {
    const { store, clock, put, report, advance } = makeStoreDouble();
    for (const [id, env] of [
      ["i-1", "prod"],
      ["i-2", "prod"],
      ["i-3", "dev"],
    ] as const)
      await put(`reports/v1/local/${id}.json`, report(id, { instance_name: `${env}_web_1` }));
    advance(1000);
    for (const id of ["i-2", "i-3"]) await put(`departures/v1/local/${id}.json`, "");
    advance(1000);
    const view = await createRoll({ store, clock }).view();
    const { document } = await compare(view, ["i-1", "i-2", "i-3", "i-9"], [["env", "prod"]]);
    expect(document).toMatchObject({
      expected: 3,
      reported: 1,
      missing: [{ id: "i-9", since: null }],
      departed: [{ id: "i-2" }],
    });
  });

  it("does not say that hosts never reported where not all was read", async () => {
    const view = makeView([make("a", 0)], { partial: { reason: "the store failed", missing: 1 } });
    const answer = await compare(view, ["a", "b"]);
    const told = "whether hosts in the list missing reported since cannot be told";
    expect(answer.facts.warnings.join()).toContain(told);
    const sheet = await layout.layOut(
      { ...answer, parameters: [] },
      {
        flags: {},
        formatInstant: String,
        findNames: async () => new Map(),
        ask: async () => Buffer.alloc(0),
      },
    );
    expect(JSON.stringify(sheet.tables)).toContain("not known");
    expect(JSON.stringify(sheet.tables)).not.toContain("never");
  });
});
