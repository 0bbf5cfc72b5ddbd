// Tests of what is behind where the whole fleet is the standard, and of how often it is looked at.
import { expect, it } from "vitest";
import { createYielder } from "../roll/yielder.ts";
import { makeQuestionSources, makeView, NOW } from "../testing/view-double.ts";
import { isRefusal } from "./asker.ts";
import { QueryError } from "./query.ts";
import type { QuestionSources } from "./question.ts";
import type { VersionCount } from "./versions.ts";
import { versions } from "./versions-question.ts";

const make = (id: string, service: string, m: string, ageMs = 1000) => ({
  id,
  ageMs,
  body: JSON.stringify({
    update_date: "2024-03-01T00:00:00Z",
    instance_id: id,
    instance_name: `prod_${service}_${id}`,
    m,
  }),
});
const FLEET = [
  make("i-1", "web", "A_red_1.10"),
  make("i-2", "batch", "A_red_1.9"),
  make("i-3", "batch", "1.2.3"),
  make("i-4", "batch", "1.2.2"),
  make("i-5", "web", "1.2.2"),
  make("i-6", "web", "2.0"),
  make("i-7", "batch", "A_red_2.0", 3 * 3_600_000),
];

async function ask(query: string, sources: QuestionSources) {
  const answer = await versions.ask(sources, [...new URLSearchParams(query)], new AbortController().signal);
  if (isRefusal(answer)) throw new Error(answer.detail);
  const { rows } = answer.body;
  return {
    rows,
    facts: answer.facts,
    behind: rows.filter(({ behind }) => behind).map(({ value, newest }) => `${value} < ${newest}`),
  };
}

it("compares with the newest of all hosts, versions that stand alone within their service", async () => {
  const sources = makeQuestionSources(makeView(FLEET));
  const batch = "field=m&service=batch";
  expect((await ask(batch, sources)).behind).toEqual(["1.2.2 < 1.2.3"]);
  expect((await ask(`${batch}&newest=fleet`, sources)).behind).toEqual(["1.2.2 < 1.2.3", "A_red_1.9 < 1.10"]);
  // Counts are those of the hosts in question, whatever they are compared with.
  const strip = ({ count, share, share_of_variant }: VersionCount) => ({ count, share, share_of_variant });
  expect((await ask(`${batch}&newest=fleet`, sources)).rows.map(strip)).toEqual(
    (await ask(batch, sources)).rows.map(strip),
  );
  // Of the state that is asked for.
  expect((await ask(`${batch}&newest=fleet&state=all`, sources)).behind).toEqual([
    "1.2.2 < 1.2.3",
    "A_red_1.9 < 2.0",
  ]);
  expect((await ask("field=m&newest=fleet", sources)).rows).toEqual((await ask("field=m", sources)).rows);
});

it("says what it takes", async () => {
  const sources = makeQuestionSources(makeView(FLEET));
  await expect(ask("newest=all", sources)).rejects.toThrow(QueryError);
  await expect(ask("newest=all", sources)).rejects.toThrow("newest: should be one of chosen, fleet");
});

it("tells that the newest may be among values that were not looked at", async () => {
  const many = Array.from({ length: 11 }, (_, at) => ({
    ...make(`many-${at}`, "other", ""),
    body: JSON.stringify({
      update_date: "2024-03-01T00:00:00Z",
      instance_id: `many-${at}`,
      m: Array.from({ length: 1000 }, (_, index) => `${at}_1.${index}`),
    }),
  }));
  const sources = makeQuestionSources(makeView([...FLEET, ...many]));
  const { facts } = await ask("field=m&service=batch&newest=fleet", sources);
  expect(facts.cuts?.map(({ kind }) => kind)).toEqual(["values"]);
  expect(facts.warnings.join()).toContain("values of the fewest hosts of the fleet were not looked at");
  expect((await ask("field=m&service=batch", sources)).facts.cuts).toEqual([]);
});

it("looks at the fleet once for all its parts, and again when a host changes its state by age", async () => {
  const parts = Array.from({ length: 20 }, (_, at) => `s${at}`);
  const reports = parts.flatMap((part, number) =>
    Array.from({ length: 100 }, (_, at) => make(`${part}-${at}`, part, `A_red_1.${number}.${at}`)),
  );
  const view = makeView([...reports, make("old", "s0", "A_red_9.0", 3_600_000)]);
  let work = 0;
  const yielder = createYielder();
  const sources = makeQuestionSources(view, {
    yielder: {
      spend: (bytes) => {
        work += bytes;
        return yielder.spend(bytes);
      },
    },
  });
  const measure = async (part: string) => {
    work = 0;
    const { rows } = await ask(`field=m&service=${part}&newest=fleet`, sources);
    expect(rows.map(({ newest }) => newest)).toEqual(Array(100).fill("9.0"));
    return work;
  };
  const first = await measure("s1");
  const others: number[] = [];
  for (const part of parts.slice(2)) others.push(await measure(part));
  // The first one alone counts all hosts.
  expect(Math.max(...others)).toBeLessThan(first / 5);
  const later = { ...sources, viewAt: async () => ({ ...view, asOf: NOW + 2 * 3_600_000 - 60_000 }) };
  const { rows } = await ask("field=m&service=s0&newest=fleet", later);
  expect(rows.map(({ newest }) => newest)).toEqual(Array(100).fill("1.19.99"));
});
