// Tests of the overview: what is behind, and where.
import fc from "fast-check";
import { expect, it } from "vitest";
import { isRefusal } from "../questions/asker.ts";
import { coverage } from "../questions/coverage-question.ts";
import type { ParameterValues, QuestionSources } from "../questions/question.ts";
import { versions } from "../questions/versions-question.ts";
import { makeHosts, makeOverview } from "../testing/overview-double.ts";
import { runs } from "../testing/runs.ts";
import { makeQuestionSources, makeView, NOW } from "../testing/view-double.ts";
import { findDifference } from "./difference.ts";
import { keepMessage } from "./last-message.ts";
import { gatherOverview } from "./overview.ts";
import { layOutPages } from "./pages.ts";
import { formatSlack } from "./slack.ts";
import { formatMessage } from "./webhook.ts";

it("compares modules across the fleet, and versions that stand alone within their service", async () => {
  const { fields, parts, behindCount } = await makeOverview([
    { id: "i-1", service: "web", module: "2.10.0" },
    { id: "i-2", service: "web", module: "2.9.4" },
    { id: "i-3", service: "batch", module: "1.2.3" },
    { id: "i-4", service: "batch", module: "A_red_1.9" },
    { id: "i-5", service: "web", module: "A_red_1.10" },
  ]);
  const behind = (values: readonly { value: string | null; behind: boolean }[] = []) =>
    values.filter((one) => one.behind).map(({ value }) => value);
  expect(behind(fields[0]?.values)).toEqual(["2.9.4", "A_red_1.9"]);
  expect(behindCount).toBe(2);
  expect(parts.map((part) => [part.name, part.behind])).toEqual([
    [
      "web",
      [{ id: "i-2", values: [{ field: "processes.module_A_filename", value: "2.9.4", newest: "2.10.0" }] }],
    ],
    [
      "batch",
      [{ id: "i-4", values: [{ field: "processes.module_A_filename", value: "A_red_1.9", newest: "1.10" }] }],
    ],
  ]);
});

it("says of each version what the answer about versions says", async () => {
  // Both applications have been at 1.2.3, and one has gone on; batch has an application of its own.
  const hosts = [
    { id: "i-1", service: "web", module: "2.10.0" },
    { id: "i-2", service: "web", module: "1.2.3" },
    { id: "i-3", service: "batch", module: "1.2.3" },
    { id: "i-4", service: "batch", module: "1.2.2", env: "stg" },
    { id: "i-5", service: "web", module: "A_red_1.9" },
    { id: "i-6", service: "batch", module: "A_red_1.10" },
  ];
  for (const parts of ["service", "env", ""]) {
    const { fields } = await makeOverview(hosts, { parts });
    expect(
      fields[0]?.values.filter(({ behind }) => behind).map(({ value, newest }) => [value, newest]),
    ).toEqual([
      ["1.2.2", "1.2.3"],
      ["A_red_1.9", "1.10"],
    ]);
  }
  const { parts } = await makeOverview(hosts, { parts: "env" });
  expect(parts.map(({ name, behind }) => [name, behind.map(({ id }) => id)])).toEqual([
    ["prod", ["i-5"]],
    ["stg", ["i-4"]],
  ]);
  const services = await makeOverview(hosts);
  expect(services.parts.map(({ name, behind }) => [name, behind.map(({ id }) => id)])).toEqual([
    ["batch", ["i-4"]],
    ["web", ["i-2", "i-5"]],
  ]);
});

it("has no parts where none are wanted, and finds fields by itself", async () => {
  const { parts, fields, behindCount } = await makeOverview(
    [
      { id: "i-1", service: "web", module: "A_1.0" },
      { id: "i-2", service: "batch", module: "A_1.1" },
    ],
    { parts: "", fields: [] },
  );
  expect(parts).toEqual([]);
  expect(fields.map(({ field }) => field)).toEqual(["processes.module_A_filename"]);
  expect(behindCount).toBe(1);
});

it("names what is mistyped in the settings", async () => {
  const settings = { fields: ["processes.module_A_filename", "app_versoin"], by: "envv", parts: "servce" };
  const overview = await makeOverview([{ id: "i-1", service: "web", module: "A_1.0" }], settings);
  expect(overview.absent).toEqual(["app_versoin", "envv", "servce"]);
  expect(layOutPages(overview, 100_000)[0]?.body).toContain(
    "No host has `app_versoin`, `envv` and `servce`:",
  );
  expect((await makeOverview([{ id: "i-1", service: "web", module: "A_1.0" }])).absent).toEqual([]);
});

