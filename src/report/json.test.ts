// The strict scan, case by case: it takes nothing that JSON.parse refuses, and refuses what two
// readers may understand differently.
import { describe, expect, it } from "vitest";
import { isRejection, scanObject } from "./json.ts";
import { walkChildren } from "./json-walk.ts";
import { MAX_REPORT_DEPTH } from "./limits.ts";

const scan = (text: string | Uint8Array) =>
  scanObject(typeof text === "string" ? Buffer.from(text) : text, MAX_REPORT_DEPTH);

function reasonOf(text: string | Uint8Array): string {
  const outcome = scan(text);
  return isRejection(outcome) ? outcome.reason : "accepted";
}

describe("scanObject", () => {
  // JSON.parse of Node 24.21 takes the second key of the second text for a backslash, once it has
  // read the first.
  it.each([
    ['{"k":1,"\\\\":2}', ["k", "\\"]],
    ['{"k":1,"\\"":2}', ["k", '"']],
    ['{"k":1,"a\\\\":2,"a\\"":3}', ["k", "a\\", 'a"']],
  ])("reads the keys of %j whatever it read before", (text, keys) => {
    const outcome = scan(text);
    expect(isRejection(outcome) ? outcome : [...outcome.keys()]).toEqual(keys);
  });

  it.each([
    "{}",
    " \t\r\n{} \t\r\n",
    '{"":0}',
    '{"a":-0}',
    '{"a":1E+2}',
    '{"a":"\\u00e9\\/"}',
    '{"a":"\\ud83d\\ude00"}',
    '{"a":"😀"}',
    '{"a":{"a":{"a":1}}}',
    '{"a":[{"a":1},{"a":1}]}',
    '{"proto":1,"__proto":1,"constructor":1,"prototype":1,"toString":1}',
    '{"a":"\x7f"}',
    '{"a":"__proto__"}',
    `{"a":${"9".repeat(1000)}}`,
    '{"a":1e999999}',
    '{"a":"\\ufeff\\uffff"}',
  ])("takes %j", (text) => expect(reasonOf(text)).toBe("accepted"));

  it.each([
    ["", "empty"],
    [" ", "not_json"],
    ["[]", "not_object"],
    ["null", "not_object"],
    ['"{}"', "not_object"],
    ["1", "not_object"],
    ["[", "not_json"],
    ["nul", "not_json"],
    ["{", "not_json"],
    ['{"a"', "not_json"],
    ['{"a":', "not_json"],
    ['{"a":1', "not_json"],
    ['{"a":1,', "not_json"],
    ['{"a', "not_json"],
    ['{"a\\', "not_json"],
    ['{"a\\u00', "not_json"],
    ["{}{}", "not_json"],
    ["{}\n{}", "not_json"],
    ["{}x", "not_json"],
    ["{}\0", "not_json"],
    ["{a:1}", "not_json"],
    ["{'a':1}", "not_json"],
    ["{1:1}", "not_json"],
    ['{"a" 1}', "not_json"],
    ['{"a":1 "b":1}', "not_json"],
    ['{"a":1,}', "not_json"],
    ['{,"a":1}', "not_json"],
    ['{"a":[1,]}', "not_json"],
    ['{"a":[,1]}', "not_json"],
    ['{"a":[1}', "not_json"],
    ['{"a":1]', "not_json"],
    ['{"a":NaN}', "not_json"],
    ['{"a":Infinity}', "not_json"],
    ['{"a":-Infinity}', "not_json"],
    ['{"a":-}', "not_json"],
    ['{"a":+1}', "not_json"],
    ['{"a":01}', "not_json"],
    ['{"a":-01}', "not_json"],
    ['{"a":1.}', "not_json"],
    ['{"a":.5}', "not_json"],
    ['{"a":1e}', "not_json"],
    ['{"a":1e+}', "not_json"],
    ['{"a":0x10}', "not_json"],
    ['{"a":1_000}', "not_json"],
    ['{"a":True}', "not_json"],
    ['{"a":truex}', "not_json"],
    ['{"a":undefined}', "not_json"],
    ['{"a":1}//', "not_json"],
    ['{/**/"a":1}', "not_json"],
    ['{"a":"\n"}', "not_json"],
    ['{"a":"\t"}', "not_json"],
    ['{"a":"\0"}', "not_json"],
    ['{"a":"\\x41"}', "not_json"],
    ['{"a":"\\U0041"}', "not_json"],
    ['{"a":"\\u00g0"}', "not_json"],
    ['{"a":"\\u 041"}', "not_json"],
    ['{"a":"\\\'"}', "not_json"],
    ['{\u00a0"a":1}', "not_json"],
    ['{"a":1\v}', "not_json"],
    ['\ufeff{"a":1}', "not_json"],
    ['{"a":"\\u0000"}', "forbidden_character"],
    ['{"\\u0000":1}', "forbidden_character"],
    ['{"a":"\\ud83d"}', "forbidden_character"],
    ['{"a":"\\ude00"}', "forbidden_character"],
    ['{"a":"\\ud83d\\ud83d"}', "forbidden_character"],
    ['{"a":"\\ud83dx"}', "forbidden_character"],
    ['{"a":"\\ud83d\\n"}', "forbidden_character"],
    ['{"a":"\\ude00\\ud83d"}', "forbidden_character"],
    ['{"\\ud83d":1}', "forbidden_character"],
    ['{"a":1,"a":1}', "duplicate_key"],
    ['{"a":1,"\\u0061":2}', "duplicate_key"],
    ['{"é":1,"\\u00e9":2}', "duplicate_key"],
    ['{"😀":1,"\\ud83d\\ude00":2}', "duplicate_key"],
    ['{"/":1,"\\/":2}', "duplicate_key"],
    ['{"":1,"":2}', "duplicate_key"],
    ['{"a":{"b":1,"b":2}}', "duplicate_key"],
    ['{"a":[{"b":1,"c":2,"b":3}]}', "duplicate_key"],
    ['{"__proto__":1}', "forbidden_key"],
    ['{"\\u005f_proto__":{}}', "forbidden_key"],
    ['{"a":[{"__proto__":1}]}', "forbidden_key"],
  ])("refuses %j: %s", (text, reason) => expect(reasonOf(text)).toBe(reason));

  it.each([
    ["a lone continuation byte", [0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["an overlong NUL", [0xc0, 0x80]],
    ["an overlong euro sign", [0xf0, 0x82, 0x82, 0xac]],
    ["half a surrogate pair (CESU-8)", [0xed, 0xa0, 0xbd]],
    ["a whole surrogate pair (CESU-8)", [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
    ["a code point beyond Unicode", [0xf4, 0x90, 0x80, 0x80]],
    ["a sequence cut short", [0xe6, 0xbc]],
    ["Latin-1", [0xe9]],
  ])("refuses %s as no UTF-8", (_, bytes) => {
    expect(reasonOf(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]))).toBe(
      "not_utf8",
    );
  });

  it.each(["utf16le" as const, "ucs2" as const])("refuses %s", (encoding) => {
    expect(reasonOf(Buffer.from('{"a":1}', encoding))).toBe("not_json");
  });

  it("counts the depth of objects and arrays, itself being one", () => {
    const objects = (depth: number) => `${'{"a":'.repeat(depth - 1)}{}${"}".repeat(depth - 1)}`;
    const arrays = (depth: number) => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
    for (const nest of [objects, arrays]) {
      expect(reasonOf(nest(32))).toBe("accepted");
      expect(reasonOf(nest(33))).toBe("too_deep");
    }
    expect(isRejection(scanObject(Buffer.from("{}"), 1))).toBe(false);
  });

  it("stands 100,000 brackets", () => {
    for (const bracket of ["[", '{"a":', '{"a":['])
      expect(reasonOf(bracket.repeat(100_000))).toBe("too_deep");
    expect(reasonOf(`{"a":${"[]".repeat(100_000)}}`)).toBe("not_json");
    expect(reasonOf(`{"a":[${"[],".repeat(49_000)}[]]}`)).toBe("accepted");
  });

  it("refuses a number of a thousand digits and more, wherever it is cut", () => {
    for (let digits = 1020; digits < 1030; digits++) {
      const text = `{"a":${"9".repeat(digits)}.5e7}`;
      expect(["accepted", "not_json"]).toContain(reasonOf(text));
    }
    expect(reasonOf(`{"a":${"9".repeat(1_000_000)}}`)).toBe("not_json");
  });

  it("says where the fault is, in bytes", () => {
    expect(scan('{"é":1,}')).toEqual({
      reason: "not_json",
      detail: 'byte 8: unexpected "}" where a key in "quotes" should stand',
    });
    expect(scan('{"a":1')).toMatchObject({
      detail: 'byte 6: unexpected end in an object, where "," or "}" should stand',
    });
    expect(scan('{"a":\x01}')).toMatchObject({
      detail: "byte 5: unexpected byte 0x01 where a value should stand",
    });
    expect(scan(`{"${"k".repeat(9999)}" 1}`)).toMatchObject({ detail: expect.stringMatching(/^.{0,200}$/) });
  });

  it("scans a view into a larger buffer", () => {
    const bytes = Buffer.from('xx{"a":1}xx').subarray(2, 9);
    expect(scan(bytes)).toEqual(new Map([["a", { start: 5, end: 6 }]]));
  });
});

describe("walkChildren", () => {
  const bytes = Buffer.from('{ "a" : [ 1 , "],}" , { } ] , "\\u0062" : null }');

  it("walks objects and arrays, and nothing else", () => {
    const seen: string[] = [];
    const note = (key: string | undefined, { start, end }: { start: number; end: number }) => {
      seen.push(`${key}=${bytes.toString("utf8", start, end)}`);
      return undefined;
    };
    expect(walkChildren(bytes, 0, note)).toBe(true);
    expect(walkChildren(bytes, bytes.indexOf("["), note)).toBe(true);
    expect(walkChildren(bytes, bytes.indexOf("null"), note)).toBe(false);
    expect(seen).toEqual([
      'a=[ 1 , "],}" , { } ]',
      "b=null",
      "undefined=1",
      'undefined="],}"',
      "undefined={ }",
    ]);
  });

  it("ends when the visitor has seen enough", () => {
    let visits = 0;
    walkChildren(bytes, 0, () => ++visits === 1);
    expect(visits).toBe(1);
  });
});

describe("the bounds of members and values", () => {
  const members = (count: number) => `{${Array.from({ length: count }, (_, at) => `"${at}":1`).join(",")}}`;

  it.each([
    [members(10_000), "accepted"],
    [members(10_001), "too_many_values"],
    [`{"a":[${members(10_001)}]}`, "too_many_values"],
    [`{"a":[${"1,".repeat(99_998)}1]}`, "accepted"],
    [`{"a":[${"1,".repeat(99_999)}1]}`, "too_many_values"],
    [`{"a":[${`${members(1000)},`.repeat(100)}1]}`, "too_many_values"],
  ])("case %#", (text, reason) => expect(reasonOf(text)).toBe(reason));

  it("say where", () => {
    expect(scan(members(10_001))).toEqual({
      reason: "too_many_values",
      detail: expect.stringMatching(/^byte \d+: an object has more than 10000 members$/),
    });
  });

  it("find a key that stands twice among many, however it is written", () => {
    for (const [one, other] of [
      ["k4321", "k4321"],
      ["\\u006b17", "k17"],
      ["k0", "\\u006b0"],
    ]) {
      const keys = Array.from({ length: 4400 }, (_, at) => `k${at}`).filter(
        (key) => key !== one && key !== other,
      );
      const text = `{${[one, ...keys, other].map((key) => `"${key}":1`).join(",")}}`;
      expect(reasonOf(text)).toBe("duplicate_key");
      expect(reasonOf(text.replace(/,[^,]*$/, "}"))).toBe("accepted");
    }
  });
});
