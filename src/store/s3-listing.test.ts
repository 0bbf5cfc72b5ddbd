// Pages of listings: every key comes out as it was, from each server's way to write it, and nothing
// that was cut passes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareKeys, parseListing, trimEtag } from "./s3-listing.ts";
import { encodeUri } from "./s3-signature.ts";
import { Unavailable } from "./store.ts";

const escapeXml = (text: string) =>
  text.replace(
    /[&<>"']/g,
    (character) => `&${{ "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos" }[character]};`,
  );

/**
 * How AWS and RGW write a key: spaces as `+`; or as `%20`, and marks that need no percent escaped
 * for XML.
 */
const WRITERS = {
  aws: (key: string) => escapeXml(encodeUri(key).replaceAll("%2F", "/").replaceAll("%20", "+")),
  rgw: (key: string) => escapeXml(encodeURIComponent(key)),
};

interface Page {
  readonly keys?: readonly string[];
  readonly prefixes?: readonly string[];
  readonly isTruncated?: boolean;
  readonly write?: (key: string) => string;
  readonly time?: string;
}

function writePage({
  keys = [],
  prefixes = [],
  isTruncated = false,
  write = WRITERS.aws,
  time,
}: Page): string {
  const contents = keys.map(
    (key, index) =>
      `<Contents><Key>${write(key)}</Key><LastModified>${time ?? "2024-02-29T23:59:59.999Z"}</LastModified><ETag>&quot;e-${index}&quot;</ETag><Size>${index}</Size></Contents>`,
  );
  const common = prefixes.map(
    (prefix) => `<CommonPrefixes><Prefix>${write(prefix)}</Prefix></CommonPrefixes>`,
  );
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult ` +
    `xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType><Name>b</Name><Prefix></Prefix><IsTruncated>${isTruncated}</IsTruncated>${contents.join("")}${common.join("")}</ListBucketResult>`
  );
}

const key = fc.string({ minLength: 1, maxLength: 30, unit: "grapheme" });

describe("parseListing", () => {
  it("reads every key as it was", () => {
    fc.assert(
      fc.property(fc.array(key), fc.constantFrom(...Object.values(WRITERS)), (keys, write) => {
        expect(parseListing(writePage({ keys, write })).entries.map((entry) => entry.key)).toEqual(keys);
      }),
    );
  });

  it("reads etag, size, and the time in whole seconds", () => {
    const page = parseListing(writePage({ keys: ["a", "b"] }));
    const lastModified = Date.UTC(2024, 1, 29, 23, 59, 59);
    expect(page).toMatchObject({
      entries: [
        { key: "a", etag: "e-0", size: 0, lastModified },
        { key: "b", etag: "e-1", size: 1, lastModified },
      ],
      last: { key: "b", encoded: "b", isCommonPrefix: false },
      isTruncated: false,
    });
  });

  it("knows where the page ends, in keys and common prefixes together", () => {
    const last = (page: Page) => parseListing(writePage({ ...page, isTruncated: true })).last;
    expect(last({ keys: ["a"], prefixes: ["b/"] })).toMatchObject({
      key: "b/",
      encoded: "b%2F",
      isCommonPrefix: true,
    });
    expect(last({ keys: ["c"], prefixes: ["a/", "b/"] })).toMatchObject({
      key: "c",
      encoded: "c",
      isCommonPrefix: false,
    });
    expect(last({ prefixes: ["a/", "é é/"] })).toMatchObject({
      key: "é é/",
      encoded: "%C3%A9%20%C3%A9%2F",
      isCommonPrefix: true,
    });
    expect(last({})).toBeUndefined();
    // U+1F600 comes after U+FF01 in UTF-8, and before it in UTF-16.
    expect(last({ keys: ["\u{1f600}"], prefixes: ["\uff01/"] })?.isCommonPrefix).toBe(false);
  });

  it("keeps the bytes of a key that is no UTF-8, to go on after it", () => {
    const { entries, last } = parseListing(writePage({ keys: ["x"], write: () => "a%FFb" }));
    expect(entries[0]?.key).toBe("a\ufffdb");
    expect(last?.encoded).toBe("a%FFb");
  });

  it("takes keys as they stand from a server that does not encode", () => {
    const text = writePage({ keys: ["x"], write: () => "a+b%20c&amp;&#100;&#x65;" }).replace(
      /<EncodingType>.*<\/EncodingType>/,
      "",
    );
    expect(parseListing(text).entries[0]?.key).toBe("a+b%20c&de");
  });

  it("refuses a page that was cut, wherever", () => {
    const text = writePage({ keys: ["a", "b"], prefixes: ["c/"], isTruncated: true });
    for (let length = 0; length < text.length; length++) {
      expect(() => parseListing(text.slice(0, length))).toThrow(Unavailable);
    }
  });

  it.each([
    ["an error page", "<html><body>Bad gateway</body></html>"],
    ["an error with status 200", "<Error><Code>InternalError</Code></Error>"],
    ["no word on whether it is the last", "<ListBucketResult></ListBucketResult>"],
    ["a key without an end", "<ListBucketResult><Contents><Key>a</Contents></ListBucketResult>"],
    ["a size that is none", writePage({ keys: ["a"] }).replace("<Size>0", "<Size>-1")],
    ["a time that is none", writePage({ keys: ["a"], time: "yesterday" })],
    [
      "a prefix without an end",
      "<ListBucketResult><CommonPrefixes><IsTruncated>false</IsTruncated></ListBucketResult>",
    ],
  ])("refuses %s", (_, text) => {
    expect(() => parseListing(text)).toThrow(Unavailable);
  });
});

it("compares keys as bytes of UTF-8", () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

it.each([
  ['"abc"', "abc"],
  ["abc", "abc"],
  ['"', '"'],
  ["", ""],
])("trims the etag %j to %j", (text, expected) => {
  expect(trimEtag(text)).toBe(expected);
});
