// The strict scan, by properties: it takes nothing that JSON.parse refuses, and means by the rest
// what JSON.parse means.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import { isRejection, type JsonMembers, scanObject } from "./json.ts";
import { decodeString, walkChildren } from "./json-walk.ts";
import { MAX_REPORT_DEPTH } from "./limits.ts";

const scan = (text: string | Uint8Array) =>
  scanObject(typeof text === "string" ? Buffer.from(text) : text, MAX_REPORT_DEPTH);

/** JSON.parse of the bytes as strict UTF-8; undefined if either refuses. */
function parse(bytes: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** An accepted text must mean to us what it means to JSON.parse, member by member. */
function expectAgreement(bytes: Buffer, members: JsonMembers): void {
  const object = parse(bytes)?.value as Record<string, unknown>;
  expect(object).toBeTypeOf("object");
  expect([...members.keys()].sort()).toEqual(Object.keys(object).sort());
  let lastEnd = 0;
  for (const [key, { start, end }] of members) {
    expect(start).toBeGreaterThan(lastEnd);
    lastEnd = end;
    expect(JSON.parse(bytes.toString("utf8", start, end))).toEqual(object[key]);
  }
  const walked: [string | undefined, unknown][] = [];
  walkChildren(bytes, bytes.indexOf("{"), (key, span) => {
    walked.push([key, span]);
    return false;
  });
  expect(walked).toEqual([...members]);
}

/** JSON texts with every escape, white space and nesting that JSON.stringify never writes. */
const space = fc.stringMatching(/^[ \t\r\n]{0,2}$/);
const character = fc.oneof(
  fc.constantFrom(
    '\\"',
    "\\\\",
    "\\/",
    "\\b",
    "\\f",
    "\\n",
    "\\r",
    "\\t",
    "\\u0041",
    "\\u00e9",
    "\\ud83d\\ude00",
    "\\uD83D\\uDE00",
  ),
  fc.constantFrom("a", "é", "漢", "😀", "{", "}", "[", "]", ",", ":", " ", "'", "\x7f", "\u2028"),
);
const string = fc.array(character, { maxLength: 6 }).map((parts) => `"${parts.join("")}"`);

/**
 * Keys by which JSON.parse may judge us. Of keys with a backslash it is no judge: Node 24.21 reads
 * `{"k":1,"\\"":2}` as if the second key were a backslash, once it has read `{"k":1,"\\\\":2}`.
 * json.test.ts has those, with no judge.
 */
const ESCAPED_BACKSLASH = "\\\\";
const key = string.filter((text) => !text.includes(ESCAPED_BACKSLASH));
const scalar = fc.oneof(
  string,
  fc.constantFrom(
    "true",
    "false",
    "null",
    "0",
    "-0",
    "1",
    "-1.5",
    "1e5",
    "1E+05",
    "0.0e-0",
    "123456789012345678901234567890",
    "1e999",
  ),
);
const { object } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof({ depthSize: "xsmall", withCrossShrink: true }, scalar, tie("array"), tie("object")),
  array: fc
    .tuple(space, fc.array(fc.tuple(space, tie("value"), space), { maxLength: 4 }))
    .map(([gap, parts]) => {
      return `[${parts.length === 0 ? gap : parts.map((part) => part.join("")).join(",")}]`;
    }),
  object: fc
    .tuple(
      space,
      fc.uniqueArray(fc.tuple(space, key, space, space, tie("value"), space), {
        maxLength: 5,
        selector: ([, text]) => JSON.parse(text),
      }),
    )
    .map(([gap, parts]) => {
      const members = parts.map(([a, text, b, c, value, d]) => `${a}${text}${b}:${c}${value}${d}`);
      return `{${members.length === 0 ? gap : members.join(",")}}`;
    }),
}));

describe("scanObject", () => {
  it("takes what JSON.stringify writes of any object, and finds its members", () => {
    const value = fc.dictionary(
      fc.string({ unit: "grapheme" }),
      fc.jsonValue({ stringUnit: "grapheme", maxDepth: 6 }),
    );
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, "\t"), (given, indent) => {
        const text = JSON.stringify(given, null, indent);
        fc.pre(!text.includes(ESCAPED_BACKSLASH));
        const members = scan(text);
        if (isRejection(members)) {
          // The two that JSON.parse takes and we do not.
          expect(text).toMatch(/\\u0000|"__proto__"\s*:/);
          expect(members.reason).toMatch(/^forbidden_/);
        } else expectAgreement(Buffer.from(text), members);
      }),
      { numRuns: runs(400) },
    );
  });

  it("takes any JSON text of one object with distinct keys", () => {
    fc.assert(
      fc.property(space, object, space, (before, text, after) => {
        const bytes = Buffer.from(before + text + after);
        const members = scan(bytes);
        if (isRejection(members)) expect(members.reason).toBe("too_deep");
        else expectAgreement(bytes, members);
      }),
      { numRuns: runs(600) },
    );
  });

  it("takes no bytes that JSON.parse refuses, and understands the rest alike", () => {
    const mutation = fc.tuple(
      fc.nat(),
      fc.nat({ max: 2 }),
      fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(...Buffer.from('{}[]",:\\u0eE+-.t \0'))),
    );
    let accepted = 0;
    fc.assert(
      fc.property(object, fc.array(mutation, { minLength: 1, maxLength: 4 }), (text, mutations) => {
        let bytes = Buffer.from(text);
        for (const [at, removed, inserted] of mutations) {
          const place = at % (bytes.length + 1);
          bytes = Buffer.concat([
            bytes.subarray(0, place),
            Buffer.from([inserted]),
            bytes.subarray(place + removed),
          ]);
        }
        fc.pre(!bytes.includes(ESCAPED_BACKSLASH));
        const members = scan(bytes);
        if (!isRejection(members)) {
          accepted++;
          expectAgreement(bytes, members);
        } else if (members.reason === "not_json" || members.reason === "not_utf8")
          expect(parse(bytes)).toBeUndefined();
      }),
      { numRuns: runs(1600) },
    );
    expect(accepted).toBeGreaterThan(runs(20));
  });

  it("takes no bytes at all that JSON.parse refuses", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        if (!isRejection(scan(bytes))) expect(parse(bytes)).toBeDefined();
      }),
      { numRuns: runs(1000) },
    );
  });
});

describe("decodeString", () => {
  it("reads as JSON.parse does", () => {
    fc.assert(
      fc.property(string, (text) => {
        const raw = Buffer.from(`x${text}x`);
        expect(decodeString(raw, { start: 1, end: raw.length - 1 })).toBe(JSON.parse(text));
      }),
    );
  });
});
