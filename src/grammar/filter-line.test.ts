// Tests of lines of filters: words, quotes, conditions and text.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatFilterLine, parseFilterLine, quoteWord, readConditions, splitWords } from "./filter-line.ts";

describe("a line of filters", () => {
  it("has conditions and text, told apart by their operator", () => {
    expect(parseFilterLine("env=prod app_version<1.10 red 1.9 name!=x")).toEqual({
      conditions: ["env=prod", "app_version<1.10", "name!=x"],
      text: "red 1.9",
    });
    expect(parseFilterLine("=x")).toEqual({ conditions: [], text: "=x" });
    expect(parseFilterLine(String.raw`a\=b`)).toEqual({ conditions: [], text: String.raw`a\=b` });
  });

  it("holds a word together by quotes, wherever they begin", () => {
    expect(parseFilterLine('"note=two words" note="two words" env=prod').conditions).toEqual([
      "note=two words",
      "env=prod",
    ]);
    expect(splitWords(String.raw`"say \"no\"" a\*b "c\\d" "open end`)).toEqual([
      'say "no"',
      String.raw`a\*b`,
      String.raw`c\d`,
      "open end",
    ]);
  });

  it("is read as it was written, whatever stands in it", () => {
    const word = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !/^\s+$/.test(text));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        expect(splitWords(words.map(quoteWord).join(" "))).toEqual(words);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (line) => {
        const once = parseFilterLine(line);
        expect(parseFilterLine(formatFilterLine(once)).conditions).toEqual(once.conditions);
      }),
    );
  });

  it("takes time by its length alone", () => {
    const started = performance.now();
    splitWords('"\\'.repeat(50_000));
    splitWords('a"'.repeat(50_000));
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe("conditions", () => {
  it("are filters with all values of their name, parameters, and mistakes", () => {
    const read = readConditions(["env=prod", "env=stg", "state=all", "x<banana", "a..b=1", ".state=running"]);
    expect(read.filters.map(({ field, scope, values }) => [field, scope, values])).toEqual([
      ["env", "any", ["prod", "stg"]],
      ["state", "field", ["running"]],
    ]);
    expect(read.parameters).toEqual([["state", "all"]]);
    expect(read.mistakes).toEqual([
      expect.stringContaining("x: lt: compares versions"),
      expect.stringContaining("a..b: is no field"),
    ]);
  });
});
