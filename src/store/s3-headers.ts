// The headers of an S3 server's answer, picked out of all that come.

/**
 * User metadata that tells a conditional put of ours from others (retry.ts); it comes back with
 * HEAD.
 */
export const MARK_HEADER = "x-amz-meta-rollcall-put";

/** The headers of an answer that are of use here. */
export interface AnswerHeaders {
  readonly etag?: string;
  readonly contentLength?: string;
  readonly transferEncoding?: string;
  readonly lastModified?: string;
  readonly date?: string;
  readonly retryAfter?: string;
  readonly bucketRegion?: string;
  readonly mark?: string;
  readonly location?: string;
  /** With which kind of key the object is encrypted: `AES256`, `aws:kms`, `aws:kms:dsse`. */
  readonly encryption?: string;
  /** Set where a customer's own key encrypts it. */
  readonly customerKey?: string;
  readonly checksumSha256?: string;
  readonly checksumSha1?: string;
  readonly checksumCrc64nvme?: string;
  readonly checksumCrc32c?: string;
  readonly checksumCrc32?: string;
}

/** Lower-case header names of interest, and what they are called here. */
const HEADERS: ReadonlyMap<string, keyof AnswerHeaders> = new Map([
  ["etag", "etag"],
  ["content-length", "contentLength"],
  ["transfer-encoding", "transferEncoding"],
  ["last-modified", "lastModified"],
  ["date", "date"],
  ["retry-after", "retryAfter"],
  ["x-amz-bucket-region", "bucketRegion"],
  [MARK_HEADER, "mark"],
  ["location", "location"],
  ["x-amz-server-side-encryption", "encryption"],
  ["x-amz-server-side-encryption-customer-algorithm", "customerKey"],
  ["x-amz-checksum-sha256", "checksumSha256"],
  ["x-amz-checksum-sha1", "checksumSha1"],
  ["x-amz-checksum-crc64nvme", "checksumCrc64nvme"],
  ["x-amz-checksum-crc32c", "checksumCrc32c"],
  ["x-amz-checksum-crc32", "checksumCrc32"],
]);

/** @param raw name, value, name, value, …, as they came */
export function pickHeaders(raw: readonly Buffer[]): AnswerHeaders {
  const picked: { -readonly [Name in keyof AnswerHeaders]: AnswerHeaders[Name] } = {};
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = HEADERS.get((raw[at] as Buffer).toString("latin1").toLowerCase());
    if (name) picked[name] = (raw[at + 1] as Buffer).toString("latin1");
  }
  return picked;
}

/** The same of headers as fetch gives them. */
export function pickNamedHeaders(headers: Headers): AnswerHeaders {
  const picked = [...HEADERS].flatMap(([name, key]) => {
    const value = headers.get(name);
    return value === null ? [] : [[key, value] as const];
  });
  return Object.fromEntries(picked);
}
