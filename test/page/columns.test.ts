// Tests of what is chosen over columns: the same hosts as the server chooses, in their order.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatFieldPath } from "../../src/grammar/path.ts";
import {
  compareNames,
  compareVersions,
  parseVersion,
  splitVersion,
} from "../../src/grammar/version-order.ts";
import { askQuestion, isRefusal, readPreferences } from "../../src/questions/asker.ts";
import { fields } from "../../src/questions/fields-question.ts";
import { reports } from "../../src/questions/reports-question.ts";
import { runs } from "../../src/testing/runs.ts";
import { makeQuestionSources, makeView } from "../../src/testing/view-double.ts";
import {
  type Choice,
  chooseHosts,
  divideConditions,
  readFirst,
  readTexts,
} from "../../web/src/columns/chosen-hosts.ts";
import { sortValues } from "../../web/src/columns/column-order.ts";
import {
  findFilterColumn,
  findPath,
  isOneName,
  type KnownName,
  readNames,
  toColumnName,
} from "../../web/src/columns/held-names.ts";
import { createTableReader, type Table } from "../../web/src/columns/table.ts";

type Sources = ReturnType<typeof makeQuestionSources>;

function makeFleet(hosts: readonly object[]): Sources {
  return makeQuestionSources(
    makeView(
      hosts.map((fields, index) => ({
        id: `i-${index}`,
        ageMs: 1000,
        body: JSON.stringify({ instance_id: `i-${index}`, update_date: "2024-03-01T00:00:00Z", ...fields }),
      })),
    ),
  );
}

async function ask(
  question: typeof reports | typeof fields,
  parameters: readonly (readonly [string, string])[],
  sources: Sources,
): Promise<string> {
  const { parameters: own } = readPreferences(question as typeof fields, parameters);
  const written = await askQuestion(question as typeof fields, own, sources, {
    format: question === reports ? "ndjson" : "json",
    signal: new AbortController().signal,
  });
  if (isRefusal(written)) throw new Error(written.detail);
  return Buffer.concat([...written.write()]).toString();
}

/** The table as the page has it, in pieces of some bytes, with all columns that it may ask for. */
async function readFleet(sources: Sources, piece = 64) {
  const known = JSON.parse(await ask(fields, [], sources)) as KnownName[];
  const columns = known
    .map(({ name, kinds }) => toColumnName(name, kinds.includes("label")))
    .filter((name) => isOneName(name) && name !== "instance_id");
  const names = ["instance_id", ...columns].slice(0, 64);
  const text = await ask(
    reports,
    [
      ["fields", names.join(",")],
      ["lenient", "true"],
    ],
    sources,
  );
  const bytes = Buffer.from(text);
  const reader = createTableReader(names.map((name) => ({ name, path: findPath(name) ?? [] })));
  for (let at = 0; at < bytes.length; at += piece) reader.take(bytes.subarray(at, at + piece));
  return { table: reader.finish() as Table, names: readNames(known) };
}

const SHOW_ALL: Choice = {
  conditions: [],
  text: "",
  columns: [],
  sort: undefined,
  group: undefined,
  open: [],
};

function choose({ table, names }: Awaited<ReturnType<typeof readFleet>>, choice: Partial<Choice>) {
  const whole = { ...SHOW_ALL, ...choice };
  const division = divideConditions(whole.conditions, table, names);
  const chosen = chooseHosts({ table, ages: undefined, names }, whole, division, undefined);
  const ids = Array.from(chosen.lines.rows, (row) => readFirst(table, "instance_id", row) ?? "");
  return { division, chosen, ids };
}

/** The hosts that the server chooses. */
async function askServer(
  parameters: readonly (readonly [string, string])[],
  sources: Sources,
): Promise<string[]> {
  const text = await ask(reports, [...parameters, ["fields", "instance_id"], ["lenient", "true"]], sources);
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line).instance_id as string);
}

