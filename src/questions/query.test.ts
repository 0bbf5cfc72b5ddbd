// Tests of questions as URL parameters.
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import { WITHIN } from "./parameters.ts";
import { parseQuery, QueryError, readSpan } from "./query.ts";

const ask = (text: string) => parseQuery(new URLSearchParams(text));

describe("parseQuery", () => {
  it("asks for everything fresh within two hours by default", () => {
    expect(ask("")).toEqual({
      windowMs: 7_200_000,
      state: "fresh",
      filters: [],
      fields: undefined,
      same: [],
      meta: false,
      lenient: false,
    });
  });

  it("groups the values of one field and keeps fields apart", () => {
    const { filters } = ask("a=1&b.c=x*&a=2");
    expect(filters).toEqual([
      { field: "a", scope: "any", path: ["a"], values: ["1", "2"] },
      { field: "b.c", scope: "any", path: ["b", "c"], values: ["x*"] },
    ]);
  });

  it.each([
    ["90s", 90_000],
    ["30m", 1_800_000],
    ["24h", 86_400_000],
    ["1d", 86_400_000],
  ])("reads within=%s", (text, ms) => {
    expect(ask(`within=${text}`).windowMs).toBe(ms);
  });

  it.each([".state", "field.state"])("tells the field %s from a parameter", (name) => {
    expect(ask(`${name}=running&state=all`)).toMatchObject({
      state: "all",
      filters: [{ scope: "field", path: ["state"], values: ["running"] }],
    });
  });

  it("reads arrays of which one element must meet all", () => {
    expect(ask("same=processes,gpus&processes.a=x&processes.b=y&gpus.c=z").same).toEqual([
      ["processes"],
      ["gpus"],
    ]);
  });

  it("reads fields", () => {
    expect(ask("fields=instance_id, processes.a").fields).toMatchObject([
      { path: ["instance_id"] },
      { path: ["processes", "a"] },
    ]);
  });

  it.each([
    ["within=2", "within"],
    ["within=0s", "within"],
    ["within=-1h", "within"],
    ["within=25h", "within"],
    ["within=999999999d", "within"],
    ["within=1h&within=2h", "within"],
    ["state=old", "state"],
    ["meta=yes", "meta"],
    ["fields=", "fields"],
    ["fields=a,b..c", "fields"],
    [`fields=${"a,".repeat(64)}a`, "fields"],
    ["lenient=1", "lenient"],
    // Parameters of other questions, and of those to come, are no filters.
    ["by=env", "by"],
    ["at=2026-11-20", "at"],
    ["since=1d", "since"],
    ["host=i-1", "host"],
    ["wait=5m", "wait"],
    ["format=csv", "format"],
    ["same=processes", "same"],
    ["same=processes&process.a=1", "same"],
    ["same=label.env&label.env=1", "same"],
    ["same=a,a.b&a.b.c=1", "same"],
    ["app_version=lt:new", "app_version"],
    ["app_version=not:ge:1", "app_version"],
    ["a..b=1", "a..b"],
    ["=1", ""],
    [`a=${"x".repeat(1025)}`, "a"],
    [Array.from({ length: 65 }, (_, index) => `f${index}=1`).join("&"), "f64"],
  ])("refuses %s, naming the parameter", (text, parameter) => {
    try {
      ask(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(QueryError);
      expect((error as QueryError).parameter).toBe(parameter);
    }
  });
});

it("takes the spans that the stacks on AWS take, and the description of the API says", async () => {
  const url = new URL("../../infra/templates/rollcall-reader.template.json", import.meta.url);
  const { Parameters } = JSON.parse(await readFile(url, "utf8")) as {
    Parameters: Record<"Within" | "MaxAge", { AllowedPattern: string }>;
  };
  const patterns = [Parameters.Within, Parameters.MaxAge].map(
    ({ AllowedPattern }) => new RegExp(AllowedPattern),
  );
  const form = new RegExp(WITHIN.schema.pattern as string);
  const check = (text: string) => {
    const isTaken = "ms" in readSpan(text);
    for (const pattern of patterns) expect([text, pattern.test(text)]).toEqual([text, isTaken]);
    if (isTaken) expect(text).toMatch(form);
  };
  for (const [unit, highest] of Object.entries({ d: 1, h: 24, m: 1440, s: 86_400, ms: 86_400_000 }))
    for (const number of [0, 1, highest - 1, highest, highest + 1, highest * 10])
      for (const zeros of ["", "0", "00", "000000"]) check(`${zeros}${number}${unit}`);
  for (const text of ["", "h", "1", "1.5h", "1 h", "-1h", "1H", "1h ", "0000000001d"]) check(text);
  const span = fc.tuple(
    fc.stringMatching(/^0{0,3}[0-9]{1,10}$/),
    fc.constantFrom("ms", "s", "m", "h", "d", "w"),
  );
  fc.assert(
    fc.property(span, ([number, unit]) => check(number + unit)),
    { numRuns: runs(500) },
  );
});
