// A page of an S3 listing: ListObjectsV2's XML read by a scanner for exactly that form (S3 API
// reference, "ListObjectsV2").
import { type Entry, Unavailable } from "./store.ts";

export interface ListingPage {
  /** With their keys as they are in the bucket, in the server's order. */
  readonly entries: readonly Entry[];
  /**
   * Keys that are no valid UTF-8, as bytes, by their place among the entries: their texts may be
   * alike.
   */
  readonly odd: ReadonlyMap<number, Buffer>;
  /** In the server's order. */
  readonly commonPrefixes: readonly Buffer[];
  /** How many entries and prefixes the server says that there are; undefined if it does not say. */
  readonly keyCount: number | undefined;
  /** By which the server goes on; undefined if it gives none. */
  readonly token: string | undefined;
  /**
   * The last key or common prefix of the page, as it is and percent-encoded for a query; undefined
   * if the page is empty.
   */
  readonly last:
    | {
        readonly key: string;
        readonly bytes: Buffer;
        readonly encoded: string;
        readonly isCommonPrefix: boolean;
      }
    | undefined;
  readonly isTruncated: boolean;
}

/**
 * Reads a page. A general XML parser takes ten times as long, and would take what this refuses.
 *
 * @param text asked for with encoding-type=url
 * @throws Unavailable if it is no whole page: cut short, or from something else than an S3 server
 */
export function parseListing(text: string): ListingPage {
  if (!text.includes("<ListBucketResult") || !text.trimEnd().endsWith("</ListBucketResult>"))
    throw broken("is no whole one");
  const isEncoded = text.includes("<EncodingType>url</EncodingType>");
  const entries: Entry[] = [];
  const odd = new Map<number, Buffer>();
  let lastKey = "";
  let at = text.indexOf("<Contents>");
  while (at !== -1) {
    const end = text.indexOf("</Contents>", at);
    if (end === -1) throw broken("has an entry without an end");
    lastKey = between(text, "<Key>", "</Key>", at, end);
    const size = Number(between(text, "<Size>", "</Size>", at, end));
    const modified = Date.parse(between(text, "<LastModified>", "</LastModified>", at, end));
    const etag = readEtag(between(text, "<ETag>", "</ETag>", at, end));
    if (!Number.isSafeInteger(size) || size < 0 || Number.isNaN(modified))
      throw broken("has an entry that makes no sense");
    // RGW lists milliseconds, while its GET and all of AWS tell whole seconds: one object must not
    // have two times.
    const key = decodeKey(lastKey, isEncoded);
    if (key.includes(REPLACEMENT)) odd.set(entries.length, decodeBytes(lastKey, isEncoded));
    entries.push({ key, etag, size, lastModified: Math.floor(modified / 1000) * 1000 });
    at = text.indexOf("<Contents>", end);
  }
  const truncated = /<IsTruncated>(true|false)<\/IsTruncated>/.exec(text)?.[1];
  if (truncated === undefined) throw broken("does not say whether it is the last");
  const count = /<KeyCount>(\d{1,9})<\/KeyCount>/.exec(text)?.[1];
  const token = /<NextContinuationToken>([^<]+)<\/NextContinuationToken>/.exec(text)?.[1];
  const commonPrefixes = readPrefixes(text, isEncoded);
  return {
    entries,
    odd,
    commonPrefixes,
    keyCount: count === undefined ? undefined : Number(count),
    token: token === undefined ? undefined : unescapeXml(token),
    last: findLast(lastKey === "" ? undefined : decodeBytes(lastKey, isEncoded), commonPrefixes),
    isTruncated: truncated === "true",
  };
}

/** What stands for bytes that are no UTF-8. */
const REPLACEMENT = "\ufffd";

/** The text of an etag without the quotes that HTTP and S3's XML put around it. */
export function trimEtag(text: string): string {
  return text.startsWith('"') && text.endsWith('"') && text.length > 1 ? text.slice(1, -1) : text;
}

