// The report: why one is set aside, and that an accepted one is untouched.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import { MAX_REPORT_BYTES } from "./limits.ts";
import { isRejected, parseReport, type Report } from "./report.ts";

const ID = "i-123123123123";
const DATE = "2023-12-12T07:00:01+09:00";
const EXAMPLE = `{
  "update_date": "${DATE}",
  "os_start_date": "2023-12-11 19:11:22",
  "instance_id": "${ID}",
  "instance_name": "prod_service1_instance001",
  "instance_type": "g4dn.2xlarge",
  "instance_life_cycle": "spot",
  "app_version": "1.2.3",
  "processes": [ { "module_A_filename": "A_red_1.1", "module_B_filename": "B_red_1.8.5" } ]
}`;

function accept(text: string): Report {
  const outcome = parseReport(Buffer.from(text), ID);
  if (isRejected(outcome)) throw new Error(`${outcome.reason}: ${outcome.detail}`);
  return outcome;
}

/** A report with these members after the two required ones; their text is taken as it stands. */
const withMembers = (members: string) => `{"instance_id":"${ID}","update_date":"${DATE}"${members}}`;

/** Adds `"reader":{}` as the roll does. */
function insertReader({ body, insertion: { offset, kind } }: Report): string {
  const addition = { member: ',"reader":{}', first: '"reader":{}', object: ',"rollcall":{"reader":{}}' }[
    kind
  ];
  return body.toString("utf8", 0, offset) + addition + body.toString("utf8", offset);
}

