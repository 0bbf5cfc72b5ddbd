// Tests of selections: names that nobody knows, labels, what is counted, what is explained.
import { describe, expect, it } from "vitest";
import { isRejected, parseReport } from "../report/report.ts";
import { createSegmentBuilder } from "../roll/segment.ts";
import { createTableBuilder } from "../roll/table.ts";
import { type Given, makeSources, makeView, NOW } from "../testing/view-double.ts";
import { UnknownNameError } from "./known-names.ts";
import { parseQuery } from "./query.ts";
import { selectReports } from "./selection.ts";

const HOUR = 3_600_000;

function make(id: string, fields: object, ageMs = 1000): Given {
  const body = JSON.stringify({ instance_id: id, update_date: "2024-03-01T00:00:00Z", ...fields });
  return { id, ageMs, body };
}

const FLEET = [
  make("i-1", {
    instance_name: "prod_web_1",
    app_version: "1.9",
    processes: [
      { module_A_filename: "A_red_1.1", state: "stopped" },
      { module_A_filename: "B_1.0", state: "running" },
    ],
  }),
  make("i-2", {
    instance_name: "prod_api_2",
    app_version: "1.10",
    note: "a+b",
    rollcall: { region: "eu-west-1" },
  }),
  make("i-3", { instance_name: "stg_web_3", app_version: "1.9" }),
  make("i-4", { instance_name: "prod_web_4", gpu: { model: "T4" } }, 3 * HOUR),
  make("i-5", { instance_name: "stg_web_5", app_version: "2.0" }, 3 * HOUR),
];

async function ask(question: string, view = makeView(FLEET), more = {}) {
  const { positions, silent, warnings } = await selectReports(
    view,
    parseQuery(new URLSearchParams(question)),
    {
      ...makeSources(),
      ...more,
    },
  );
  return { found: [...positions].map((at) => `i-${at + 1}`), silent, warnings };
}

async function refuse(question: string, view = makeView(FLEET), more = {}) {
  const error = await ask(question, view, more).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, question).toBeInstanceOf(UnknownNameError);
  return error as UnknownNameError;
}

describe("names of labels and fields", () => {
  it("are told apart where a label can stand for nothing", async () => {
    await expect(ask("same=env&env=prod")).rejects.toThrow(
      "same: env is a label; write the name of an array",
    );
  });

  it("are looked for in every report that was asked for, not in the first of them", async () => {
    const many = Array.from({ length: 200 }, (_, at) => make(`i-${at + 1}`, at === 150 ? { gpu: 1 } : {}));
    expect((await ask("fields=instance_id,gpu", makeView(many))).warnings).toEqual([]);
    const others = await ask("fields=gpu&instance_id=i-1", makeView(many));
    expect(others.warnings).toEqual(['no report that was asked for has a field "gpu"']);
  });

  it("are not said to be absent where no report was looked at for them", async () => {
    const { found, warnings } = await ask("env=nosuch&app_version=1.9&note=a b&service=web");
    expect([found, warnings]).toEqual([[], []]);
    expect((await refuse("env=nosuch&app_versoin=1.9")).parameter).toBe("app_versoin");
  });
});

