// Fields taken from a text: by pattern, by key, by path, and as a fixed value.
import { describe, expect, it } from "vitest";
import type { FieldSource, Format } from "../specs/schema.ts";
import { lookUp, makeSelector, type Selection } from "./select.ts";

function select(
  text: string | Buffer,
  format: Format,
  sources: Readonly<Record<string, FieldSource>>,
): Promise<Selection> {
  return makeSelector(sources)(
    { bytes: Buffer.from(text), format, path: "/opt/app/conf/a.b.conf" },
    new AbortController().signal,
  );
}

async function one(text: string | Buffer, format: Format, source: FieldSource): Promise<unknown> {
  const { fields, unread } = await select(text, format, { x: source });
  return fields[0]?.[1] ?? unread[0]?.reason;
}

const pattern = (source: string, optional = false): FieldSource => ({ pattern: source, optional });
const key = (name: string, optional = false): FieldSource => ({ key: name, optional });

describe("a pattern", async () => {
  it.each([
    ["App\nversion 1.2.3\n", "^version\\s+(\\S+)", "1.2.3"],
    ["v1.2.3", "\\d+\\.\\d+", "1.2"],
    ["a=1\r\nb=2\r\n", "^a=(.*)$", "1"],
    ["a", "b", "the pattern matches nothing"],
    ["ac", "a(b)?c", "the pattern matches nothing"],
  ])("in %j, %j gives %j", async (text, source, value) => {
    expect(await one(text, "text", pattern(source))).toBe(value);
  });

  it("gives no text that is not UTF-8, or has a NUL", async () => {
    expect(await one(Buffer.from([0x76, 0xff, 0x31]), "text", pattern("v.1"))).toBe(
      "has a text that is not UTF-8",
    );
    expect(await one("v\u00001", "text", pattern("v.1"))).toBe("has a text with a NUL");
    expect(await one("x".repeat(9000), "text", pattern(".*"))).toBe("has a text longer than 8192 bytes");
  });

  it("that is large is not tried on a text that is long", async () => {
    expect(await one("ab ".repeat(300_000), "text", pattern("([a-z ]{1,200}){1,5}[A-Z]"))).toMatch(
      /too long for so large a pattern/,
    );
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
  ])("%s gives %j", async (name, value) => {
    const tree = {
      release: { name: "r1" },
      servers: [{ host: "a" }, { host: "b" }],
      "a.b": "literal",
      deep: { "x.y": "rest" },
    };
    expect(await one(JSON.stringify(tree), "json", key(name))).toBe(value);
  });

  it("reaches own properties only", async () => {
    expect(lookUp({}, "__proto__")).toBeUndefined();
    expect(lookUp(JSON.parse('{"__proto__":1}'), "__proto__")).toEqual({ node: 1 });
    expect(await one('{"a":{"__proto__":1}}', "json", key("a"))).toBe("has the key __proto__");
  });

  it("gives whole parts of a tree, null and false too", async () => {
    expect(
      (
        await select('{"a":{"b":[1,null]},"c":false,"d":null}', "json", {
          a: key("a"),
          c: key("c"),
          d: key("d"),
        })
      ).fields,
    ).toEqual([
      ["a", { b: [1, null] }],
      ["c", false],
      ["d", null],
    ]);
  });

  it("of a number keeps the digits, of a date the text", async () => {
    const text = "a = 1979-05-27T07:32:00Z\nb = nan\nc = 9007199254740993\nd = 1.10\n";
    expect(
      (await select(text, "toml", { a: key("a"), b: key("b"), c: key("c"), d: key("d") })).fields,
    ).toEqual([
      ["a", "1979-05-27T07:32:00Z"],
      ["b", "nan"],
      ["c", "9007199254740993"],
      ["d", "1.10"],
    ]);
  });

  it("that stands twice is told, alone and in a whole", async () => {
    const text = '{"a":{"v":1,"v":2},"b":{"v":3},"b":{"v":3},"c":[{"d":1,"d":{"e":2}}]}';
    const reason = "stands in its object more than once, each time with another value";
    expect(
      await select(text, "json", {
        av: key("a.v"),
        a: key("a"),
        bv: key("b.v"),
        c: key("c"),
        e: key("c.0.d.e"),
      }),
    ).toEqual({
      fields: [["bv", 3]],
      unread: [
        { what: "av", reason },
        { what: "a", reason: `v: ${reason}` },
        { what: "c", reason: `0.d: ${reason}` },
        { what: "e", reason },
      ],
    });
  });

  it("is found in a section whose name has dots", async () => {
    expect(await one("[a]\nb.d = 1\n[a.b]\nc = 2\n", "ini", key("a.b.c"))).toBe("2");
    expect(await one("[a]\nb.d = 1\n[a.b]\nc = 2\n", "ini", key("a.b.d"))).toBe("1");
  });

  it("is found however an option file or Python writes it", async () => {
    expect(await one("[mysqld-10]\nmax-connections=5\n", "my.cnf", key("mysqld-10.max_connections"))).toBe(
      "5",
    );
    expect(await one("[mysqld-10]\nmax_connections=5\n", "my.cnf", key("mysqld-10.max-connections"))).toBe(
      "5",
    );
    expect(await one("[mysqld]\na-b=5\na_b=6\n!includedir /x\n", "my.cnf", key("mysqld.a-b"))).toBe("6");
    expect(await one("[mysqld]\n!includedir /x\n", "my.cnf", key("mysqld.a"))).toMatch(
      /; the file includes others/,
    );
    expect(await one("[A]\nMaxSize=5\n", "configparser", key("A.MaxSize"))).toBe("5");
  });

  it("with names that lead round and round ends soon", () => {
    const loop: Record<string, unknown> = {};
    for (const name of ["x", "x.x", "x.x.x"]) loop[name] = loop;
    expect(lookUp(loop, `${"x.".repeat(400)}y`)).toBeUndefined();
  });

  it("refuses what is nested too deeply", async () => {
    expect(await one(`{"a":${"[".repeat(40)}${"]".repeat(40)}}`, "json", key("a"))).toBe(
      "is nested deeper than 29 levels",
    );
  });

  it("in a broken file is unread, optional or not", async () => {
    expect(await one("{", "json", key("a", true))).toMatch(/^is not json/);
  });
});

