// Requests to one bucket: signed, sent, and explained when they fail; and its puts.
import { checkBody } from "./s3-body.ts";
import type { S3Connection, S3Connections } from "./s3-connections.ts";
import type { CredentialsCache } from "./s3-credentials.ts";
import { type Attempt, isStale, readFailure, type S3Failure, toStoreError } from "./s3-error.ts";
import { MARK_HEADER } from "./s3-headers.ts";
import { trimEtag } from "./s3-listing.ts";
import type { S3Answer } from "./s3-sender.ts";
import { type Credentials, encodeUri, presignGet } from "./s3-signature.ts";
import { type TransferRate, TransferTooSlow } from "./s3-transfer-rate.ts";
import type { S3Location } from "./s3-url.ts";
import type { ServerClock } from "./server-clock.ts";
import {
  checkKey,
  type Entry,
  PreconditionFailed,
  type PresignOptions,
  type PutOptions,
  StoreError,
} from "./store.ts";

/** How often one request is sent elsewhere, since the answer says that the bucket lies there. */
const MAX_REGION_MOVES = 3;

export type S3Operation = "PUT" | "GET" | "LIST" | "DELETE" | "HEAD";

export interface BucketOptions {
  readonly location: S3Location;
  readonly homes: S3Connections;
  readonly paces: readonly TransferRate[];
  readonly keeper: CredentialsCache;
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

/**
 * What the verbs share: signing, errors with the bucket's name; and the longer verbs themselves.
 */
export class Bucket {
  readonly #options: BucketOptions;

  constructor(options: BucketOptions) {
    this.#options = options;
  }

  /** Every request passes here. @returns any answer, success or not */
  async send(request: BucketRequest): Promise<S3Answer> {
    const { homes } = this.#options;
    for (let moves = 0; ; moves++) {
      const home = homes.current();
      const answer = await this.#sendTo(home, request);
      if (answer.status < 300 || moves >= MAX_REGION_MOVES || !(await homes.follow(answer, home)))
        return answer;
    }
  }

  async #sendTo(home: S3Connection, request: BucketRequest): Promise<S3Answer> {
    const { keeper } = this.#options;
    request.signal?.throwIfAborted();
    const held = keeper.get();
    const credentials = held instanceof Promise ? await held : held;
    request.signal?.throwIfAborted();
    const answer = await this.#sendInTime(home, request, credentials);
    if (answer.status < 400 || !isStale(readFailure(answer))) return answer;
    const fresh = await keeper.replace(credentials);
    return fresh ? await this.#sendInTime(home, request, fresh) : answer;
  }