const KEYS = [
  "app_version",
  "instance_name",
  "env",
  "account",
  "a.b",
  "é",
  "e\u0301",
  "constructor",
  "deep",
] as const;
const TEXTS = [
  ...[
    "A_red_1.9",
    "A_red_1.10",
    "A_blue_2.0",
    "1.10",
    "1.9",
    "1.10-rc1",
    "prod_web_1",
    "stg_web_2",
    "unknown",
  ],
  ...[
    "",
    "null",
    "true",
    "a*b",
    "lt:1",
    "é",
    "e\u0301",
    "2026-11-20",
    "2026-11-20T10:00:00Z",
    "10 0",
    '"',
    "\\",
    "\u202e",
  ],
] as const;
const scalar = fc.oneof(
  fc.constantFrom(...TEXTS),
  fc.constantFrom(1, 1.5, 10, 1e21, true, false, null),
  fc.string({ maxLength: 3 }),
);
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("x", "y", "a.b", "é"), tie("value"), { maxKeys: 2 }),
  ),
})).value;
const host = fc.dictionary(fc.constantFrom(...KEYS), value, { maxKeys: 5 });
const operand = fc.oneof(
  fc.constantFrom(...TEXTS, "*", "A_*", "*1*", String.raw`a\*b`, "not:*", "1"),
  fc.string({ maxLength: 2 }),
);
const pattern = fc.oneof(
  operand,
  operand.map((text) => `eq:${text}`),
  operand.map((text) => `not:${text}`),
  fc
    .tuple(fc.constantFrom("lt", "le", "gt", "ge"), fc.constantFrom("1.10", "A_red_1.10", "10", "2026-11-20"))
    .map((pair) => pair.join(":")),
);
const name = fc
  .tuple(
    fc.constantFrom(...KEYS),
    fc.constantFrom([], ["x"], ["y", "x"], ["a.b"]),
    fc.constantFrom("", "", "", ".", "label."),
  )
  .map(([key, more, scope]) => scope + (scope === "label." ? key : formatFieldPath([key, ...more])));

describe("filters over columns", () => {
  it("choose the hosts that the server chooses", async () => {
    let judged = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(host, { minLength: 1, maxLength: 6 }),
        fc.array(fc.tuple(name, pattern), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 90 }),
        async (hosts, filters, piece) => {
          const conditions = filters.map(([own, text]) => `${own}=${text}`);
          const sources = makeFleet(hosts);
          const fleet = await readFleet(sources, piece);
          const { division, ids } = choose(fleet, { conditions });
          const expected = await askServer(filters, sources).catch(() => undefined);
          if (division.mistakes.length > 0) {
            expect(expected).toBeUndefined();
            expect(ids).toEqual([]);
            return;
          }
          // What is left to the server is asked there; the rest is judged here.
          const asked = division.asked.length > 0 ? await askServer(division.asked, sources) : undefined;
          judged += division.local.length;
          expect(ids.filter((id) => !asked || asked.includes(id))).toEqual(expected);
        },
      ),
      { numRuns: runs(300) },
    );
    expect(judged).toBeGreaterThan(runs(300) / 10);
  });

  it("leave to the server what they cannot tell", async () => {
    const fleet = await readFleet(
      makeFleet([{ env: "own", instance_name: "prod_a_1", note: "x".repeat(10_000) }]),
    );
    const asked = (...conditions: string[]) => choose(fleet, { conditions }).division.asked;
    // A label's and a field's, a name that nobody has, a value that is held in part.
    expect(asked("env=prod")).toEqual([["env", "prod"]]);
    expect(asked("nobody=1")).toEqual([["nobody", "1"]]);
    expect(asked("note=x*")).toEqual([["note", "x*"]]);
    expect(asked("service=a")).toEqual([]);
    // Filters that one and the same element must meet.
    expect(asked("same=processes", "service=a")).toEqual([
      ["same", "processes"],
      ["service", "a"],
    ]);
  });

  it("find text in any cell that is shown, whatever its case", async () => {
    const fleet = await readFleet(
      makeFleet([{ a: "RED 1" }, { a: ["x", "dark red 2"] }, { b: "red" }, { a: "blue" }]),
    );
    expect(choose(fleet, { text: "red", columns: ["a"] }).ids).toEqual(["i-0", "i-1"]);
    expect(choose(fleet, { text: "ED 1", columns: ["a", "b"] }).ids).toEqual(["i-0"]);
    expect(choose(fleet, { text: "nowhere", columns: ["a", "b"] }).ids).toEqual([]);
  });
});

