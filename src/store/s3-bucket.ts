// Requests to one bucket: signed, sent, and explained when they fail; its puts and listings.
import type { CredentialsKeeper } from "./s3-credentials.ts";
import { type Attempt, isStale, readFailure, type S3Failure, toStoreError } from "./s3-error.ts";
import { MARK_HEADER } from "./s3-headers.ts";
import { compareKeys, type ListingPage, parseListing, trimEtag } from "./s3-listing.ts";
import type { S3Place } from "./s3-place.ts";
import type { Answer, Sender } from "./s3-sender.ts";
import { type Credentials, createSigner, encodeUri, presignGet } from "./s3-signature.ts";
import type { S3Location } from "./s3-url.ts";
import type { ServerClock } from "./server-clock.ts";
import {
  checkKey,
  type Entry,
  type ListOptions,
  PreconditionFailed,
  type PresignOptions,
  type PutOptions,
  StoreError,
  Unavailable,
} from "./store.ts";

/** A page has a thousand entries of at most 3 KiB of percent-encoded key and some 300 bytes besides. */
const MAX_LISTING_BYTES = 16 * 1024 * 1024;

export type S3Operation = "PUT" | "GET" | "LIST" | "DELETE" | "HEAD";

export interface BucketOptions {
  readonly location: S3Location;
  readonly place: S3Place;
  readonly sender: Sender;
  readonly keeper: CredentialsKeeper;
  readonly clock: ServerClock;
  readonly onRequest: ((operation: S3Operation) => void) | undefined;
}

interface BucketRequest extends Pick<Attempt, "verb" | "key"> {
  readonly operation: S3Operation;
  /** Parameters in ascending order, percent-encoded. */
  readonly query?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

/** What the verbs share: signing, errors with the bucket's name; and the longer verbs themselves. */
export class Bucket {
  readonly #options: BucketOptions;
  readonly #sign: ReturnType<typeof createSigner>;

  constructor(options: BucketOptions) {
    const { place, clock } = options;
    this.#options = options;
    this.#sign = createSigner({ region: place.region, host: new URL(place.origin).host, clock: clock.now });
  }

  /** Every request passes here. @returns any answer, success or not */
  async send(request: BucketRequest): Promise<Answer> {
    const { keeper } = this.#options;
    request.signal?.throwIfAborted();
    const held = keeper.get();
    const credentials = held instanceof Promise ? await held : held;
    request.signal?.throwIfAborted();
    const answer = await this.#sendInTime(request, credentials);
    if (answer.status < 400 || !isStale(readFailure(answer))) return answer;
    const fresh = await keeper.replace(credentials);
    return fresh ? await this.#sendInTime(request, fresh) : answer;
  }

  /** Where this machine's clock is wrong the server refuses what is dated by it, and says what time it is: then once more, by that. */
  async #sendInTime(request: BucketRequest, credentials: Credentials): Promise<Answer> {
    const { clock } = this.#options;
    const signedAt = clock.now();
    const answer = await this.#sendOnce(request, credentials);
    return clock.correct(answer, signedAt) ? await this.#sendOnce(request, credentials) : answer;
  }