describe("a text", () => {
  it.each([
    ["json", '{"a":\r\n"1"}', "a", "1"],
    ["yaml", 'a: "1"\r\n', "a", "1"],
    ["toml", '[a]\r\na="1"\r\n', "a.a", "1"],
    ["ini", '[a]\r\na="1"\r\n', "a.a", "1"],
    ["configparser", "[a]\r\na=1\r\n", "a.a", "1"],
    ["systemd", "[a]\r\na=1\r\n", "a.a", "1"],
    ["my.cnf", '[a]\r\na="1"\r\n', "a.a", "1"],
    ["php.ini", '[a]\r\na="1"\r\n', "a.a", "1"],
    ["dotenv", "a=1\r\n", "a", "1"],
    ["properties", "a=1\r\n", "a", "1"],
  ] as const)(
    "of the format %s may begin with a byte order mark and have lines that end in CR LF",
    async (format, body, name, value) => {
      expect(await one(`\uFEFF${body}`, format, key(name))).toBe(value);
      expect(
        await one(`\uFEFF${body}`, format, pattern(`^(${body.charAt(0) === "{" ? "\\{" : "\\[|a"})`)),
      ).toBe(body.charAt(0));
    },
  );

  it("in UTF-16 is told", async () => {
    const bytes = Buffer.from("\uFEFFa=1", "utf16le");
    expect(await one(bytes, "text", pattern("a"))).toMatch(/^is UTF-16/);
    expect(await one(bytes.swap16(), "dotenv", key("a"))).toMatch(/^is UTF-16/);
  });

  it("gives no value with control characters", async () => {
    expect(await one("v\u001b[31m1", "text", pattern("v.*"))).toBe("has a text with control characters");
    expect(await one('{"a":"1\\b2"}', "json", key("a"))).toBe("has a text with control characters");
    expect(await one("10%\r20%", "text", pattern(".*"))).toBe("has a text with control characters");
    expect(await one('{"a":"1\\t2\\r\\n3\\n"}', "json", key("a"))).toBe("1\t2\r\n3\n");
  });

  it("is left alone once the time is over", async () => {
    const content = { bytes: Buffer.from("a"), format: "text" as const, path: "/a" };
    expect(await makeSelector({ x: pattern("a") })(content, AbortSignal.abort())).toEqual({
      fields: [],
      unread: [{ what: "x", reason: "not looked for: the time is over" }],
    });
  });
});

describe("other sources", () => {
  it("of the path, and fixed", async () => {
    expect(
      (
        await select("", "text", {
          n: { path: "name" },
          f: { path: "full" },
          s: { path: "stem" },
          v: { value: 1.5 },
        })
      ).fields,
    ).toEqual([
      ["n", "a.b.conf"],
      ["f", "/opt/app/conf/a.b.conf"],
      ["s", "a.b"],
      ["v", 1.5],
    ]);
  });

  it("optional and absent is left out without a word", async () => {
    expect(await select("{}", "json", { a: key("a", true), b: pattern("x", true) })).toEqual({
      fields: [],
      unread: [],
    });
  });
});