  /**
   * Where this machine's clock is wrong the server refuses what is dated by it, and says what time
   * it is: then once more, by that.
   */
  async #sendInTime(home: S3Connection, request: BucketRequest, credentials: Credentials): Promise<S3Answer> {
    const { clock } = this.#options;
    const signedAt = clock.now();
    const answer = await this.#sendAtPace(home, request, credentials);
    return clock.correct(answer, signedAt) ? await this.#sendAtPace(home, request, credentials) : answer;
  }

  /**
   * A read whose answer stands nearly still is asked again on another connection, with more
   * time allowed each time.
   */
  async #sendAtPace(home: S3Connection, request: BucketRequest, credentials: Credentials): Promise<S3Answer> {
    const { operation, signal } = request;
    if (operation !== "GET" && operation !== "LIST")
      return await this.#sendOnce(home, request, credentials, undefined);
    const { paces } = this.#options;
    for (let turn = 0; ; turn++) {
      try {
        return await this.#sendOnce(home, request, credentials, paces[turn]);
      } catch (error) {
        if (!(error instanceof TransferTooSlow) || turn >= paces.length - 1) throw error;
        signal?.throwIfAborted();
      }
    }
  }

  #sendOnce(
    { place, sender, sign }: S3Connection,
    request: BucketRequest,
    credentials: Credentials,
    rate: TransferRate | undefined,
  ): Promise<S3Answer> {
    const { location, onRequest } = this.#options;
    const { operation, key, query = "", headers = {}, body, maxBytes = 0, signal } = request;
    const method = operation === "LIST" ? "GET" : operation;
    const path = operation === "LIST" ? place.basePath : place.basePath + encodePath(location.prefix + key);
    const signed = sign({ method, path, query, headers, body }, credentials);
    signed["user-agent"] = "rollcall";
    onRequest?.(operation);
    return sender.send({
      method,
      path: query === "" ? path : `${path}?${query}`,
      headers: signed,
      body,
      maxBytes,
      signal,
      rate,
    });
  }

  explain(failure: S3Failure, answer: S3Answer, { verb, key }: Pick<Attempt, "verb" | "key">): StoreError {
    const { location, homes } = this.#options;
    const { place } = homes.current();
    return toStoreError(failure, answer, { verb, key, bucket: location.bucket, place });
  }

  async put(
    key: string,
    body: Uint8Array,
    { ifMatch, ifNoneMatch, mark, signal }: MarkedPutOptions,
  ): Promise<Entry> {
    checkKey(key);
    const headers: Record<string, string> = {
      "content-type": key.endsWith(".json") ? "application/json" : OTHER_TYPE,
    };
    if (mark !== undefined) headers[MARK_HEADER] = mark;
    if (ifNoneMatch) headers["if-none-match"] = ifNoneMatch;
    if (ifMatch !== undefined) {
      if (!ETAG.test(ifMatch)) throw new PreconditionFailed(`[store] [s3] ${key} is not the object expected`);
      // Without quotes: RGW never matches a quoted one, and AWS takes both (its own example of
      // `aws s3api put-object --if-match`, in "How to prevent object overwrites with conditional
      // writes", sends none).
      headers["if-match"] = ifMatch;
    }
    // The caller may write into its buffer while this one waits for a connection.
    const copy = Buffer.from(body);
    const answer = await this.send({ operation: "PUT", verb: "write", key, headers, body: copy, signal });
    if (answer.status === 200) {
      const entry = readEntry(key, answer, "date", body.length);
      // What the server has stored is what was sent, or its ETag is another.
      checkBody(`cannot write ${JSON.stringify(key)}`, copy, answer.headers, this.#options.location.hasMd5);
      return entry;
    }
    const failure = readFailure(answer);
    // 409 ConditionalRequestConflict: another was writing at the same time (AWS, API_PutObject).
    // AWS answers 404 to If-Match where nothing is.
    const isConflict = answer.status === 412 || failure.code === "ConditionalRequestConflict";
    const isConditional = ifMatch !== undefined || ifNoneMatch !== undefined;
    if (isConditional && (isConflict || failure.code === "NoSuchKey")) {
      throw new PreconditionFailed(
        `[store] [s3] ${key} ${ifNoneMatch ? "exists already" : "is not the object expected"}`,
      );
    }
    throw this.explain(failure, answer, { verb: "write", key });
  }

  /** Nothing is sent, and the object need not exist. */
  async presign(
    key: string,
    { expiresInSeconds, contentType, contentEncoding }: PresignOptions,
  ): Promise<string> {
    checkKey(key);
    const { location, homes, keeper, clock } = this.#options;
    const { place } = homes.current();
    const path = place.basePath + encodePath(location.prefix + key);
    const headers = { "response-content-encoding": contentEncoding, "response-content-type": contentType };
    return presignGet(
      { origin: place.origin, path, region: place.region, headers, expiresInSeconds },
      await keeper.get(),
      clock.now(),
    );
  }
}

type MarkedPutOptions = PutOptions & { readonly mark?: string };

const OTHER_TYPE = "application/octet-stream";

/** What a server may give as one: no quotes, and not the `*` that means any. */
const ETAG = /^(?!\*$)[\x21\x23-\x7e]{1,200}$/;

function encodePath(path: string): string {
  return encodeUri(path).replaceAll("%2F", "/");
}

/** @param time the header that tells when the server received the object, in whole seconds */
export function readEntry(
  key: string,
  { headers }: S3Answer,
  time: "date" | "lastModified",
  size: number,
): Entry {
  const { etag, [time]: date } = headers;
  const lastModified = typeof date === "string" ? Date.parse(date) : Number.NaN;
  if (typeof etag !== "string" || Number.isNaN(lastModified))
    throw new StoreError(
      `[store] [s3] the server gives no ETag or no time with ${JSON.stringify(key)}; is it an S3 server?`,
    );
  return { key, etag: trimEtag(etag), size, lastModified };
}