describe("a name that nobody knows", () => {
  it.each([
    ["instance_nam=x", "instance_nam", ["instance_name"]],
    ["fields=instance_nam,app_version", "fields", ["instance_name"]],
    ["instance_name=nobody&app_versoin=1.9", "app_versoin", ["app_version"]],
    ["module_A_filename=A_*", "module_A_filename", ["processes.module_A_filename"]],
    ["process.state=running", "process.state", ["processes.state"]],
    ["evn=prod", "evn", ["env"]],
    ["label.evn=prod", "label.evn", ["label.env"]],
    ["field.env=prod", "field.env", []],
    ["app_versoin=not:1.9", "app_versoin", ["app_version"]],
    ["same=processes&processes.stat=running", "processes.stat", ["processes.state"]],
    ["withn=2h", "withn", ["within"]],
    ["qqqqqq=1", "qqqqqq", []],
  ])("is an error: %s", async (question, parameter, nearest) => {
    const error = await refuse(question);
    expect({ parameter: error.parameter, nearest: error.nearest.slice(0, nearest.length || 1) }).toEqual({
      parameter,
      nearest,
    });
  });

  it("is told with the nearest ones, and how to ask all the same", async () => {
    expect((await refuse("instance_nam=x")).message).toMatch(
      /^instance_nam: no report has a field "instance_nam", and no label is called so; did you mean instance_name(?:, .*| or .*)?\? \(lenient=true asks all the same\)$/,
    );
    expect((await refuse("label.zone=x")).message).toContain("labels are env, service, account, region");
  });

  it.each([
    // Only a silent host has it, and is not asked for.
    "gpu.model=T4",
    "instance_name=nobody&gpu.model=T4",
    "fields=gpu.model",
    // Rollcall's own, though no host of this fleet has them.
    "rollcall.spec_edition=3",
    "fields=rollcall.reader.state&meta=true",
    "os_start_date=*",
    "region=eu-west-1",
    "account=local",
  ])("is not one that is known: %s", async (question) => {
    await expect(ask(question)).resolves.toBeDefined();
  });

  it.each(["gpus=*", "gpus=not:*", "lenient=true&gpus=x", "lenient=true&fields=gpus"])(
    "is a warning where only its presence is asked for, or whoever asks is lenient: %s",
    async (question) => {
      expect((await ask(question)).warnings).toEqual(['no report that was asked for has a field "gpus"']);
    },
  );

  it("is a warning where the roll is empty or not complete", async () => {
    expect((await ask("evn=prod", makeView([]))).warnings).toEqual([
      'there is no report, so that nobody knows whether there is a field "evn"',
    ]);
    const partial = makeView(FLEET, { partial: { reason: "the store is slow", missing: 3 } });
    expect((await ask("evn=prod", partial)).warnings).toEqual([
      'no report that was asked for has a field "evn"',
    ]);
  });

  it("may be known from elsewhere", async () => {
    const furtherNames = async () => ({
      names: new Set(["disks", "disks.free", "deploy"]),
      open: new Set(["deploy"]),
    });
    expect((await ask("disks.free=gt:5", undefined, { furtherNames })).found).toEqual([]);
    expect((await ask("disks=x", undefined, { furtherNames })).found).toEqual([]);
    expect((await ask("deploy.commit=x", undefined, { furtherNames })).found).toEqual([]);
    // Where it cannot be told, nobody is told that it is wrong.
    const untold = await ask("disk.free=gt:5", undefined, { furtherNames: async () => undefined });
    expect(untold.warnings).toContain('no report that was asked for has a field "disk.free"');
    expect((await refuse("disk.free=gt:5", undefined, { furtherNames })).nearest).toContain("disks.free");
  });

  it("is known of reports that were set aside, since another one stands in their place", async () => {
    const report = parseReport(Buffer.from(make("i-9", { old_name: 1 }).body), "i-9");
    if (isRejected(report)) throw new Error(report.detail);
    const builder = createSegmentBuilder();
    builder.add("reports/v1/local/i-9.json", "e", report);
    const view = makeView(FLEET);
    const reports = { ...view.reports, segments: [...view.reports.segments, builder.build()] };
    expect((await ask("old_name=1", { ...view, reports })).found).toEqual([]);
    await refuse("old_name=1", view);
  });
});