describe("order", () => {
  it("is by number, by version, or as people order names", () => {
    const sort = (texts: readonly string[], order: "names" | "versions") =>
      sortValues(texts, order).map((place) => texts[place]);
    expect(sort(["10", "9", "-1", "1e3"], "names")).toEqual(["-1", "9", "10", "1e3"]);
    expect(sort(["i10", "i9", "I1", "é", "f"], "names")).toEqual(["é", "f", "I1", "i9", "i10"]);
    expect(sort(["unknown", "A_red_1.10", "A_blue_2", "A_red_1.9", "A_red_1.10-rc1"], "versions")).toEqual([
      ...["A_blue_2", "A_red_1.9", "A_red_1.10-rc1", "A_red_1.10", "unknown"],
    ]);
  });

  it("of versions is the server's", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(30), fc.nat(30), fc.constantFrom("", "-rc1", "-alpha.2", ".1"))),
        (parts) => {
          const texts = parts.map(([a, b, tail]) => `A_red_${a}.${b}${tail}`);
          const sorted = sortValues(texts, "versions").map((place) => texts[place] ?? "");
          const parsed = sorted.map((text) => parseVersion(splitVersion(text).version));
          for (let at = 1; at < parsed.length; at++) {
            const [one, other] = [parsed[at - 1], parsed[at]];
            if (one && other) expect(compareVersions(one, other, undefined)).toBeLessThanOrEqual(0);
          }
        },
      ),
    );
  });

  it("of plain names is that of compareNames", () => {
    const word = fc.stringMatching(/^[a-z]{0,3}[0-9]{0,4}[a-z]{0,2}$/);
    fc.assert(
      fc.property(fc.array(word), (texts) => {
        const sorted = sortValues(
          texts.map((text) => `n${text}`),
          "names",
        ).map((place) => `n${texts[place]}`);
        for (let at = 1; at < sorted.length; at++)
          expect(compareNames(sorted[at - 1] ?? "", sorted[at] ?? "")).toBeLessThanOrEqual(0);
      }),
    );
  });

  it("puts hosts without a value last in either direction, and others by their first in it", async () => {
    const fleet = await readFleet(makeFleet([{ v: "1.10" }, {}, { v: ["1.9", "2.0"] }, { v: "1.9.1" }]));
    expect(choose(fleet, { sort: "v" }).ids).toEqual(["i-2", "i-3", "i-0", "i-1"]);
    expect(choose(fleet, { sort: "-v" }).ids).toEqual(["i-2", "i-0", "i-3", "i-1"]);
  });
});

describe("groups", () => {
  it("have heads with counts, and the hosts of those that are open", async () => {
    const fleet = await readFleet(makeFleet([{ v: "2" }, {}, { v: ["1", "2"] }, { v: "1" }]));
    const { lines } = choose(fleet, { group: "v", open: ['"2"'] }).chosen;
    const shown = Array.from({ length: lines.length }, (_, at) => {
      const line = lines.at(at);
      return line && "group" in line ? [line.group.value, line.group.count] : line?.row;
    });
    expect(shown).toEqual([["1", 2], ["2", 2], 0, 2, [undefined, 1]]);
    expect(lines.hosts).toBe(4);
    expect(lines.at(5)).toBeUndefined();
    expect(lines.at(-1)).toBeUndefined();
  });
});

describe("a table", () => {
  it("has a value that an object is elsewhere, names as keys of none, and texts whole", async () => {
    const fleet = await readFleet(
      makeFleet([
        { a: { b: 1 } },
        { a: 5 },
        { a: [[{ b: [2, 2] }]] },
        { constructor: "c", toString: "t" },
        { 日本: "😀\u202eabc" },
      ]),
      1,
    );
    const read = (name: string) => {
      const column = fleet.table.columns.find((one) => one.name === name);
      return column && Array.from({ length: fleet.table.count }, (_, row) => readTexts(column, row));
    };
    expect(read("a.b")).toEqual([["1"], [], ["2"], [], []]);
    expect(read("a")).toEqual([[], ["5"], [], [], []]);
    expect(read("constructor")).toEqual([[], [], [], ["c"], []]);
    expect(read("日本")).toEqual([[], [], [], [], ["😀\u202eabc"]]);
    expect(findFilterColumn({ scope: "any", path: ["toString"] }, fleet.names)).toBe("toString");
  });

  it("is none where the last line was cut off", () => {
    const reader = createTableReader([{ name: "a", path: ["a"] }]);
    reader.take(Buffer.from('{"a":1}\n{"a":'));
    expect(reader.finish()).toBeUndefined();
  });
});
