// Which pages of a listing are believed: all that a server may give in truth, and none of which an
// entry was lost, doubled or moved.
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseListing } from "./s3-listing.ts";
import { checkListing } from "./s3-listing-check.ts";
import { encodeUri } from "./s3-signature.ts";
import { InvalidAnswer } from "./store.ts";

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

function check(keys: readonly string[], { count = keys.length, prefix = "", after = "" } = {}): void {
  const contents = keys.map(
    (key) =>
      `<Contents><Key>${encodeUri(key)}</Key><LastModified>2024-02-29T23:59:59Z</LastModified><ETag>e</ETag><Size>1</Size></Contents>`,
  );
  const text = `<ListBucketResult><EncodingType>url</EncodingType><KeyCount>${count}</KeyCount><IsTruncated>false</IsTruncated>${contents.join("")}</ListBucketResult>`;
  checkListing(parseListing(text), {
    prefix: Buffer.from(prefix),
    after: Buffer.from(after),
    isShallow: false,
  });
}

/**
 * Characters whose order in UTF-16 is another than in UTF-8, what stands for bytes that are no
 * text, and plain ones.
 */
const key = fc
  .array(fc.constantFrom("a", "b", "/", ".", "\uffee", "\ufffd", "\u{1f600}", "é"), {
    minLength: 1,
    maxLength: 6,
  })
  .map((characters) => characters.join(""));
const keys = fc.uniqueArray(key, { minLength: 2, maxLength: 12 }).map((all) => all.sort(byBytes));

it("believes what is sorted by bytes, and nothing that is not", () => {
  fc.assert(
    fc.property(keys, fc.nat(), fc.nat(), (sorted, one, other) => {
      check(sorted);
      const [at, to] = [one % sorted.length, other % sorted.length];
      expect(() => check(sorted.toSpliced(at, 1), { count: sorted.length })).toThrow(InvalidAnswer);
      expect(() => check(sorted.toSpliced(at, 0, sorted[at] as string))).toThrow(/twice/);
      const swapped = sorted.with(at, sorted[to] as string).with(to, sorted[at] as string);
      if (at !== to) expect(() => check(swapped)).toThrow(/ after /);
    }),
  );
});

it("believes what comes after the key that was asked for, and begins with the prefix", () => {
  fc.assert(
    fc.property(keys, fc.nat(), (sorted, one) => {
      const at = one % sorted.length;
      const after = sorted[at] as string;
      check(sorted.slice(at + 1), { after });
      expect(() => check(sorted.slice(at), { after })).toThrow(/was asked for what comes after/);
      const prefixed = sorted.map((own) => `p/${own}`);
      check(prefixed, { prefix: "p/" });
      expect(() => check([...prefixed, "q"], { prefix: "p/" })).toThrow(/does not begin with "p\/"/);
    }),
  );
});

it("tells keys apart by their bytes where those are no text", () => {
  const text = (names: readonly string[]) =>
    `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${names
      .map(
        (name) =>
          `<Contents><Key>${name}</Key><LastModified>2024-02-29T23:59:59Z</LastModified><ETag>e</ETag><Size>1</Size></Contents>`,
      )
      .join("")}</ListBucketResult>`;
  const question = { prefix: Buffer.alloc(0), after: Buffer.alloc(0), isShallow: false };
  checkListing(parseListing(text(["a%FE", "a%FF"])), question);
  expect(() => checkListing(parseListing(text(["a%FF", "a%FF"])), question)).toThrow(InvalidAnswer);
  expect(() => checkListing(parseListing(text(["a%FF", "a%FE"])), question)).toThrow(InvalidAnswer);
});
