// The s3 driver: a store in a bucket of AWS S3 or of a server that speaks the same.
// docs/stores/s3.md tells operators about it.
import type { Clock } from "../report/clock.ts";
import { readAwsTrust } from "./aws-trust.ts";
import { SNAPSHOT_MANIFEST_KEY } from "./layout.ts";
import type { RepeatableStore } from "./repeated-put.ts";
import { ASK_CHECKSUM, checkBody, isBody } from "./s3-body.ts";
import { Bucket, readEntry, type S3Operation } from "./s3-bucket.ts";
import { openConnections } from "./s3-connections.ts";
import { createCredentialsCache, type LoadCredentials, loadFromChain } from "./s3-credentials.ts";
import { resolveEndpoint } from "./s3-endpoint.ts";
import { readFailure } from "./s3-error.ts";
import { openSender } from "./s3-open-sender.ts";
import { listPages } from "./s3-pages.ts";
import { S3_TIMEOUTS, type S3Timeouts, type Sender, type SenderOptions } from "./s3-sender.ts";
import { READ_RATES } from "./s3-transfer-rate.ts";
import { formatS3Url, type S3Location } from "./s3-url.ts";
import { createServerClock } from "./server-clock.ts";
import { checkKey, StoreError, TooLarge } from "./store.ts";
import { findStsEndpoint, readCaller, STS_TIMEOUTS } from "./sts.ts";

export interface S3StoreOptions {
  readonly location: S3Location;
  /** Where credentials come from; else AWS's chain. */
  readonly credentials?: LoadCredentials;
  /** AWS_REGION, AWS_ENDPOINT_URL_S3, AWS_CA_BUNDLE and the like. */
  readonly env: NodeJS.ProcessEnv;
  /** Dates signatures, until a server that refuses them says what time it is. */
  readonly clock: Clock;
  readonly timeouts?: S3Timeouts;
  /** What sends requests, if not what suits the platform. */
  readonly openSender?: (options: SenderOptions) => Sender | Promise<Sender>;
  /** Told of each request that is sent, for whoever counts what they cost. */
  readonly onRequest?: (operation: S3Operation) => void;
}

/**
 * Opens a store in a bucket. Nothing is sent yet. Each verb is one request, and one a page for
 * list; repeated is only what was refused for credentials that had just ended or sent elsewhere,
 * and a read whose answer stands nearly still: withRetry (retry.ts) does the rest.
 *
 * @throws StoreError if the region is not known or AWS_CA_BUNDLE cannot be read
 */
export async function s3Store({
  location,
  env,
  clock,
  timeouts = S3_TIMEOUTS,
  openSender: open = openSender,
  ...options
}: S3StoreOptions): Promise<RepeatableStore> {
  const place = await resolveEndpoint(location, env);
  const trust = await readAwsTrust(env);
  // Credentials end by the server's clock as well.
  const serverClock = createServerClock(clock);
  const keeper = createCredentialsCache(
    options.credentials ?? loadFromChain({ env, trust, profile: location.profile }),
    serverClock.now,
  );
  const openAt = (origin: string) => open({ origin, timeouts, env, trust });
  const homes = await openConnections({ location, place, clock: serverClock, openSender: openAt });
  const { paces = READ_RATES } = timeouts;
  const bucket = new Bucket({
    location,
    homes,
    paces,
    keeper,
    clock: serverClock,
    onRequest: options.onRequest,
  });
  return {
    location: formatS3Url(location),
    splitsListings: true,
    put: (key, body, conditions = {}) => bucket.put(key, body, conditions),

    async get(key, { maxBytes, signal }) {
      checkKey(key);
      const answer = await bucket.send({
        operation: "GET",
        verb: "read",
        key,
        headers: ASK_CHECKSUM,
        maxBytes,
        signal,
      });
      if (answer.status !== 200) {
        const failure = readFailure(answer);
        if (failure.code === "NoSuchKey") return undefined;
        throw bucket.explain(failure, answer, { verb: "read", key });
      }
      if (answer.isTooLarge) throw new TooLarge(`[store] [s3] ${key} has more than ${maxBytes} bytes`);
      const entry = readEntry(key, answer, "lastModified", answer.body.length);
      checkBody(`cannot read ${JSON.stringify(key)}`, answer.body, answer.headers, location.hasMd5);
      return { ...entry, body: answer.body };
    },

    list: (prefix, listOptions = {}) => listPages(bucket, location.prefix, prefix, listOptions),

    async delete(key) {
      checkKey(key);
      const answer = await bucket.send({ operation: "DELETE", verb: "delete", key });
      if (answer.status < 300) return;
      const failure = readFailure(answer);
      if (failure.code !== "NoSuchKey") throw bucket.explain(failure, answer, { verb: "delete", key });
    },

    async now() {
      // Any answer has it, also one that there is nothing or that it may not be told (RFC 9110,
      // section 6.6.1).
      const { headers } = await bucket.send({ operation: "HEAD", verb: "read", key: SNAPSHOT_MANIFEST_KEY });
      const told = Date.parse(headers.date ?? "");
      if (Number.isNaN(told))
        throw new StoreError(`[store] [s3] ${place.origin} does not say what time it is`);
      return told;
    },

    presign: (key, presignOptions) => bucket.presign(key, presignOptions),

    async readExisting(key) {
      checkKey(key);
      const answer = await bucket.send({ operation: "HEAD", verb: "read", key, headers: ASK_CHECKSUM });
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw bucket.explain(readFailure(answer), answer, { verb: "read", key });
      const { headers } = answer;
      const { contentLength, mark, date } = headers;
      const now = Date.parse(date ?? "");
      const entry = readEntry(key, answer, "lastModified", Number(contentLength));
      const holds = (body: Uint8Array) =>
        body.length === entry.size && isBody(body, headers, location.hasMd5);
      return { entry, mark, now: Number.isNaN(now) ? undefined : now, holds };
    },

    async identify({ region, signal } = {}) {
      const endpoint = findStsEndpoint(place, env, region);
      if (!endpoint) return undefined;
      const credentials = await keeper.get();
      const sender = await open({ origin: endpoint.url.origin, timeouts: STS_TIMEOUTS, env, trust });
      return await readCaller({ sender, endpoint, credentials, clock: serverClock, signal });
    },

    async readSigner() {
      return findStsEndpoint(place, env) && (await keeper.get()).accessKeyId;
    },

    close: () => homes.close(),
  };
}
