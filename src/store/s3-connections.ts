// Where a bucket is spoken to: its server and region, the connections there, and what signs for
// them. S3 may say that it lies elsewhere.

import { isAwsRegion, parseS3Host } from "../network/aws-address.ts";
import { awsEndpoint, type S3Endpoint } from "./s3-endpoint.ts";
import { readElement } from "./s3-error.ts";
import type { S3Answer, Sender } from "./s3-sender.ts";
import { createSigner } from "./s3-signature.ts";
import type { S3Location } from "./s3-url.ts";
import type { ServerClock } from "./server-clock.ts";

export interface S3Connection {
  readonly place: S3Endpoint;
  readonly sender: Sender;
  readonly sign: ReturnType<typeof createSigner>;
}

export interface S3Connections {
  /** Where the next request goes. */
  current(): S3Connection;
  /**
   * Moves to where an answer says that the bucket lies. All requests go there from then on.
   *
   * @param from where the answer came from
   * @returns undefined where the answer says nothing of the kind, or leads to what is not S3's own
   */
  follow(answer: S3Answer, from: S3Connection): Promise<S3Connection | undefined>;
  close(): Promise<void>;
}

export interface S3ConnectionsOptions {
  readonly location: S3Location;
  readonly place: S3Endpoint;
  readonly clock: ServerClock;
  readonly openSender: (origin: string) => Sender | Promise<Sender>;
}

const ANY_REGION = /^[A-Za-z0-9-]{1,40}$/;

/** Connects with the first request. */
export async function openConnections({
  location,
  place,
  clock,
  openSender,
}: S3ConnectionsOptions): Promise<S3Connections> {
  const senders = new Map<string, Promise<Sender>>();

  async function open(at: S3Endpoint): Promise<S3Connection> {
    const sender = senders.get(at.origin) ?? Promise.resolve(openSender(at.origin));
    senders.set(at.origin, sender);
    const sign = createSigner({ region: at.region, host: new URL(at.origin).host, clock: clock.now });
    return { place: at, sender: await sender, sign };
  }

  let home = await open(place);
  return {
    current: () => home,

    async follow(answer, from) {
      const region = findRegion(answer);
      if (region === undefined || region === from.place.region) return undefined;
      const next = moveTo(region, answer, from.place, location);
      if (!next) return undefined;
      // Many requests hear of it at once.
      if (home.place.origin !== next.origin || home.place.region !== next.region) home = await open(next);
      return home;
    },

    async close() {
      for (const sender of senders.values()) await (await sender).close();
    },
  };
}

function moveTo(
  region: string,
  { status }: S3Answer,
  from: S3Endpoint,
  location: S3Location,
): S3Endpoint | undefined {
  if (from.isAws)
    return from.form && isAwsRegion(region) ? awsEndpoint(location, region, from.form) : undefined;
  // Other servers' redirects lead anywhere; the name of a region is a word in the signature alone.
  return status === 400 && ANY_REGION.test(region) ? { ...from, region } : undefined;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 307, 308]);

/** Codes of status 400 that are about the region: AWS, "Error responses" (S3 API reference). */
const REGION_CODES: ReadonlySet<string> = new Set([
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
  "",
]);

/**
 * The region that an answer says the bucket lies in, as AWS's SDKs find it: `x-amz-bucket-region`,
 * which comes with HEAD too; the error's `Region`; and what its `Endpoint` or a Location names (S3
 * user guide, "Request redirection and the REST API").
 */
function findRegion({ status, headers, body }: S3Answer): string | undefined {
  if (!REDIRECTS.has(status) && status !== 400) return undefined;
  const text = body.toString("utf8");
  if (status === 400 && !REGION_CODES.has(readElement(text, "Code"))) return undefined;
  const { bucketRegion, location = "" } = headers;
  const host = URL.canParse(location) ? new URL(location).hostname : readElement(text, "Endpoint");
  return bucketRegion ?? (readElement(text, "Region") || parseS3Host(host)?.region);
}
