// Tests of projections.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFieldPath } from "../grammar/path.ts";
import { compileProjection } from "./projection.ts";

function cut(json: string, ...fields: string[]): string {
  const paths = fields.map((field) => parseFieldPath(field) ?? []);
  return compileProjection(paths)(Buffer.from(json)).toString();
}

const REPORT =
  '{"update_date":"d","10":"ten","instance_id":"i","n":1.0,"big":12345678901234567890,"processes":[{"a":"1","b":"2"},{"b":"3"},7,[{"a":"4"}]],"o":{"p":{"q":1,"r":2}}}';

describe("compileProjection", () => {
  it.each([
    [["instance_id", "update_date"], '{"update_date":"d","instance_id":"i"}'],
    [["n", "big", "10"], '{"10":"ten","n":1.0,"big":12345678901234567890}'],
    [["processes.a"], '{"processes":[{"a":"1"},{},{},[{"a":"4"}]]}'],
    [["o.p.r"], '{"o":{"p":{"r":2}}}'],
    [["o", "o.p.r"], '{"o":{"p":{"q":1,"r":2}}}'],
    [["o.p.r", "o"], '{"o":{"p":{"q":1,"r":2}}}'],
    [["instance_id.x"], "{}"],
    [["nothing"], "{}"],
  ])("%j", (fields, expected) => {
    const text = cut(REPORT, ...fields);
    expect(text).toBe(expected);
    JSON.parse(text);
  });

  it("keeps the text of values, white space around them aside", () => {
    expect(cut('{ "a" : [ 1 , 2 ] , "b" : "x\\u00e9" }', "a", "b")).toBe('{"a":[ 1 , 2 ],"b":"x\\u00e9"}');
  });

  it("with every top-level key keeps everything", () => {
    const key = fc.string({ minLength: 1, maxLength: 8 }).filter((text) => text !== "__proto__");
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue()), (object) => {
        const paths = Object.keys(object).map((name) => [name]);
        const json = JSON.stringify(object);
        expect(compileProjection(paths)(Buffer.from(json)).toString()).toBe(json);
      }),
    );
  });
});

it("finds a name however its letters are put together, and keeps the host's bytes", () => {
  const json = '{"caf\u0065\u0301":"\u00e9te\u0301","b":1}';
  for (const name of ["caf\u00e9", "cafe\u0301"])
    expect(compileProjection([[name]])(Buffer.from(json)).toString()).toBe(
      '{"caf\u0065\u0301":"\u00e9te\u0301"}',
    );
});