it(
  "comes whatever one host reports, has a part for each service of the others, and " +
    "says of whom not all was counted",
  async () => {
    const services = Array.from({ length: 100 }, (_, at) => `s${at}`);
    const evil = {
      update_date: "2024-03-01T00:00:00Z",
      instance_id: "evil",
      instance_name: services.map((service) => `prod_${service}_`),
      processes: Array.from({ length: 20_000 }, (_, at) => ({ module_A_filename: `A_red_0.${at}` })),
    };
    const honest = ["web", "batch"].map((service, at) => ({
      update_date: "2024-03-01T00:00:00Z",
      instance_id: `i-${at}`,
      instance_name: `prod_${service}_x`,
      processes: [{ module_A_filename: "A_red_1.9" }],
    }));
    const view = makeView(
      [evil, ...honest].map((body) => ({ id: body.instance_id, ageMs: 1000, body: JSON.stringify(body) })),
    );
    const overview = await gatherOverview(
      { title: "T", fields: ["processes.module_A_filename"], by: "env", parts: "service" },
      makeQuestionSources(view),
      new AbortController().signal,
    );
    expect(overview.parts.map(({ name, hosts }) => [name, hosts])).toEqual([
      ["batch", 1],
      ["web", 1],
    ]);
    const [summary] = layOutPages(overview, 100_000);
    expect(summary?.body).toContain("Not all was counted: ");
    expect(summary?.body).toContain("first 1000 values of");
  },
);

it("has parts of the right size where hosts are more than the values of an answer", async () => {
  const { parts } = await makeOverview(makeHosts(3, 4000));
  expect(parts.map(({ hosts }) => hosts)).toEqual([4000, 4000, 4000]);
});

const report = (id: string, fields: object, ageMs = 1000) => ({
  id,
  ageMs,
  body: JSON.stringify({ update_date: "2024-03-01T00:00:00Z", instance_id: id, ...fields }),
});
const SETTINGS = { title: "T", fields: ["m"], by: "env", parts: "service" };
const signal = new AbortController().signal;

async function askVersions(sources: QuestionSources, parameters: ParameterValues) {
  const answer = await versions.ask(sources, [...parameters, ["lenient", "true"]], signal);
  if (isRefusal(answer)) throw new Error(answer.detail);
  return { count: answer.facts.count, rows: answer.body.rows };
}

