// Identity: keys of reports, friendly and hostile.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import { formatReportKey, isHostId, parseReportKey } from "./key.ts";
import { MAX_HOST_ID_LENGTH } from "./limits.ts";

const hostId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,60}(\.[A-Za-z0-9_-]{1,60})?$/);
const account = fc.oneof(fc.constant("local"), fc.stringMatching(/^[0-9]{12}$/));

describe("isHostId", () => {
  it.each([
    "i-0123456789abcdef0",
    "4c4c4544003510398052b4c04f384833",
    "web.example.com",
    "A_b-c",
    "0",
    "a".repeat(MAX_HOST_ID_LENGTH),
  ])("takes %s", (id) => expect(isHostId(id)).toBe(true));

  it.each([
    "",
    ".",
    "..",
    ".a",
    "-a",
    "_a",
    "a..b",
    "a/b",
    "a\\b",
    "a b",
    "a:b",
    "a\n",
    "\na",
    "a\0",
    "é",
    "a%2fb",
    "a".repeat(MAX_HOST_ID_LENGTH + 1),
  ])("refuses %j", (id) => expect(isHostId(id)).toBe(false));

  it("judges a long hostile text at once", () => {
    expect(isHostId("a.".repeat(64))).toBe(true);
    expect(isHostId(`${"a.".repeat(63)}.`)).toBe(false);
    expect(isHostId("a".repeat(10_000_000))).toBe(false);
  });
});

describe("parseReportKey", () => {
  it("reads back what formatReportKey writes", () => {
    fc.assert(
      fc.property(hostId, account, (id, owner) => {
        expect(parseReportKey(formatReportKey(id, owner))).toEqual({ account: owner, id });
      }),
    );
    expect(parseReportKey(formatReportKey("i-1"))).toEqual({ account: "local", id: "i-1" });
  });

  it.each([
    ["i-1.json", "", "i-1"],
    ["web.example.com.json", "", "web.example.com"],
    ["reports/v1/local/i-1.json", "local", "i-1"],
    ["reports/v1/123456789012/AROAEXAMPLE:i-1.json", "123456789012", "i-1"],
    ["reports/v1/123456789012/a:b:c:d:i-1.json", "123456789012", "i-1"],
    ["reports/v1/local/a=b,c.d@e-f_g:i-1.json", "local", "i-1"],
  ])("reads %s", (key, owner, id) => expect(parseReportKey(key)).toEqual({ account: owner, id }));

  it.each([
    "",
    ".json",
    "i-1",
    "i-1.JSON",
    "/i-1.json",
    "a/i-1.json",
    "i 1.json",
    "-i.json",
    "..json",
    "a..b.json",
    "reports/v1/i-1.json",
    "reports/v1//i-1.json",
    "reports/v1/local/.json",
    "reports/v1/local/a/b.json",
    "reports/v1/local/../i-1.json",
    "reports/v1/12345678901/i-1.json",
    "reports/v1/1234567890123/i-1.json",
    "reports/v1/LOCAL/i-1.json",
    "reports/v1/../i-1.json",
    "reports/v2/local/i-1.json",
    "reports/v1/local/:i-1.json",
    "reports/v1/local/a:.json",
    "reports/v1/local/a::i-1.json",
    "reports/v1/local/a:b:c:d:e:i-1.json",
    "reports/v1/local/a b:i-1.json",
    "reports/v1/local/.a:i-1.json",
    "reports/v1/local/i-1.json\n",
    `reports/v1/local/${"a".repeat(65)}:i-1.json`,
    `reports/v1/local/${"a".repeat(60)}:${"a".repeat(60)}:${"a".repeat(60)}:i-0123456789012.json`,
  ])("refuses %j", (key) => expect(parseReportKey(key)).toBeUndefined());

  it("never names an owner that is a path", () => {
    const hostile = fc.array(
      fc.constantFrom(
        "reports/v1/",
        "local/",
        "123456789012/",
        ".json",
        "/",
        "..",
        ".",
        ":",
        "a",
        "-",
        "\0",
        "\n",
        "\\",
        "%2f",
        "i-1",
      ),
    );
    const text = fc.oneof(
      hostile.map((parts) => parts.join("")),
      fc.string({ unit: "binary" }),
      hostile.map((parts) => `${parts.join("")}.json`),
    );
    fc.assert(
      fc.property(text, (key) => {
        const owner = parseReportKey(key);
        if (!owner) return;
        expect(isHostId(owner.id)).toBe(true);
        expect(owner.id).not.toMatch(/\/|\\|\.\.|\0|:/);
        expect(owner.account).toMatch(/^(|local|[0-9]{12})$/);
        expect(key.endsWith(`${owner.id}.json`)).toBe(true);
      }),
      { numRuns: runs(1000) },
    );
  });
});
