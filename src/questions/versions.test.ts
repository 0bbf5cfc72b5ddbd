// Tests of versions: counts, shares, groups, what is behind.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import { makeSources, makeView } from "../testing/view-double.ts";
import { BUILT_IN_RULES, type LabelRule } from "./label-rule.ts";
import { labelRulesSchema } from "./labels.ts";
import { selectReports } from "./selection.ts";
import { parseVersionQuery } from "./version-query.ts";
import { countVersions } from "./versions.ts";

const UPDATE = '"update_date":"2024-03-01T00:00:00Z"';
const body = (id: string, fields: object) =>
  `{"instance_id":"${id}",${UPDATE},${JSON.stringify(fields).slice(1)}`;
const make = (id: string, fields: object, ageMs = 1000) => ({ id, ageMs, body: body(id, fields) });

async function ask(
  reports: readonly Parameters<typeof makeView>[0][number][],
  question: string,
  rules: readonly LabelRule[] = BUILT_IN_RULES,
) {
  const sources = makeSources(rules);
  const query = parseVersionQuery(new URLSearchParams(question));
  const selection = await selectReports(makeView(reports), query.reports, sources);
  return await countVersions(selection, query.question, sources);
}

const FLEET = [
  make("i-1", {
    instance_name: "prod_service1_instance001",
    processes: [{ a: "A_red_1.9" }, { a: "A_red_1.10" }],
  }),
  make("i-2", {
    instance_name: "prod_service2_instance002",
    processes: [{ a: "A_red_1.9" }, { a: "A_red_1.9" }],
  }),
  make("i-3", { instance_name: "dev_service1_instance003", processes: [{ a: "A_blue_2.0" }] }),
  make("i-4", { instance_name: "odd", processes: [] }),
  make(
    "i-5",
    { instance_name: "prod_service1_instance005", processes: [{ a: "A_red_1.10" }] },
    3 * 3_600_000,
  ),
];

