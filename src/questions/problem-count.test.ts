// Tests of Rollcall-Problems: one number with one meaning, in the answer to every question.
import { describe, expect, it } from "vitest";
import type { Problem } from "../report/problem.ts";
import { makeQuestionSources, makeView, NOW } from "../testing/view-double.ts";
import { isRefusal } from "./asker.ts";
import { QUESTIONS } from "./registry.ts";

const make = (id: string, reason: Problem["reason"]): Problem => ({
  key: `reports/v1/local/${id}.json`,
  reason,
  detail: "of no matter here",
  receivedAt: NOW,
  size: 3,
});

const BODY = '{"instance_id":"i-1","update_date":"2024-03-01T00:00:00Z","instance_name":"prod_web_1"}';
const VIEW = makeView([{ id: "i-1", ageMs: 0, body: BODY }], {
  problems: [make("i-8", "not_json"), make("i-9", "empty")],
  problemCount: 2,
});

/** Of a server that has refused a clone and a key that wrote too much: neither was ever stored. */
const SOURCES = makeQuestionSources(VIEW, {
  clones: { list: () => [make("i-1", "clone")] },
  bounds: { list: () => [make("i-2", "over_limit")] },
});

const counting = QUESTIONS.filter(({ answer }) => answer.facts.includes("Rollcall-Problems"));

describe("the number of problems", () => {
  it("is asked of all questions about many hosts", () => {
    expect(counting.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["reports", "versions", "coverage", "problems", "fields"]),
    );
  });

  it.each(counting)("of $name is what the store has set aside, filtered or not", async (question) => {
    const field: [string, string][] = question.name === "versions" ? [["field", "instance_name"]] : [];
    for (const filter of [[], [["env", "prod"]], [["account", "local"]]] as [string, string][][]) {
      const answer = await question.ask(SOURCES, [...field, ...filter], new AbortController().signal);
      if (isRefusal(answer)) throw new Error(answer.detail);
      expect([filter, answer.facts.problems]).toEqual([filter, 2]);
    }
  });
});
