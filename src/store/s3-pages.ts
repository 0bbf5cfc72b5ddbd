// A bucket's listing, page after page.
import type { Bucket } from "./s3-bucket.ts";
import { readFailure } from "./s3-error.ts";
import { compareKeys, type ListingPage, parseListing } from "./s3-listing.ts";
import { checkListing } from "./s3-listing-check.ts";
import { encodeUri } from "./s3-signature.ts";
import { type Entry, InvalidAnswer, type ListOptions, Unavailable } from "./store.ts";

/**
 * A page has a thousand entries of at most 3 KiB of percent-encoded key and some 300 bytes besides.
 */
const MAX_LISTING_BYTES = 16 * 1024 * 1024;

/**
 * Where many objects were deleted of which old versions stay, S3 may give pages with nothing on
 * them, and goes on; so many in a row.
 */
const MAX_EMPTY_PAGES = 1000;

/** U+10FFFF, percent-encoded UTF-8. */
const LAST_CHARACTER = "%F4%8F%BF%BF";

/** Where a page begins. */
interface Cursor {
  /** Percent-encoded; "" for the beginning. */
  readonly after: string;
  readonly bytes: Buffer;
  /** Of an empty page, which names no key to go on from. */
  readonly token: string | undefined;
}

/**
 * Lists a bucket by start-after: a continuation token may end while the reader of a page takes its
 * time. Each page is held against what it was asked for (s3-listing-check.ts).
 *
 * @param root what all keys of the store begin with
 */
export async function* listPages(
  bucket: Bucket,
  root: string,
  prefix: string,
  { after = "", upTo, shallow = false, signal }: ListOptions,
): AsyncGenerator<readonly Entry[]> {
  // Every key with the prefix comes after the last one wanted.
  if (upTo !== undefined && compareKeys(prefix, upTo) > 0) return;
  const start = after === "" ? "" : root + after;
  let cursor: Cursor = { after: encodeUri(start), bytes: Buffer.from(start), token: undefined };
  let empty = 0;
  for (;;) {
    const page = await readPage(bucket, { prefix: root + prefix, cursor, shallow, signal });
    const { entries, last, isTruncated } = page;
    const wanted = select(entries, root, upTo);
    if (wanted.length > 0) yield wanted;
    if (!isTruncated || (last && isPast(last.key.slice(root.length), upTo))) return;
    empty = last ? 0 : empty + 1;
    const next = findNext(page, cursor);
    if (next === undefined || empty > MAX_EMPTY_PAGES)
      throw new InvalidAnswer(
        "[store] [s3] the server repeats a page of its listing for ever; it does not know start-after",
      );
    cursor = next;
  }
}

/** @returns undefined where the server leads back to the same page */
function findNext({ last, token }: ListingPage, cursor: Cursor): Cursor | undefined {
  if (token !== undefined && token === cursor.token) return undefined;
  if (!last) return token === undefined ? undefined : { ...cursor, token };
  // What follows a common prefix is not known to be past all of its keys; its last possible one is.
  const after = last.isCommonPrefix ? last.encoded + LAST_CHARACTER : last.encoded;
  if (after === cursor.after) return undefined;
  const bytes = last.isCommonPrefix ? Buffer.concat([last.bytes, Buffer.from("\u{10ffff}")]) : last.bytes;
  return { after, bytes, token: undefined };
}

interface PageQuestion {
  readonly prefix: string;
  readonly cursor: Cursor;
  readonly shallow: boolean;
  readonly signal: AbortSignal | undefined;
}

async function readPage(
  bucket: Bucket,
  { prefix, cursor, shallow, signal }: PageQuestion,
): Promise<ListingPage> {
  const { after, token, bytes } = cursor;
  const query = [
    token === undefined ? "" : `continuation-token=${encodeUri(token)}`,
    shallow ? "delimiter=%2F" : "",
    "encoding-type=url",
    "list-type=2",
    "max-keys=1000",
    prefix === "" ? "" : `prefix=${encodeUri(prefix)}`,
    after === "" ? "" : `start-after=${after}`,
  ];
  const answer = await bucket.send({
    operation: "LIST",
    verb: "list",
    key: "",
    query: query.filter((part) => part !== "").join("&"),
    maxBytes: MAX_LISTING_BYTES,
    signal,
  });
  if (answer.status !== 200) throw bucket.explain(readFailure(answer), answer, { verb: "list", key: "" });
  if (answer.isTooLarge)
    throw new Unavailable(`[store] [s3] a page of the listing has more than ${MAX_LISTING_BYTES} bytes`);
  const page = parseListing(answer.body.toString("utf8"));
  checkListing(page, { prefix: Buffer.from(prefix), after: bytes, isShallow: shallow });
  return page;
}

/** Entries with keys as the store has them, up to the last one wanted. */
function select(entries: readonly Entry[], root: string, upTo: string | undefined): readonly Entry[] {
  const own =
    root === "" ? entries : entries.map((entry) => ({ ...entry, key: entry.key.slice(root.length) }));
  return upTo === undefined ? own : own.filter(({ key }) => compareKeys(key, upTo) <= 0);
}

function isPast(key: string, upTo: string | undefined): boolean {
  return upTo !== undefined && compareKeys(key, upTo) >= 0;
}
