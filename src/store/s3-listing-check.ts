// Whether a page of a listing can be true: servers and what stands before them have listed
// unsorted, twice, and short, each with status 200.
import { SLASH } from "../report/ascii.ts";
import { type ListingPage, SURROGATE } from "./s3-listing.ts";
import { InvalidAnswer } from "./store.ts";

/** What was asked. */
export interface ListingQuestion {
  readonly prefix: Buffer;
  /** Only what comes after it; empty for all. */
  readonly after: Buffer;
  /** Whether keys with a "/" after the prefix are shown as common prefixes alone. */
  readonly isShallow: boolean;
}

/**
 * Holds a page against what was asked, and against what ListObjectsV2 promises (S3 API reference):
 * keys in ascending order of their UTF-8 bytes, none twice, all with the prefix and after
 * `start-after`, keys and common prefixes as many as `KeyCount` says, and no way to go on where
 * there is no more. So what is listed page after page is in order and once, and a page that lost an
 * entry is seen where the server counts. Directory buckets of AWS keep no order (s3-url.ts refuses
 * them).
 *
 * @throws InvalidAnswer that says what cannot be
 */
export function checkListing(page: ListingPage, question: ListingQuestion): void {
  checkKeys(page, question);
  checkPrefixes(page, question);
  const { entries, commonPrefixes, keyCount, token, isTruncated } = page;
  const total = entries.length + commonPrefixes.length;
  // AWS, Ceph and MinIO count both together; by the letter of AWS's reference a server may count
  // keys alone.
  if (keyCount !== undefined && keyCount !== total && keyCount !== entries.length)
    throw invalidListing(`it says that it has ${keyCount} keys, and has ${total}`);
  // The other way round costs one request more and hides nothing.
  if (!isTruncated && token !== undefined)
    throw invalidListing("it says that it is the last, and how to go on");
}

function checkKeys({ entries, odd }: ListingPage, { prefix, after, isShallow }: ListingQuestion): void {
  const bytesOf = (at: number) => odd.get(at) ?? Buffer.from(entries[at]?.key ?? "");
  let before = "";
  let isBeforeOdd = false;
  for (const [at, { key }] of entries.entries()) {
    const isOdd = SURROGATE.test(key) || odd.has(at);
    // JavaScript's order is that of UTF-8 but for characters that take two code units.
    const isAscending =
      isOdd || isBeforeOdd ? Buffer.compare(bytesOf(at - 1), bytesOf(at)) < 0 : before < key;
    if (at > 0 && !isAscending)
      throw invalidListing(
        key === before ? `it lists ${show(key)} twice` : `it lists ${show(key)} after ${show(before)}`,
      );
    [before, isBeforeOdd] = [key, isOdd];
  }
  if (entries.length === 0) return;
  // What lies between two keys with a prefix has it too.
  for (const at of [0, entries.length - 1]) {
    const bytes = bytesOf(at);
    if (!startsWith(bytes, prefix))
      throw invalidListing(`it lists ${show(bytes)}, which does not begin with ${show(prefix)}`);
  }
  const first = bytesOf(0);
  if (Buffer.compare(first, after) <= 0 && after.length > 0)
    throw invalidListing(`it lists ${show(first)}, and was asked for what comes after ${show(after)}`);
  if (!isShallow) return;
  const prefixLength = prefix.toString("utf8").length;
  const deep = entries.find(({ key }) => key.includes("/", prefixLength));
  if (deep)
    throw invalidListing(
      `it lists ${show(deep.key)} and was asked for what has no "/" after ${show(prefix)}`,
    );
}

function checkPrefixes({ commonPrefixes }: ListingPage, { prefix, after, isShallow }: ListingQuestion): void {
  let before: Buffer | undefined;
  for (const common of commonPrefixes) {
    if (!isShallow) throw invalidListing(`it has the prefix ${show(common)} and was asked for all keys`);
    if (!startsWith(common, prefix) || common.indexOf(SLASH, prefix.length) !== common.length - 1)
      throw invalidListing(`it has the prefix ${show(common)} below ${show(prefix)}`);
    if (before && Buffer.compare(before, common) >= 0)
      throw invalidListing(`it has the prefix ${show(common)} after ${show(before)}`);
    // One that `after` begins with may have more keys.
    if (Buffer.compare(common, after) <= 0 && !startsWith(after, common))
      throw invalidListing(
        `it has the prefix ${show(common)}, and was asked for what comes after ${show(after)}`,
      );
    before = common;
  }
}

function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.length >= prefix.length && bytes.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}

const MAX_SHOWN_KEY = 120;

function show(key: string | Buffer): string {
  return JSON.stringify(key.toString("utf8").slice(0, MAX_SHOWN_KEY)).replace(/[^\x20-\x7e]/g, "?");
}

function invalidListing(why: string): InvalidAnswer {
  return new InvalidAnswer(`[store] [s3] the server's listing cannot be true: ${why}`);
}