describe("countVersions", () => {
  it("counts hosts, the newest of each variant first, and marks what is behind", async () => {
    const { values, hosts, omitted } = await ask(FLEET, "field=processes.a");
    expect({ hosts, omitted }).toEqual({ hosts: 4, omitted: 0 });
    expect(values).toEqual([
      {
        field: "processes.a",
        value: "A_blue_2.0",
        variant: "A_blue",
        version: "2.0",
        count: 1,
        share: 0.25,
        share_of_variant: 1,
        behind: false,
      },
      {
        field: "processes.a",
        value: "A_red_1.10",
        variant: "A_red",
        version: "1.10",
        count: 1,
        share: 0.25,
        share_of_variant: 0.5,
        behind: false,
      },
      {
        field: "processes.a",
        value: "A_red_1.9",
        variant: "A_red",
        version: "1.9",
        count: 2,
        share: 0.5,
        share_of_variant: 1,
        behind: true,
        newest: "1.10",
      },
      {
        field: "processes.a",
        value: null,
        variant: "",
        version: "",
        count: 1,
        share: 0.25,
        share_of_variant: null,
        behind: false,
      },
    ]);
  });

  it("divides by labels and fields, and by several", async () => {
    const { values } = await ask(FLEET, "field=processes.a&by=env");
    expect(values.map(({ value, by }) => [value, by])).toEqual([
      ["A_blue_2.0", { dev: 1 }],
      ["A_red_1.10", { prod: 1 }],
      ["A_red_1.9", { prod: 2 }],
      [null, { "": 1 }],
    ]);
    const both = await ask(FLEET, "field=processes.a&by=env,service");
    expect(both.values[2]?.by).toEqual({ "prod/service1": 1, "prod/service2": 1 });
    const field = await ask(FLEET, "field=instance_name&by=processes.a&hosts=true");
    expect(field.values.find(({ value }) => value === "prod_service1_instance001")).toMatchObject({
      by: { "A_red_1.9": 1, "A_red_1.10": 1 },
      hosts: ["i-1"],
    });
  });

  it("filters by field, by label, by age", async () => {
    const count = async (question: string) => (await ask(FLEET, `field=processes.a&${question}`)).hosts;
    expect(await count("env=prod")).toBe(2);
    expect(await count("env=prod&env=d*")).toBe(3);
    expect(await count("service=service1&env=prod")).toBe(1);
    expect(await count("processes.a=A_red_*&state=all")).toBe(3);
    expect(await count("within=24h&env=prod")).toBe(3);
  });

  it(
    "compares versions that stand alone within their service, and is behind only where " + "each says so",
    async () => {
      const host = (id: string, service: string, a: string | string[]) =>
        make(id, { instance_name: `prod_${service}_1`, a });
      const reports = [
        host("i-1", "web", "2.10.0"),
        host("i-2", "web", "1.9"),
        host("i-3", "batch", "1.2.3"),
        host("i-4", "batch", ["1.2.2", "A_1.1"]),
        host("i-5", "web", ["1.2.2", "A_1.2"]),
        make("i-6", { a: "0.9" }),
        make("i-7", { a: "0.8" }),
      ];
      const behind = async (question: string, rules?: readonly LabelRule[]) => {
        const { values } = await ask(reports, question, rules);
        for (const one of values) expect(one.behind).toBe(one.newest !== undefined);
        return Object.fromEntries(
          values.filter((one) => one.behind).map(({ value, newest }) => [value, newest]),
        );
      };
      expect(await behind("field=a")).toEqual({
        "1.9": "2.10.0",
        "1.2.2": "1.2.3",
        "0.8": "0.9",
        "A_1.1": "1.2",
      });
      expect(await behind("field=a&service=batch")).toEqual({ "1.2.2": "1.2.3" });
      expect(await behind("field=a&service=web")).toEqual({ "1.9": "2.10.0", "1.2.2": "2.10.0" });
      // Without services they are all of one kind.
      const others = [{ field: "instance_name", pattern: "^(?<env>[^_]+)_" }];
      expect(Object.keys(await behind("field=a", others)).sort()).toEqual([
        "0.8",
        "0.9",
        "1.2.2",
        "1.2.3",
        "1.9",
        "A_1.1",
      ]);
    },
  );

  it("judges versions that stand alone as the plain way does", async () => {
    const host = fc.record({
      service: fc.constantFrom("", "x", "y", "z"),
      versions: fc.array(fc.nat({ max: 5 }), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(host, { maxLength: 8 }), async (hosts) => {
        const reports = hosts.map(({ service, versions }, at) =>
          make(`i-${at}`, {
            ...(service && { instance_name: `prod_${service}_1` }),
            a: versions.map((version) => `1.${version}`),
          }),
        );
        const { values } = await ask(reports, "field=a");
        const newest = (service: string) =>
          Math.max(...hosts.filter((one) => one.service === service).flatMap(({ versions }) => versions));
        for (const { value, newest: shown } of values) {
          if (value === null) continue;
          const version = Number(value.slice(2));
          const least = Math.min(
            ...hosts
              .filter(({ versions }) => versions.includes(version))
              .map(({ service }) => newest(service)),
          );
          expect([value, shown]).toEqual([value, least > version ? `1.${least}` : undefined]);
        }
      }),
      { numRuns: runs(75) },
    );
  });

  it("counts them as shares of their services' hosts, as the plain way does", async () => {
    const host = fc.record({
      service: fc.uniqueArray(fc.constantFrom("x", "y", "z"), { maxLength: 3 }),
      versions: fc.uniqueArray(fc.nat({ max: 4 }), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(host, { maxLength: 8 }), async (hosts) => {
        const reports = hosts.map(({ service, versions }, at) =>
          make(`i-${at}`, { service, a: [...versions.map((version) => `1.${version}`), `A_${at}`, "word"] }),
        );
        const { values } = await ask(reports, "field=a");
        const own = (service: readonly string[]) => (service.length === 0 ? [""] : service);
        const alone = hosts.filter(({ versions }) => versions.length > 0);
        for (const { value, variant, count, share_of_variant: share } of values) {
          if (variant !== "" || value === null) continue;
          const having = alone.filter(({ versions }) => versions.includes(Number(value.slice(2))));
          const services = new Set(having.flatMap(({ service }) => own(service)));
          const all = alone.filter(({ service }) => own(service).some((one) => services.has(one)));
          expect([value, count, share]).toEqual([
            value,
            having.length,
            Math.round((having.length / all.length) * 10_000) / 10_000,
          ]);
        }
      }),
      { numRuns: runs(75) },
    );
  });

  it("keeps pairs of versions and services however many there are", async () => {
    const reports = [...Array(3000).keys()].map((at) =>
      make(`i-${at}`, { instance_name: `prod_service${at >> 1}_1`, a: `1.${at}` }),
    );
    const { values } = await ask(reports, "field=a");
    expect(values.filter(({ behind }) => behind)).toHaveLength(1500);
    expect(values.find(({ value }) => value === "1.10")).toMatchObject({ behind: true, newest: "1.11" });
  });

  it("takes several fields, in the order of the question", async () => {
    const { values } = await ask(FLEET, "field=instance_name,none&field=processes.a&env=dev");
    expect(values.map(({ field, value }) => [field, value])).toEqual([
      ["instance_name", "dev_service1_instance003"],
      ["none", null],
      ["processes.a", "A_blue_2.0"],
    ]);
  });

  it("takes values that read the same for one, and objects and null for none", async () => {
    const reports = [1, "1", true, "true", null, { b: 1 }, [["x"], "x"], "é"].map((a, at) =>
      make(`i-${at}`, { a }),
    );
    reports.push({ id: "i-e", ageMs: 0, body: `{"instance_id":"i-e",${UPDATE},"\\u0061":"\\u00e9"}` });
    const { values } = await ask(reports, "field=a");
    expect(Object.fromEntries(values.map(({ value, count }) => [String(value), count]))).toEqual({
      "1": 2,
      true: 2,
      null: 2,
      x: 1,
      é: 2,
    });
  });

  it("is not led astray by names and sizes", async () => {
    const reports = [
      make("i-1", { a: "__proto__", b: "constructor" }),
      make("i-2", { a: "x".repeat(10_000), b: "__proto__" }),
      make("i-3", { a: `${"x".repeat(10_000)}y`, b: "__proto__" }),
    ];
    const { values } = await ask(reports, "field=a&by=b");
    const proto = values.find(({ value }) => value === "__proto__");
    expect(Object.entries(proto?.by ?? {})).toEqual([["constructor", 1]]);
    const long = values.find(({ count }) => count === 2);
    expect(long?.value).toHaveLength(4097);
    expect(Object.entries(long?.by ?? {})).toEqual([["__proto__", 2]]);
  });

  it("bounds values and groups, and says what it left out", async () => {
    const reports = [...Array(10_500).keys()].map((at) =>
      make(`i-${at}`, { a: at < 400 ? "same" : `v${at}`, b: `b${at}` }),
    );
    const { values, omitted } = await ask(reports, "field=a&by=b");
    expect(values).toHaveLength(10_000);
    expect(omitted).toBe(101);
    const same = values.find(({ value }) => value === "same");
    expect(Object.keys(same?.by ?? {}).length).toBeLessThanOrEqual(201);
    expect(Object.values(same?.by ?? {}).reduce((sum, count) => sum + count)).toBe(400);
  });

  it("finds what parsing finds", async () => {
    const key = fc.constantFrom("a", "b", "c.d", '"', "é");
    const leaf = fc.oneof(
      fc.constantFrom("A_1.9", "A_1.10", "x", "", 'é\n"\\'),
      fc.nat({ max: 3 }),
      fc.boolean(),
      fc.constant(null),
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        leaf,
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(key, tie("value"), { maxKeys: 3 }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.dictionary(key, value, { maxKeys: 4 }), { maxLength: 6 }),
        async (documents) => {
          const reports = documents.map((document, at) => make(`i-${at}`, { ...document, own: at }));
          const { values } = await ask(reports, new URLSearchParams({ field: "a.c\\.d" }).toString());
          const expected = new Map<string | null, number>();
          for (const document of documents) {
            const found = new Set(follow(document, ["a", "c.d"]));
            for (const one of found.size > 0 ? found : [null])
              expected.set(one, (expected.get(one) ?? 0) + 1);
          }
          expect(new Map(values.map(({ value: one, count }) => [one, count]))).toEqual(expected);
        },
      ),
      { numRuns: runs(125) },
    );
  });
});

/** Values at a path, the plain way. */
function follow(value: unknown, [step, ...rest]: readonly string[]): string[] {
  if (Array.isArray(value))
    return value.flatMap((element) => follow(element, step === undefined ? [] : [step, ...rest]));
  if (step === undefined) return typeof value === "object" ? [] : [String(value)];
  if (typeof value !== "object" || value === null) return [];
  const member = Object.entries(value).find(([key]) => key === step);
  return member ? follow(member[1], rest) : [];
}

describe("packages", () => {
  const behind = async (values: Readonly<Record<string, string>>, rules: readonly LabelRule[] = []) => {
    const reports = Object.entries(values).map(([name, v], at) =>
      make(`i-${at}`, { instance_name: name, v }),
    );
    const answer = await ask(reports, "field=v", rules);
    return answer.values.map((one) => [one.value, one.newest]);
  };

  it("compares as rpm and dpkg do where one version of a variant is recognisably a package's", async () => {
    expect(await behind({ a: "1.2.3-1+b1", b: "1.2.3-1~deb12u1", c: "1.2.3-1" })).toEqual([
      ["1.2.3-1+b1", undefined],
      ["1.2.3-1", "1.2.3-1+b1"],
      ["1.2.3-1~deb12u1", "1.2.3-1+b1"],
    ]);
    expect(await behind({ a: "2:1.0-1", b: "3.0-1" })).toEqual([
      ["2:1.0-1", undefined],
      ["3.0-1", "2:1.0-1"],
    ]);
    expect(await behind({ a: "x-1.2-1.el9.noarch", b: "x-1.2.0-1.el9.noarch" })).toEqual([
      ["x-1.2.0-1.el9.noarch", undefined],
      ["x-1.2-1.el9.noarch", "1.2.0-1.el9"],
    ]);
  });

  it("lets one value that reads like a package's throw no others off", async () => {
    const releases = { a: "1.3.0-rc1", b: "1.3.0", c: "1.3", d: "1.2.9-14-gabcdef1", e: "1.2.3-0ubuntu1" };
    expect(await behind(releases)).toEqual([
      ["1.3", undefined],
      ["1.3.0", undefined],
      ["1.3.0-rc1", "1.3"],
      ["1.2.9-14-gabcdef1", "1.3"],
      ["1.2.3-0ubuntu1", "1.3"],
    ]);
  });

  it("compares all others as before, in other variants and other services too", async () => {
    expect(await behind({ a: "1.2", b: "1.2.0", c: "1.2.0-rc1", d: "x_1.2-1.el9" })).toEqual([
      ["1.2", undefined],
      ["1.2.0", undefined],
      ["1.2.0-rc1", "1.2"],
      ["x_1.2-1.el9", undefined],
    ]);
    const services = { prod_a_1: "1.2", prod_a_2: "1.2.0", prod_b_1: "1:0.1-1", prod_b_2: "1:0.2-1" };
    expect(new Map((await behind(services, BUILT_IN_RULES)) as [string, string][])).toEqual(
      new Map([
        ["1:0.2-1", undefined],
        ["1:0.1-1", "1:0.2-1"],
        ["1.2.0", undefined],
        ["1.2", undefined],
      ]),
    );
  });
});

describe("parseVersionQuery", () => {
  it.each([
    ["field=a..b", 'field: "a..b" is no field'],
    ["field=a&by=a,b,c,d", "by: names more than 3"],
    ["field=a&hosts=yes", "hosts: should be true or false"],
    ["field=a&fields=b", "fields: has no meaning here"],
    ["field=a&within=0h", "within: should be a span"],
  ])("%s", (question, message) => {
    expect(() => parseVersionQuery(new URLSearchParams(question))).toThrow(message);
  });
});

describe("labels", () => {
  it("come from the first rule that finds something", async () => {
    const rules = [
      { field: "tags.env", pattern: "^(?<env>.+)$" },
      { field: "instance_name", pattern: "^(?<env>[^_]+)_" },
    ];
    const reports = [
      make("i-1", { instance_name: "prod_x", tags: { env: "blue" } }),
      make("i-2", { instance_name: "prod_x" }),
    ];
    const { values } = await ask(reports, "field=instance_name&by=env", rules);
    expect(values[0]?.by).toEqual({ blue: 1, prod: 1 });
  });

  it.each([
    [[{ field: "a..b", pattern: "(?<x>.)" }], "write a field"],
    [[{ field: "a", pattern: "(x)" }], "no named group"],
    [[{ field: "a", pattern: "(?<x>" }], "not a pattern that RE2 takes: missing closing ): `(?<x>`"],
    [[{ field: "a", pattern: "(?<x>.)", more: 1 }], "more"],
  ])("say what is wrong with %j", (rules, message) => {
    const outcome = labelRulesSchema.safeParse(rules);
    expect(JSON.stringify(outcome.error?.issues)).toContain(message);
  });
});
