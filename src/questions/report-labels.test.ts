// Tests of labels among the fields that an answer keeps.
import { expect, it } from "vitest";
import { SHARED_YIELDER } from "../roll/yielder.ts";
import { makeQuestionSources, makeView } from "../testing/view-double.ts";
import { isRefusal } from "./asker.ts";
import { QUESTIONS } from "./registry.ts";

const REPORTS = [
  { id: "i-1", fields: { instance_name: "prod_service1_a", env: "own" } },
  { id: "i-2", fields: { instance_name: "stg_service2_b" } },
  { id: "i-3", fields: { instance_name: ["prod_x_c", "dev_x_c"] } },
  { id: "i-4", fields: { instance_name: "unlabelled", "label.env": "of the host" } },
].map(({ id, fields }) => ({
  id,
  ageMs: 1000,
  body: JSON.stringify({ update_date: "2024-03-01T00:00:00Z", instance_id: id, ...fields }),
}));

async function ask(name: string, query: string) {
  const question = QUESTIONS.find((one) => one.name === name);
  if (!question) throw new Error(`no question ${name}`);
  const sources = makeQuestionSources(makeView(REPORTS));
  const answer = await question.ask(sources, [...new URLSearchParams(query)], new AbortController().signal);
  if (isRefusal(answer)) throw new Error(answer.detail);
  if (answer.body.kind !== "bytes") throw new Error("these answers are bytes");
  const { readTable, write } = answer.body;
  return {
    lines: Buffer.concat([...write("ndjson")])
      .toString()
      .trimEnd()
      .split("\n"),
    array: JSON.parse(Buffer.concat([...write("json")]).toString()) as unknown,
    columns: (await readTable(SHARED_YIELDER)).columns,
    warnings: answer.facts.warnings,
    digest: answer.digest,
  };
}

it("has labels that were asked for, after the fields, where a report has no such field", async () => {
  const { lines, array, warnings } = await ask("reports", "fields=env,instance_id");
  expect(lines).toEqual([
    '{"instance_id":"i-1","env":"own"}',
    '{"instance_id":"i-2","env":"stg"}',
    '{"instance_id":"i-3","env":["prod","dev"]}',
    '{"instance_id":"i-4"}',
  ]);
  expect(array).toEqual(lines.map((line) => JSON.parse(line)));
  expect(warnings).toEqual([]);
});

it("tells a label from a field of its name", async () => {
  expect((await ask("reports", "fields=label.env,field.env")).lines).toEqual([
    '{"env":"own","label.env":"prod"}',
    '{"label.env":"stg"}',
    '{"label.env":["prod","dev"]}',
    "{}",
  ]);
});

it("has them in the table as its last columns, however they were asked for", async () => {
  const { columns } = await ask("reports", "fields=label.env,instance_id");
  expect(columns).toEqual(["instance_id", "label.env", "label.service", "label.account"]);
});

it("says so where no report has a label, and refuses one that there is not", async () => {
  expect((await ask("reports", "fields=label.region")).warnings).toEqual([
    expect.stringContaining('no report that was asked for has a label "label.region"'),
  ]);
  await expect(ask("reports", "fields=label.envv")).rejects.toThrow('no label "label.envv"; did you mean');
});

it("has them of one host too", async () => {
  const { array, warnings } = await ask("report", "id=i-2&fields=env,label.service");
  expect(array).toEqual({ env: "stg", "label.service": "service2" });
  expect(warnings).toEqual([]);
});