describe("parseReport", () => {
  it("reads the example", () => {
    expect(accept(EXAMPLE)).toEqual({
      id: ID,
      body: Buffer.from(EXAMPLE),
      updatedAt: Date.UTC(2023, 11, 11, 22, 0, 1),
      insertion: { offset: EXAMPLE.length - 1, kind: "object" },
    });
  });

  it.each([
    ["", "empty"],
    ["\n", "not_json"],
    ["{", "not_json"],
    [EXAMPLE.slice(0, -1), "not_json"],
    [`\ufeff${EXAMPLE}`, "not_json"],
    [`[${EXAMPLE}]`, "not_object"],
    [withMembers(`,"a":${"[".repeat(32)}${"]".repeat(32)}`), "too_deep"],
    [withMembers(',"a":1,"a":1'), "duplicate_key"],
    [withMembers(`,"instance_\\u0069d":"${ID}"`), "duplicate_key"],
    [withMembers(',"__proto__":{}'), "forbidden_key"],
    [withMembers(',"a":"\\u0000"'), "forbidden_character"],
    [withMembers(',"a":"\\ud800"'), "forbidden_character"],
    ["{}", "missing_field"],
    [`{"instance_id":"${ID}"}`, "missing_field"],
    [`{"update_date":"${DATE}"}`, "missing_field"],
    [`{"instance_id":1,"update_date":"${DATE}"}`, "missing_field"],
    [`{"instance_id":null,"update_date":"${DATE}"}`, "missing_field"],
    [`{"instance_id":["${ID}"],"update_date":"${DATE}"}`, "missing_field"],
    [`{"instance_id":"${ID}","update_date":1702332001}`, "missing_field"],
    [`{"a":{"instance_id":"${ID}"},"update_date":"${DATE}"}`, "missing_field"],
    [`{"instance_id":"${ID}","update_date":""}`, "bad_update_date"],
    [`{"instance_id":"${ID}","update_date":"2023-12-12 07:00:01"}`, "bad_update_date"],
    [`{"instance_id":"${ID}","update_date":"2023-02-29T07:00:01Z"}`, "bad_update_date"],
    [`{"instance_id":"i-2","update_date":"${DATE}"}`, "misfiled"],
    [`{"instance_id":"${ID} ","update_date":"${DATE}"}`, "misfiled"],
    [`{"instance_id":"${ID.toUpperCase()}","update_date":"${DATE}"}`, "misfiled"],
    [`{"instance_id":"","update_date":"${DATE}"}`, "misfiled"],
    [withMembers(',"rollcall":null'), "bad_rollcall"],
    [withMembers(',"rollcall":[]'), "bad_rollcall"],
    [withMembers(',"rollcall":"x"'), "bad_rollcall"],
    [withMembers(',"rollcall":{"schema":1,"reader":{}}'), "bad_rollcall"],
    [withMembers(',"rollcall":{"read\\u0065r":1}'), "bad_rollcall"],
    [withMembers(',"\\u0072ollcall":{"reader":1}'), "bad_rollcall"],
  ])("refuses %j: %s", (text, reason) =>
    expect(parseReport(Buffer.from(text), ID)).toMatchObject({ reason }),
  );

  it("refuses bytes that are no UTF-8", () => {
    expect(parseReport(Buffer.from(EXAMPLE.replace("spot", "\xe9"), "latin1"), ID)).toMatchObject({
      reason: "not_utf8",
    });
  });

  it("takes a report of the largest size, and not a byte more", () => {
    const fill = MAX_REPORT_BYTES - withMembers(',"a":""').length;
    const largest = withMembers(`,"a":"${"x".repeat(fill)}"`);
    expect(largest).toHaveLength(MAX_REPORT_BYTES);
    expect(accept(largest).body).toHaveLength(MAX_REPORT_BYTES);
    expect(parseReport(Buffer.from(`${largest} `), ID)).toMatchObject({ reason: "too_large" });
    expect(parseReport(Buffer.alloc(10 * 1024 * 1024, "["), ID)).toMatchObject({ reason: "too_large" });
  });

  it("shows no more of a hostile value than fits a line", () => {
    for (const [id, date] of [
      ["x".repeat(100_000), DATE],
      ["\\n\\u001b[31m", DATE],
      [ID, "9".repeat(100_000)],
      [ID, "\\n\\u001b[31m"],
    ]) {
      const outcome = parseReport(Buffer.from(`{"instance_id":"${id}","update_date":"${date}"}`), ID);
      expect(outcome).toMatchObject({ detail: expect.stringMatching(/^[\x20-\x7e]{1,300}$/) });
    }
  });

  it("trims the file's white space and touches nothing else", () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[ \t\r\n]{0,5}$/),
        fc.stringMatching(/^[ \t\r\n]{0,5}$/),
        (before, after) => {
          const report = accept(before + EXAMPLE + after);
          expect(report.body.toString()).toBe(EXAMPLE);
          expect(JSON.parse(insertReader(report)).rollcall).toEqual({ reader: {} });
        },
      ),
    );
  });

  it("keeps the order of fields, and numbers no double can hold", () => {
    const text = withMembers(',"z":1,"10":2,"9":12345678901234567890.10,"a": 1E+2 ');
    expect(accept(text).body.toString()).toBe(text);
  });

  it.each([
    ["", "object"],
    [' , "a" : 1 ', "object"],
    [',"rollcall":{}', "first"],
    [',"rollcall":{ \n }', "first"],
    [',"rollcall": {} ,"a":1', "first"],
    [',"rollcall":{"schema":1}', "member"],
    [',"rollcall":{"schema":1 } ,"a":{"rollcall":{}}', "member"],
    [',"a":{"rollcall":{"reader":1}}', "object"],
    [',"a":"rollcall","rollcall":{"a":"}","b":{"reader":1}}', "member"],
    [',"r\\u006fllcall":{"schema":1}', "member"],
  ])("finds where the reader may write in %j: %s", (members, kind) => {
    const report = accept(withMembers(members));
    expect(report.insertion.kind).toBe(kind);
    const before = JSON.parse(report.body.toString());
    const expected = { ...before, rollcall: { ...before.rollcall, reader: {} } };
    expect(JSON.parse(insertReader(report))).toEqual(expected);
  });

  it("can be written into whatever the report holds", () => {
    const text = fc.string({ unit: "grapheme" }).filter((value) => !/\0|^__proto__$/.test(value));
    const value = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { depthSize: "small" },
        text,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("any")),
        fc.dictionary(text, tie("any")),
      ),
    })).any;
    const rollcall = fc.option(
      fc.dictionary(
        text.filter((key) => key !== "reader"),
        value,
      ),
      { nil: undefined },
    );
    const members = fc.dictionary(text, value);
    fc.assert(
      fc.property(
        members,
        rollcall,
        fc.boolean(),
        fc.constantFrom(undefined, 2),
        (others, own, isFirst, indent) => {
          const required = { instance_id: ID, update_date: DATE };
          const { rollcall: _, ...rest } = others;
          const given = isFirst
            ? { rollcall: own, ...rest, ...required }
            : { ...rest, ...required, rollcall: own };
          const report = accept(JSON.stringify(given, null, indent));
          expect(JSON.parse(insertReader(report))).toEqual({ ...given, rollcall: { ...own, reader: {} } });
        },
      ),
      { numRuns: runs(200) },
    );
  });
});
