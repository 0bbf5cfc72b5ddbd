// Where a bucket is spoken to: its server and region, the connections there, and what signs for
// them. S3 may say that it lies elsewhere.
import { readElement } from "./s3-error.ts";
import { placeOnAws, type S3Place } from "./s3-place.ts";
import type { Answer, Sender } from "./s3-sender.ts";
import { createSigner } from "./s3-signature.ts";
import type { S3Location } from "./s3-url.ts";
import type { ServerClock } from "./server-clock.ts";

export interface S3Home {
  readonly place: S3Place;
  readonly sender: Sender;
  readonly sign: ReturnType<typeof createSigner>;
}

export interface S3Homes {
  /** Where the next request goes. */
  current(): S3Home;
  /**
   * Moves to where an answer says that the bucket lies. All requests go there from then on.
   *
   * @param from where the answer came from
   * @returns undefined where the answer says nothing of the kind, or leads to what is not S3's own
   */
  follow(answer: Answer, from: S3Home): Promise<S3Home | undefined>;
  close(): Promise<void>;
}

export interface S3HomesOptions {
  readonly location: S3Location;
  readonly place: S3Place;
  readonly clock: ServerClock;
  readonly openSender: (origin: string) => Sender | Promise<Sender>;
}

/** As AWS names its regions: no other text becomes part of an address. */
const AWS_REGION = /^[a-z]{2}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/;
const ANY_REGION = /^[A-Za-z0-9-]{1,40}$/;

/** Connects with the first request. */
export async function openHomes({ location, place, clock, openSender }: S3HomesOptions): Promise<S3Homes> {
  const senders = new Map<string, Promise<Sender>>();

  async function open(at: S3Place): Promise<S3Home> {
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
  { status }: Answer,
  from: S3Place,
  location: S3Location,
): S3Place | undefined {
  if (from.isAws) return AWS_REGION.test(region) ? placeOnAws(location, region) : undefined;
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
function findRegion({ status, headers, body }: Answer): string | undefined {
  if (!REDIRECTS.has(status) && status !== 400) return undefined;
  const text = body.toString("utf8");
  if (status === 400 && !REGION_CODES.has(readElement(text, "Code"))) return undefined;
  const { bucketRegion, location = "" } = headers;
  const host = URL.canParse(location) ? new URL(location).hostname : readElement(text, "Endpoint");
  return bucketRegion ?? (readElement(text, "Region") || AWS_HOST.exec(host)?.[1]);
}

/** `bucket.s3.REGION.amazonaws.com`, `s3-REGION.amazonaws.com` */
const AWS_HOST = /(?:^|\.)s3[.-](?:dualstack\.)?([a-z0-9-]{1,40})\.amazonaws\.com(?:\.cn)?$/;
