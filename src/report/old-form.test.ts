// Tests of the old form of a report.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toOldForm } from "./old-form.ts";

const cut = (text: string): string => toOldForm(Buffer.from(text)).toString();

describe("the old form", () => {
  it.each([
    ['{"a":1,"rollcall":{"schema":1,"x":["}"]}}', '{"a":1}'],
    ['{"rollcall":{"a":","},"a":1.10,"b":12345678901234567890}', '{"a":1.10,"b":12345678901234567890}'],
    ['{"a":1 , "rollcall" : {} , "b":2}', '{"a":1 , "b":2}'],
    ['{"a":{"rollcall":1},"b":"\\"rollcall\\":1"}', '{"a":{"rollcall":1},"b":"\\"rollcall\\":1"}'],
    ['{"a":1,"roll\\u0063all":{}}', '{"a":1}'],
    [' {"a":"é","rollcall":{}}\n', ' {"a":"é"}\n'],
  ])("of %s is %s", (report, old) => {
    expect(cut(report)).toBe(old);
  });

  it("is the report without what Rollcall adds, wherever that stands", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.jsonValue(), { minKeys: 1 }),
        fc.nat(),
        fc.jsonValue(),
        (fields, place, own) => {
          const entries = Object.entries(fields).filter(([name]) => name !== "rollcall");
          if (entries.length === 0) return;
          const at = place % (entries.length + 1);
          const all = [...entries.slice(0, at), ["rollcall", own] as const, ...entries.slice(at)];
          const text = `{${all.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
          expect(cut(text)).toBe(JSON.stringify(Object.fromEntries(entries)));
        },
      ),
    );
  });
});