function readEtag(text: string): string {
  // As AWS and RGW write it.
  const isUsual =
    text.startsWith("&quot;") && text.indexOf("&", 1) === text.length - 6 && text.endsWith("&quot;");
  return isUsual ? text.slice(6, -6) : trimEtag(unescapeXml(text));
}

/**
 * Compares as S3 sorts: by the bytes of UTF-8. JavaScript's own order differs where a character
 * takes two code units.
 */
export function compareKeys(a: string, b: string): number {
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

export const SURROGATE = /[\ud800-\udfff]/;

function readPrefixes(text: string, isEncoded: boolean): Buffer[] {
  const prefixes: Buffer[] = [];
  for (let at = text.indexOf("<CommonPrefixes>"); at !== -1; at = text.indexOf("<CommonPrefixes>", at + 1)) {
    const end = text.indexOf("</CommonPrefixes>", at);
    if (end === -1) throw broken("has a prefix without an end");
    prefixes.push(decodeBytes(between(text, "<Prefix>", "</Prefix>", at, end), isEncoded));
  }
  return prefixes;
}

/** Keys and common prefixes stand apart in the XML, and count together for where a page ends. */
function findLast(lastKey: Buffer | undefined, prefixes: readonly Buffer[]): ListingPage["last"] {
  let last = lastKey && { bytes: lastKey, isCommonPrefix: false };
  for (const bytes of prefixes) {
    if (!last || Buffer.compare(bytes, last.bytes) > 0) last = { bytes, isCommonPrefix: true };
  }
  return last && { ...last, key: last.bytes.toString("utf8"), encoded: encodeBytes(last.bytes) };
}

function between(text: string, open: string, close: string, from: number, to: number): string {
  const start = text.indexOf(open, from);
  const end = start === -1 ? -1 : text.indexOf(close, start);
  if (end === -1 || end > to) throw broken(`has an entry without ${open}`);
  return text.slice(start + open.length, end);
}

function decodeKey(text: string, isEncoded: boolean): string {
  if (PLAIN.test(text)) return text;
  if (!isEncoded) return unescapeXml(text);
  try {
    return decodeURIComponent(unescapeXml(text).replaceAll("+", " "));
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    // No valid UTF-8: shown as well as it can be.
    return decodeBytes(text, isEncoded).toString("utf8");
  }
}

/** Nothing in it is encoded in any way. */
const PLAIN = /^[A-Za-z0-9._~:=,@/-]*$/;

/**
 * AWS writes a space as `+` (and `+` as `%2B`), RGW as `%20`; RGW escapes for XML on top. Bytes,
 * since a key may be no valid UTF-8.
 */
function decodeBytes(text: string, isEncoded: boolean): Buffer {
  const plain = Buffer.from(text.includes("&") ? unescapeXml(text) : text);
  if (!isEncoded) return plain;
  const bytes = Buffer.alloc(plain.length);
  let length = 0;
  for (let at = 0; at < plain.length; at++) {
    const byte = plain[at] ?? 0;
    const pair = byte === PERCENT ? plain.toString("latin1", at + 1, at + 3) : "";
    if (/^[0-9A-Fa-f]{2}$/.test(pair)) {
      bytes[length++] = Number.parseInt(pair, 16);
      at += 2;
    } else bytes[length++] = byte === PLUS ? SPACE : byte;
  }
  return bytes.subarray(0, length);
}

const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

function encodeBytes(bytes: Buffer): string {
  let text = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    text += /[A-Za-z0-9._~-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["amp", "&"],
]);

function unescapeXml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#x([0-9A-Fa-f]{1,6})|#(\d{1,7})|([a-z]{2,4}));/g, (whole, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES.get(name) ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function broken(why: string): Unavailable {
  return new Unavailable(`[store] [s3] the listing's page ${why}`);
}
