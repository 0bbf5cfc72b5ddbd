// Tests of cuts: what stands in a header, and that answers tell them apart from other warnings.
import { expect, it } from "vitest";
import { makeQuestionSources, makeView } from "../testing/view-double.ts";
import { isRefusal } from "./asker.ts";
import { formatCuts } from "./cut.ts";
import { toHeaders } from "./facts.ts";
import { QUESTIONS } from "./registry.ts";

const makeReport = (id: string, fields: object) => ({
  id,
  ageMs: 1000,
  body: JSON.stringify({ update_date: "2024-03-01T00:00:00Z", instance_id: id, ...fields }),
});
const list = (count: number, text: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => text(at));

async function askWhole(name: string, query: string, reports: Parameters<typeof makeView>[0]) {
  const question = QUESTIONS.find((one) => one.name === name);
  if (!question) throw new Error(`no question ${name}`);
  const sources = makeQuestionSources(makeView(reports));
  const answer = await question.ask(sources, [...new URLSearchParams(query)], new AbortController().signal);
  if (isRefusal(answer)) throw new Error(answer.detail);
  return answer;
}

const ask = async (...asked: Parameters<typeof askWhole>) => (await askWhole(...asked)).facts;

it("adds up what is of one kind, and knows no number where one of them has none", () => {
  expect(formatCuts([])).toBe("");
  expect(
    formatCuts([
      { kind: "values", count: 3, detail: "" },
      { kind: "entries", count: 1, detail: "" },
      { kind: "values", count: 4, detail: "" },
    ]),
  ).toBe("values=7, entries=1");
  for (const counts of [
    [2, undefined],
    [undefined, 2],
  ])
    expect(formatCuts(counts.map((count) => ({ kind: "names", ...(count && { count }), detail: "" })))).toBe(
      "names",
    );
});

it("tells what was cut apart from other warnings, and says it in words among them", async () => {
  const reports = [
    makeReport("evil", { m: list(1001, (at) => `M_1.${at}`), zone: list(65, (at) => `z${at}`) }),
    makeReport("i-1", { m: "A_1.1", zone: "a", env: "prod", instance_name: "stg_web_1" }),
  ];
  const facts = await ask("versions", "field=m&by=zone,env", reports);
  expect(facts.cuts?.map(({ kind, count }) => [kind, count])).toEqual([
    ["host_groups", 1],
    ["host_values", 1],
  ]);
  expect(facts.warnings[0]).toContain('"env" is a label, and 1 report has a field of that name');
  for (const { detail } of facts.cuts ?? []) expect(facts.warnings).toContain(detail);
  expect(toHeaders(facts)["rollcall-cut"]).toBe("host_groups=1, host_values=1");
  const whole = await ask("versions", "field=m&by=env&zone=a", reports);
  expect(whole.warnings).not.toEqual([]);
  expect(toHeaders(whole)).not.toHaveProperty("rollcall-cut");
});

it("counts values, groups and names that are left out, and hosts that a filter judged in part", async () => {
  const many = Array.from({ length: 11 }, (_, at) =>
    makeReport(`i-${at}`, {
      m: list(1000, (index) => `${at}_1.${index}`),
      zone: list(30, (e) => `${at}-${e}`),
    }),
  );
  expect(toHeaders(await ask("versions", "field=m&by=zone", many))["rollcall-cut"]).toBe(
    "groups=130, values=1000",
  );
  const tagged = [makeReport("evil", { instance_name: list(1001, (at) => `e${at}_s_1`) })];
  for (const name of ["reports", "versions", "fields", "coverage"])
    expect(toHeaders(await ask(name, "env=none&lenient=true", tagged))["rollcall-cut"], name).toMatch(
      /^host_values=1/,
    );
});

it("says of a label that values of a host were not counted", async () => {
  const readCut = async (values: number) => {
    const tagged = [makeReport("i-1", { instance_name: list(values, (at) => `e${at}_s_1`) })];
    const { body } = await askWhole("fields", "", tagged);
    const rows = body.kind === "rows" ? (body.rows as { name: string; kinds: string[]; cut: boolean }[]) : [];
    return rows.find(({ name, kinds }) => name === "env" && kinds.includes("label"))?.cut;
  };
  expect([await readCut(2), await readCut(1001)]).toEqual([false, true]);
});