describe("labels", () => {
  it("choose hosts as fields do", async () => {
    expect((await ask("env=prod")).found).toEqual(["i-1", "i-2"]);
    expect((await ask("env=prod&env=stg&service=web")).found).toEqual(["i-1", "i-3"]);
    expect((await ask("env=not:prod")).found).toEqual(["i-3"]);
    expect((await ask("env=p*&app_version=lt:1.10")).found).toEqual(["i-1"]);
    expect((await ask("label.service=api")).found).toEqual(["i-2"]);
  });

  it("are the account and the region too", async () => {
    expect((await ask("account=local")).found).toEqual(["i-1", "i-2", "i-3"]);
    expect((await ask("account=123456789012")).found).toEqual([]);
    expect((await ask("region=eu-*")).found).toEqual(["i-2"]);
    expect((await ask("region=not:*")).found).toEqual(["i-1", "i-3"]);
  });

  it("give way to a field of the name in reports that have it, which is said", async () => {
    const view = makeView([...FLEET, make("i-6", { instance_name: "prod_web_6", env: "blue" })]);
    const warning = expect.stringMatching(
      /^"env" is a label, and 1 report has a field of that name.*label\.env and field\.env/,
    );
    expect(await ask("env=blue", view)).toMatchObject({ found: ["i-6"], warnings: [warning] });
    expect(await ask("env=prod", view)).toMatchObject({ found: ["i-1", "i-2"], warnings: [warning] });
    expect(await ask("label.env=prod", view)).toMatchObject({ found: ["i-1", "i-2", "i-6"], warnings: [] });
    expect(await ask("field.env=blue", view)).toMatchObject({ found: ["i-6"], warnings: [] });
    expect(await ask(".env=not:blue", view)).toMatchObject({ found: ["i-1", "i-2", "i-3"], warnings: [] });
  });

  it("mean the field of their name where they are read out of it", async () => {
    const view = makeView([make("i-1", { env: "prod-eu" })]);
    const sources = makeSources([{ field: "env", pattern: "^(?<env>[a-z]+)-" }]);
    expect(await ask("env=prod", view, sources)).toMatchObject({ found: ["i-1"], warnings: [] });
    expect(await ask("field.env=prod-eu", view, sources)).toMatchObject({ found: ["i-1"], warnings: [] });
  });
});

describe("counts", () => {
  it("are of what was filtered, silent hosts too, whatever state was asked for", async () => {
    expect((await ask("")).silent).toBe(2);
    expect((await ask("env=prod")).silent).toBe(1);
    expect((await ask("app_version=2.0")).silent).toBe(1);
    expect((await ask("app_version=1.9")).silent).toBe(0);
    expect(await ask("env=prod&state=silent")).toMatchObject({ found: ["i-4"], silent: 1 });
    expect(await ask("env=prod&state=all")).toMatchObject({ found: ["i-1", "i-2", "i-4"], silent: 1 });
  });
});

describe("a filter that finds nothing", () => {
  it("is explained where a plus became a space", async () => {
    expect((await ask("note=a+b")).warnings).toEqual([expect.stringContaining("write %2B")]);
    expect(await ask("note=a%2Bb")).toMatchObject({ found: ["i-2"], warnings: [] });
  });

  it.each(["app_version=gte:1.9", "app_version=<1.9", "app_version=LT:1.9"])(
    "is explained where it reads like an operator: %s",
    async (question) => {
      expect((await ask(question)).warnings).toEqual([expect.stringContaining("operators are lt:, le:")]);
    },
  );
});

it("finds what one element of an array has", async () => {
  const question = "processes.module_A_filename=A_red_*&processes.state=running";
  expect((await ask(question)).found).toEqual(["i-1"]);
  expect((await ask(`${question}&same=processes`)).found).toEqual([]);
  expect((await ask("processes.module_A_filename=B_*&processes.state=running&same=processes")).found).toEqual(
    ["i-1"],
  );
});

it("knows names of a table whose rows lie in two segments, one walked before", async () => {
  const sources = makeSources();
  const view = makeView(FLEET);
  const first = await sources.reader.names(view.reports);
  expect(first.names.has("processes.module_A_filename")).toBe(true);
  expect(await sources.reader.names(view.reports)).toBe(first);
  const builder = createTableBuilder(1);
  builder.push(0, 0, NOW);
  const smaller = builder.build(view.reports.segments.slice(0, 1));
  const names = await sources.reader.names(smaller);
  expect([await names.has(["app_version"]), await names.has(["note"])]).toEqual([true, false]);
});
