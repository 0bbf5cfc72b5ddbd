// Properties of tables: no line is wider than the terminal, and without one nothing is cut.
import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { sanitizeLine } from "../../report/safe-text.ts";
import { runs } from "../../testing/runs.ts";
import { describeHidden, fitTable, layOutTable, styleTable } from "./table.ts";

const cell = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom("a", "Z", " ", "-", "本", "ﾊ", "é", "…", "👩‍👩‍👧", "e\u0301"),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
    ),
  })
  .map(sanitizeLine);
const table = fc.integer({ min: 1, max: 8 }).chain((width) =>
  fc.record({
    headings: fc.array(cell, { minLength: width, maxLength: width }),
    rows: fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 6 }),
  }),
);

describe("layOutTable", () => {
  it("makes no line wider than the terminal, and one line a row", () => {
    fc.assert(
      fc.property(table, fc.integer({ min: 10, max: 200 }), ({ headings, rows }, columns) => {
        const lines = layOutTable(headings, rows, columns).split("\n");
        expect(lines).toHaveLength(rows.length + 1);
        for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
      }),
      { numRuns: runs(75) },
    );
  });

  it("cuts nothing where there is no terminal", () => {
    fc.assert(
      fc.property(table, ({ headings, rows }) => {
        const lines = layOutTable(headings, rows, undefined).split("\n");
        for (const [index, row] of [headings, ...rows].entries()) {
          for (const text of row) expect(lines[index]).toContain(text.trimEnd());
        }
      }),
      { numRuns: runs(75) },
    );
  });

  it("aligns by what is seen", () => {
    expect(
      layOutTable(
        ["NAME", "N"],
        [
          ["本番", "1"],
          ["a", "2"],
        ],
        undefined,
      ),
    ).toBe("NAME  N\n本番  1\na     2");
  });

  it("leaves out trailing columns before it cuts the others short", () => {
    const row = ["x".repeat(30), "y".repeat(30), "z".repeat(30)];
    const [heading, line] = layOutTable(["A", "B", "C"], [row], 50).split("\n");
    expect(heading).toMatch(/^A +B$/);
    expect(line).toMatch(/^x+… {2}y+…$/);
    expect(line).toHaveLength(50);
    const { hidden } = fitTable(["A", "B", "C"], [row], 50);
    expect(hidden).toEqual(["C"]);
    expect(describeHidden(hidden)).toEqual(["not shown: C; a wider terminal has room, and --json has all"]);
    expect(describeHidden([])).toEqual([]);
    expect(describeHidden(Array<string>(11).fill("x")).join()).toContain("x and 3 more;");
  });
});

describe("styleTable", () => {
  const dim = (isTerminal: boolean, env: Record<string, string>): string =>
    styleTable("A  B\n1  2", { stdout: { isTerminal }, env });

  it("dims the headings alone, and adds no width", () => {
    expect(dim(true, { TERM: "xterm" })).toBe("\u001b[2mA  B\u001b[22m\n1  2");
    expect(stringWidth(dim(true, {}).split("\n")[0] ?? "")).toBe(4);
  });

  it.each([
    [false, {}],
    [true, { NO_COLOR: "1" }],
    [true, { TERM: "dumb" }],
  ])("leaves them plain: terminal %s, %j", (isTerminal, env) => {
    expect(dim(isTerminal, env)).toBe("A  B\n1  2");
  });
});