it("says of each part what the question says, whatever its name", async () => {
  // Names that are patterns or operators where they stand in a filter, and a field that is a
  // parameter's name.
  const name = fc.constantFrom(
    "a",
    "a*",
    "*",
    "\\",
    "\\*",
    "lt:1",
    "eq:a",
    "not:a",
    "…",
    "__proto__",
    "é",
    "e\u0301",
  );
  const host = fc.record({
    state: fc.oneof(name, fc.array(name, { maxLength: 3 })),
    m: fc.constantFrom("A_1.1", "A_1.2", "B_1.1"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(host, { minLength: 1, maxLength: 10 }), async (hosts) => {
      const sources = makeQuestionSources(makeView(hosts.map((fields, at) => report(`i-${at}`, fields))));
      const { parts, fields } = await gatherOverview({ ...SETTINGS, parts: "state" }, sources, signal);
      const expected = new Map<string, Set<number>>();
      for (const [at, { state }] of hosts.entries()) {
        const own = [state].flat().map((one) => one.normalize("NFC"));
        for (const one of own.length === 0 ? [""] : own)
          expected.set(one, (expected.get(one) ?? new Set()).add(at));
      }
      expect(new Map(parts.map((part) => [part.name, part.hosts]))).toEqual(
        new Map([...expected].map(([one, places]) => [one, places.size])),
      );
      const whole = await askVersions(sources, [
        ["field", "m"],
        ["by", "env"],
      ]);
      expect(fields[0]?.values).toEqual(whole.rows);
      for (const part of parts) {
        const counts = new Map<string, number>();
        for (const at of expected.get(part.name) ?? []) {
          const { m } = hosts[at] as (typeof hosts)[number];
          counts.set(m, (counts.get(m) ?? 0) + 1);
        }
        expect(new Map(part.fields[0]?.values.map(({ value, count }) => [value, count]))).toEqual(counts);
      }
    }),
    { numRuns: runs(60) },
  );
});

it("counts as the questions count, of one instant", async () => {
  const key = "reports/v1/local/i-9.json";
  const problem = { key, reason: "clone", detail: "two machines", receivedAt: NOW, size: 0 } as const;
  const view = makeView([report("i-1", { m: "A_1.1" }), report("i-2", { m: "A_1.1" }, 3 * 3_600_000)], {
    problems: [problem],
    problemCount: 1,
  });
  let views = 0;
  const sources = makeQuestionSources(view, {
    viewAt: async () => {
      views++;
      return view;
    },
    clones: { list: () => [problem, problem] },
    readExpected: async () => ({ expected: new Set(["i-1", "i-3"]) }),
  });
  const overview = await gatherOverview(SETTINGS, sources, signal);
  expect(views).toBe(1);
  const answer = await coverage.ask(sources, [], signal);
  if (isRefusal(answer)) throw new Error(answer.detail);
  expect(overview.coverage).toEqual(answer.body.document);
  expect(formatMessage(overview)).toMatchObject({
    hosts: 1,
    silent: 1,
    set_aside: 3,
    expected: 2,
    reported: 1,
  });
});

it("says how many versions are not shown, however many there are", async () => {
  const hosts = Array.from({ length: 500 }, (_, at) => ({
    id: `i-${at}`,
    service: "web",
    module: `A_1.${at}`,
  }));
  const overview = await makeOverview(hosts);
  const [summary, web] = layOutPages(overview, 1_000_000);
  expect(summary?.body).toContain("And 488 more versions.");
  expect(web?.body).toContain("And 300 more versions.");
  expect([summary?.isCut, web?.isCut]).toEqual([true, true]);
  expect(JSON.stringify(formatSlack(overview))).toContain("and 490 more");
  expect(formatMessage(overview)).toMatchObject({ more_versions: 400, parts: [{ more_versions: 400 }] });
});

it("says that more may be behind where not every service has a part", async () => {
  // In each service two hosts have its newest, and one is behind.
  const hosts = Array.from({ length: 45 }, (_, service) =>
    ["1.1", "1.1", "1.0"].map((version, at) => ({
      id: `i-${service}-${at}`,
      service: `s${service}`,
      module: version,
    })),
  ).flat();
  const overview = await makeOverview(hosts);
  expect(overview).toMatchObject({ behindCount: 45, isBehindLeast: true, partsOmitted: 5 });
  const [summary] = layOutPages(overview, 1_000_000);
  expect(summary?.body).toContain("At least 45 hosts have something that is behind.");
  expect(summary?.body).toContain("And 5 more, of fewer hosts.");
  expect(formatMessage(overview)).toMatchObject({ behind: 45, behind_is_least: true, more_parts: 5 });
  expect(JSON.stringify(formatSlack(overview))).toContain("and 30 more");
  // All of 40 are seen.
  expect(await makeOverview(hosts.slice(0, 120))).toMatchObject({ behindCount: 40, isBehindLeast: false });
});

it("counts services that are no group of their own among those that have no part", async () => {
  const hosts = Array.from({ length: 300 }, (_, at) => ({
    id: `i-${at}`,
    service: `s${at}`,
    module: "A_1.0",
  }));
  const overview = await makeOverview(hosts);
  expect(overview.partsOmitted).toBe(260);
  expect(overview.bounds).toEqual(['100 groups of "service" of the fewest hosts are counted under "…"']);
});

it("calls no name a bound that is both a label's and a field's", async () => {
  const view = makeView([report("i-1", { m: "A_1.1", env: "own", instance_name: "prod_web_1" })]);
  const { bounds, parts } = await gatherOverview(
    { ...SETTINGS, parts: "env" },
    makeQuestionSources(view),
    signal,
  );
  expect(bounds).toEqual([]);
  expect(parts.map(({ name, hosts }) => [name, hosts])).toEqual([["own", 1]]);
});

it("says which hosts are in no part, where a value is there that is none", async () => {
  const none = [{ team: null }, {}, { team: {} }, { team: [] }, { team: "" }].map((fields, at) =>
    report(`none-${at}`, { m: "A_1.1", ...fields }),
  );
  const teams = Array.from({ length: 41 }, (_, at) => report(`i-${at}`, { m: "A_1.1", team: `t${at}` }));
  const few = makeQuestionSources(makeView([...none, ...teams.slice(0, 3)]));
  const whole = await gatherOverview({ ...SETTINGS, parts: "team" }, few, signal);
  expect(whole.parts.map(({ name, hosts }) => [name, hosts])).toEqual([
    ["", 5],
    ["t0", 1],
    ["t1", 1],
    ["t2", 1],
  ]);
  expect(whole.bounds).toEqual([]);
  const view = makeView([...none, ...teams]);
  const overview = await gatherOverview({ ...SETTINGS, parts: "team" }, makeQuestionSources(view), signal);
  expect(overview.parts.slice(0, 2).map(({ name, hosts }) => [name, hosts])).toEqual([
    ["", 1],
    ["t0", 1],
  ]);
  expect(overview.bounds).toEqual(["4 hosts whose team is empty, null or an object are in no part"]);
});

it("knows of every silent host, though an answer names the first ones alone", async () => {
  const make = (ageMs: number) =>
    Array.from({ length: 10_050 }, (_, at) => ({ id: `i-${at}`, service: "web", module: "A_1.0", ageMs }));
  const before = await makeOverview(make(1000));
  const now = await makeOverview(make(3 * 3_600_000));
  expect(now.coverage.silent).toHaveLength(10_000);
  const { hosts } = findDifference({ digest: "", message: keepMessage(before) }, now);
  expect([hosts?.silent.length, hosts?.gone.length]).toEqual([10_050, 0]);
  expect(layOutPages(now, 1_000_000)[0]?.body).toContain("10,050 hosts fell silent");
});
