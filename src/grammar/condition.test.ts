// Tests of the filters' grammar.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ConditionError,
  formatRequirement,
  parseCondition,
  parseName,
  parseRequirement,
} from "./condition.ts";

describe("parseRequirement", () => {
  it.each([
    ["spot", "eq", "spot"],
    ["A_red_*", "eq", "A_red_*"],
    ["lt:1.10", "lt", "1.10"],
    ["ge:A_red_1.9", "ge", "A_red_1.9"],
    ["not:spot", "not", "spot"],
    ["not:*", "not", "*"],
    ["eq:lt:1.10", "eq", "lt:1.10"],
    ["eq:eq:x", "eq", "eq:x"],
    ["not:eq:lt:x", "not", "lt:x"],
    ["LT:1.10", "eq", "LT:1.10"],
    ["lt", "eq", "lt"],
    ["http://x", "eq", "http://x"],
    ["", "eq", ""],
    ["not:", "not", ""],
  ])("reads %j as %s %j", (value, operator, operand) => {
    expect(parseRequirement(value)).toEqual({ operator, operand });
  });

  it.each([
    ["lt:spot", 'lt: compares versions, numbers and times, and "spot" is none'],
    ["ge:", 'and "" is none'],
    ["ge:1.*", 'and "1.*" is none'],
    ["not:lt:1.10", 'write "ge:1.10"'],
    ["not:not:x", 'write "eq:x"'],
    ["x".repeat(1025), "longer than 1024 characters"],
  ])("refuses %j, saying what to write", (value, message) => {
    expect(() => parseRequirement(value)).toThrow(ConditionError);
    expect(() => parseRequirement(value)).toThrow(message);
  });

  it("reads what formatRequirement writes", () => {
    const operand = fc.oneof(fc.string(), fc.constantFrom("lt:1", "eq:", "not:x", "ge:2", "eq:not:1"));
    fc.assert(
      fc.property(fc.constantFrom("eq" as const, "not" as const), operand, (operator, text) => {
        expect(parseRequirement(formatRequirement({ operator, operand: text }))).toEqual({
          operator,
          operand: text,
        });
      }),
    );
  });
});

describe("parseCondition", () => {
  it.each([
    ["app_version<1.10", ["app_version", "lt:1.10"]],
    ["app_version <= 1.10", ["app_version", "le:1.10"]],
    ["app_version>1.10", ["app_version", "gt:1.10"]],
    ["app_version>=1.10", ["app_version", "ge:1.10"]],
    ["instance_life_cycle!=spot", ["instance_life_cycle", "not:spot"]],
    ["note!=lt:1", ["note", "not:eq:lt:1"]],
    ["app_version=lt:1.10", ["app_version", "lt:1.10"]],
    ["url=http://x?a=b", ["url", "http://x?a=b"]],
    ["name= a", ["name", " a"]],
    ["a\\=b=c", ["a\\=b", "c"]],
    ["a\\.b<2", ["a\\.b", "lt:2"]],
    ["env", undefined],
    ["", undefined],
  ])("reads %j", (text, expected) => {
    expect(parseCondition(text)).toEqual(expected);
  });

  it("reads every name and value that are joined by =", () => {
    const name = fc.string({ minLength: 1 }).filter((text) => !/[=<>!\\]/.test(text));
    fc.assert(
      fc.property(name, fc.string(), (text, value) => {
        expect(parseCondition(`${text}=${value}`)).toEqual([text, value]);
      }),
    );
  });
});

describe("parseName", () => {
  it.each([
    ["env", "any", ["env"], "env"],
    ["processes.state", "any", ["processes", "state"], "processes.state"],
    [".state", "field", ["state"], "state"],
    ["field.state", "field", ["state"], "field.state"],
    ["field.processes.state", "field", ["processes", "state"], "field.processes.state"],
    [".field.state", "field", ["field", "state"], "field.state"],
    ["field.field.state", "field", ["field", "state"], "field.field.state"],
    ["label.env", "label", ["env"], "label.env"],
    ["a\\.b", "any", ["a.b"], "a\\.b"],
  ])("reads %j", (text, scope, path, shown) => {
    expect(parseName(text)).toEqual({ text: shown, scope, path });
  });

  it.each(["", ".", "field.", "label.", "a..b", "field..a"])("refuses %j", (text) => {
    expect(parseName(text)).toBeUndefined();
  });
});
