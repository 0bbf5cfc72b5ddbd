// Whether a body is what the server holds: by its ETag where that is an MD5, else by the checksum
// that S3 keeps.
import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { crc32c, crc64nvme } from "./crc.ts";
import type { AnswerHeaders } from "./s3-headers.ts";
import { InvalidAnswer } from "./store.ts";

/**
 * Asks S3 to send the checksum that it keeps (S3 API reference, "GetObject"). Servers that keep
 * none send none.
 */
export const ASK_CHECKSUM = { "x-amz-checksum-mode": "ENABLED" } as const;

const MD5 = /^[0-9a-f]{32}$/i;

type Digest = (body: Uint8Array) => Buffer;

/**
 * By the header that tells it, the strongest first. S3 keeps CRC-64/NVME of what is sent without
 * one ("Checking object integrity", S3 user guide).
 */
const CHECKSUMS: readonly (readonly [keyof AnswerHeaders, string, Digest])[] = [
  ["checksumSha256", "SHA-256", (body) => Buffer.from(hash("sha256", body), "hex")],
  ["checksumSha1", "SHA-1", (body) => Buffer.from(hash("sha1", body), "hex")],
  ["checksumCrc64nvme", "CRC-64/NVME", crc64nvme],
  ["checksumCrc32c", "CRC-32C", crc32c],
  ["checksumCrc32", "CRC-32", (body) => toBytes(crc32(body))],
];

/** Base64 of a checksum of the whole body; one of parts ends in their number. */
const WHOLE = /^[A-Za-z0-9+/]{4,88}={0,2}$/;

/**
 * Holds a body against the headers that came with it. A multipart upload's ETag (`…-3`), and those
 * of objects that a KMS key or a customer's key encrypts, are no MD5 ("Object", S3 API reference);
 * of such a body without a checksum only its length is known.
 *
 * @param what for the message: what was done, and to which key
 * @param hasMd5 whether the server's ETags of that form are MD5s, as S3's are
 * @throws InvalidAnswer if it is another body than the server holds
 */
export function checkBody(what: string, body: Uint8Array, headers: AnswerHeaders, hasMd5: boolean): void {
  const expected = hasMd5 ? readMd5(headers) : undefined;
  const found = expected === undefined ? undefined : md5(body);
  if (expected !== undefined && found !== undefined) {
    if (found === expected) return;
    throw new InvalidAnswer(
      `[store] [s3] ${what}: the MD5 of the body is ${found}, and the ETag says ` +
        `${expected}; something on the way changes bytes, ` +
        "or this server's ETags are no MD5: then write ?etag=opaque in the store's URL",
    );
  }
  for (const [header, name, digest] of CHECKSUMS) {
    const told = headers[header];
    if (told === undefined || !WHOLE.test(told)) continue;
    if (digest(body).equals(Buffer.from(told, "base64"))) return;
    throw new InvalidAnswer(
      `[store] [s3] ${what}: the body has another ${name} than the server says; ` +
        "something on the way changes bytes",
    );
  }
}

/** Whether checkBody finds nothing wrong. */
export function isBody(body: Uint8Array, headers: AnswerHeaders, hasMd5: boolean): boolean {
  try {
    checkBody("", body, headers, hasMd5);
    return true;
  } catch (error) {
    if (error instanceof InvalidAnswer) return false;
    throw error;
  }
}

/** The MD5 that an ETag is; undefined where it is none. */
function readMd5({ etag = "", encryption = "", customerKey }: AnswerHeaders): string | undefined {
  // aws:kms, aws:kms:dsse
  if (customerKey !== undefined || encryption.startsWith("aws:")) return undefined;
  const text = etag.startsWith('"') && etag.endsWith('"') ? etag.slice(1, -1) : etag;
  return MD5.test(text) ? text.toLowerCase() : undefined;
}

/** @returns undefined where MD5 is forbidden, as by FIPS 140 */
const md5: (body: Uint8Array) => string | undefined = (() => {
  try {
    hash("md5", "");
    return (body) => hash("md5", body);
  } catch {
    return () => undefined;
  }
})();

function toBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