  #sendOnce(request: BucketRequest, credentials: Credentials): Promise<Answer> {
    const { location, place, sender, onRequest } = this.#options;
    const { operation, key, query = "", headers = {}, body, maxBytes = 0, signal } = request;
    const method = operation === "LIST" ? "GET" : operation;
    const path = operation === "LIST" ? place.basePath : place.basePath + encodePath(location.prefix + key);
    const signed = this.#sign({ method, path, query, headers, body }, credentials);
    signed["user-agent"] = "rollcall";
    onRequest?.(operation);
    return sender.send({ method, path: query === "" ? path : `${path}?${query}`, headers: signed, body, maxBytes, signal });
  }

  explain(failure: S3Failure, answer: Answer, { verb, key }: Pick<Attempt, "verb" | "key">): StoreError {
    const { location, place } = this.#options;
    return toStoreError(failure, answer, { verb, key, bucket: location.bucket, origin: place.origin, region: place.region });
  }

  async put(key: string, body: Uint8Array, { ifMatch, ifNoneMatch, mark, signal }: MarkedPutOptions): Promise<Entry> {
    checkKey(key);
    const headers: Record<string, string> = { "content-type": key.endsWith(".json") ? "application/json" : OTHER_TYPE };
    if (mark !== undefined) headers[MARK_HEADER] = mark;
    if (ifNoneMatch) headers["if-none-match"] = ifNoneMatch;
    if (ifMatch !== undefined) {
      if (!ETAG.test(ifMatch)) throw new PreconditionFailed(`[store] [s3] ${key} is not the object expected`);
      // Without quotes: RGW never matches a quoted one, and AWS takes both (its own example of `aws s3api put-object --if-match`,
      // in "How to prevent object overwrites with conditional writes", sends none).
      headers["if-match"] = ifMatch;
    }
    // The caller may write into its buffer while this one waits for a connection.
    const answer = await this.send({ operation: "PUT", verb: "write", key, headers, body: Buffer.from(body), signal });
    if (answer.status === 200) return readEntry(key, answer, "date", body.length);
    const failure = readFailure(answer);
    // 409 ConditionalRequestConflict: another was writing at the same time (AWS, API_PutObject). AWS answers 404 to If-Match where nothing is.
    const isConflict = answer.status === 412 || failure.code === "ConditionalRequestConflict";
    const isConditional = ifMatch !== undefined || ifNoneMatch !== undefined;
    if (isConditional && (isConflict || failure.code === "NoSuchKey")) {
      throw new PreconditionFailed(`[store] [s3] ${key} ${ifNoneMatch ? "exists already" : "is not the object expected"}`);
    }
    throw this.explain(failure, answer, { verb: "write", key });
  }

  /** Nothing is sent, and the object need not exist. */
  async presign(key: string, { expiresInSeconds, contentType, contentEncoding }: PresignOptions): Promise<string> {
    checkKey(key);
    const { location, place, keeper, clock } = this.#options;
    const path = place.basePath + encodePath(location.prefix + key);
    const headers = { "response-content-encoding": contentEncoding, "response-content-type": contentType };
    return presignGet(
      { origin: place.origin, path, region: place.region, headers, expiresInSeconds },
      await keeper.get(),
      clock.now(),
    );
  }

  /** By start-after alone: a continuation token may end while the reader of a page takes its time. */
  async *list(prefix: string, { after = "", upTo, shallow = false, signal }: ListOptions): AsyncGenerator<readonly Entry[]> {
    const { prefix: root } = this.#options.location;
    // Every key with the prefix comes after the last one wanted.
    if (upTo !== undefined && compareKeys(prefix, upTo) > 0) return;
    let startAfter = after === "" ? "" : encodeUri(root + after);
    for (;;) {
      const { entries, last, isTruncated } = await this.#listPage(root + prefix, startAfter, shallow, signal);
      const wanted = select(entries, root, upTo);
      if (wanted.length > 0) yield wanted;
      if (!isTruncated || (last && isPast(last.key.slice(root.length), upTo))) return;
      // What follows a common prefix is not known to be past all of its keys; its last possible one is.
      const next = last && (last.isCommonPrefix ? last.encoded + LAST_CHARACTER : last.encoded);
      if (next === undefined || next === startAfter)
        throw new StoreError("[store] [s3] the server repeats a page of its listing for ever; it does not know start-after");
      startAfter = next;
    }
  }

  async #listPage(prefix: string, startAfter: string, shallow: boolean, signal: AbortSignal | undefined): Promise<ListingPage> {
    const query = [
      shallow ? "delimiter=%2F" : "",
      "encoding-type=url",
      "list-type=2",
      "max-keys=1000",
      prefix === "" ? "" : `prefix=${encodeUri(prefix)}`,
      startAfter === "" ? "" : `start-after=${startAfter}`,
    ];
    const answer = await this.send({
      operation: "LIST",
      verb: "list",
      key: "",
      query: query.filter((part) => part !== "").join("&"),
      maxBytes: MAX_LISTING_BYTES,
      signal,
    });
    if (answer.status !== 200) throw this.explain(readFailure(answer), answer, { verb: "list", key: "" });
    if (answer.isTooLarge) throw new Unavailable(`[store] [s3] a page of the listing has more than ${MAX_LISTING_BYTES} bytes`);
    return parseListing(answer.body.toString("utf8"));
  }
}

/** Entries with keys as the store has them, up to the last one wanted. */
function select(entries: readonly Entry[], root: string, upTo: string | undefined): readonly Entry[] {
  const own = root === "" ? entries : entries.map((entry) => ({ ...entry, key: entry.key.slice(root.length) }));
  return upTo === undefined ? own : own.filter(({ key }) => compareKeys(key, upTo) <= 0);
}

function isPast(key: string, upTo: string | undefined): boolean {
  return upTo !== undefined && compareKeys(key, upTo) >= 0;
}

type MarkedPutOptions = PutOptions & { readonly mark?: string };

const OTHER_TYPE = "application/octet-stream";

/** U+10FFFF, percent-encoded UTF-8. */
const LAST_CHARACTER = "%F4%8F%BF%BF";

/** What a server may give as one: no quotes, and not the `*` that means any. */
const ETAG = /^(?!\*$)[\x21\x23-\x7e]{1,200}$/;

function encodePath(path: string): string {
  return encodeUri(path).replaceAll("%2F", "/");
}

/** @param time the header that tells when the server received the object, in whole seconds */
export function readEntry(key: string, { headers }: Answer, time: "date" | "lastModified", size: number): Entry {
  const { etag, [time]: date } = headers;
  const lastModified = typeof date === "string" ? Date.parse(date) : Number.NaN;
  if (typeof etag !== "string" || Number.isNaN(lastModified))
    throw new StoreError(`[store] [s3] the server gives no ETag or no time with ${JSON.stringify(key)}; is it an S3 server?`);
  return { key, etag: trimEtag(etag), size, lastModified };
}
