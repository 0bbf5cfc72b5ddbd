// Fields taken from a text: by pattern, by key, by path, and as a fixed value.
import { describe, expect, it } from "vitest";
import type { FieldSource, Format } from "../spec/schema.ts";
import { lookUp, makeSelector, type Selection } from "./select.ts";

function select(text: string | Buffer, format: Format, sources: Readonly<Record<string, FieldSource>>): Selection {
  return makeSelector(sources)({ bytes: Buffer.from(text), format, path: "/opt/app/conf/a.b.conf" });
}

function one(text: string | Buffer, format: Format, source: FieldSource): unknown {
  const { fields, unread } = select(text, format, { x: source });
  return fields[0]?.[1] ?? unread[0]?.reason;
}

const pattern = (source: string, optional = false): FieldSource => ({ pattern: source, optional });
const key = (name: string, optional = false): FieldSource => ({ key: name, optional });

describe("a pattern", () => {
  it.each([
    ["App\nversion 1.2.3\n", "^version\\s+(\\S+)", "1.2.3"],
    ["v1.2.3", "\\d+\\.\\d+", "1.2"],
    ["a=1\r\nb=2\r\n", "^a=(.*)$", "1"],
    ["a", "b", "the pattern matches nothing"],
    ["ac", "a(b)?c", "the pattern matches nothing"],
  ])("in %j, %j gives %j", (text, source, value) => {
    expect(one(text, "text", pattern(source))).toBe(value);
  });

  it("gives no text that is not UTF-8, or has a NUL", () => {
    expect(one(Buffer.from([0x76, 0xff, 0x31]), "text", pattern("v.1"))).toBe("has a text that is not UTF-8");
    expect(one("v\u00001", "text", pattern("v.1"))).toBe("has a text with a NUL");
    expect(one("x".repeat(9000), "text", pattern(".*"))).toBe("has a text longer than 8192 bytes");
  });

  it("that is large is not tried on a text that is long", () => {
    expect(one("ab ".repeat(300_000), "text", pattern("([a-z ]{1,200}){1,5}[A-Z]"))).toMatch(/too long for so large a pattern/);
  });
});

describe("a key", () => {
  it.each([
    ["release.name", "r1"],
    ["servers.1.host", "b"],
    ["a.b", "literal"],
    ["deep.x.y", "rest"],
    ["nothing", 'there is no key "nothing"'],
    ["servers.2.host", 'there is no key "servers.2.host"'],
    ["servers.length", 'there is no key "servers.length"'],
    ["release.constructor.name", 'there is no key "release.constructor.name"'],
    ["release.name.0", 'there is no key "release.name.0"'],
  ])("%s gives %j", (name, value) => {
    const tree = { release: { name: "r1" }, servers: [{ host: "a" }, { host: "b" }], "a.b": "literal", deep: { "x.y": "rest" } };
    expect(one(JSON.stringify(tree), "json", key(name))).toBe(value);
  });

  it("reaches own properties only", () => {
    expect(lookUp({}, "__proto__")).toBeUndefined();
    expect(lookUp(JSON.parse('{"__proto__":1}'), "__proto__")).toEqual({ node: 1 });
    expect(one('{"a":{"__proto__":1}}', "json", key("a"))).toBe("has the key __proto__");
  });

  it("gives whole parts of a tree, null and false too", () => {
    expect(select('{"a":{"b":[1,null]},"c":false,"d":null}', "json", { a: key("a"), c: key("c"), d: key("d") }).fields).toEqual([
      ["a", { b: [1, null] }],
      ["c", false],
      ["d", null],
    ]);
  });

  it("turns dates into text, and refuses numbers that are none", () => {
    const text = "a = 1979-05-27T07:32:00Z\nb = nan\nc = 9007199254740993\nd = 07:32:00\n";
    expect(select(text, "toml", { a: key("a"), b: key("b"), c: key("c"), d: key("d") })).toEqual({
      fields: [
        ["a", "1979-05-27T07:32:00.000Z"],
        ["c", "9007199254740993"],
        ["d", "07:32:00.000"],
      ],
      unread: [{ what: "b", reason: "is a number without a value (infinite or not a number)" }],
    });
    expect(one('{"a":12345678901234567890}', "json", key("a"))).toMatch(/too large to be exact/);
  });

  it("refuses what is nested too deeply", () => {
    expect(one(`{"a":${"[".repeat(40)}${"]".repeat(40)}}`, "json", key("a"))).toBe("is nested deeper than 29 levels");
  });

  it("in a broken file is unread, optional or not", () => {
    expect(one("{", "json", key("a", true))).toMatch(/^is not json/);
  });
});

describe("other sources", () => {
  it("of the path, and fixed", () => {
    expect(
      select("", "text", { n: { path: "name" }, f: { path: "full" }, s: { path: "stem" }, v: { value: 1.5 } }).fields,
    ).toEqual([
      ["n", "a.b.conf"],
      ["f", "/opt/app/conf/a.b.conf"],
      ["s", "a.b"],
      ["v", 1.5],
    ]);
  });

  it("optional and absent is left out without a word", () => {
    expect(select("{}", "json", { a: key("a", true), b: pattern("x", true) })).toEqual({ fields: [], unread: [] });
  });
});
