// Asks AWS's Security Token Service who we are: GetCallerIdentity, which needs no permission.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
import {
  areOfOnePartition,
  findStsRegion,
  formatServiceHost,
  isAwsRegion,
  readAddressForm,
} from "../network/aws-address.ts";
import type { S3Endpoint } from "./s3-endpoint.ts";
import type { S3Timeouts, Sender } from "./s3-sender.ts";
import { type Credentials, createSigner } from "./s3-signature.ts";
import { parseEndpoint } from "./s3-url.ts";
import type { ServerClock } from "./server-clock.ts";
import { type Caller, StoreError, Unavailable } from "./store.ts";

const QUERY = "Action=GetCallerIdentity&Version=2011-06-15";
const MAX_CALLER_BYTES = 64 * 1024;

/**
 * How long is waited for it; ms. A host without a way to STS, as in many a private subnet, has
 * other ways to know who it is, and does not wait for this one.
 */
export const STS_TIMEOUTS: S3Timeouts = { connect: 2000, headers: 3000, body: 3000 };

/** An STS, and the Region that signatures for it name. */
export interface StsEndpoint {
  readonly url: URL;
  readonly region: string;
}

/**
 * Where STS is; undefined for a store that is not AWS's, unless the environment names an STS of its
 * own.
 *
 * @param ownRegion that in which this host is: its VPC may have an endpoint for its own Region's
 *   STS alone. Each Region's knows who anybody of the partition is
 */
export function findStsEndpoint(
  { isAws, region: bucketRegion, form }: S3Endpoint,
  env: NodeJS.ProcessEnv,
  ownRegion?: string,
): StsEndpoint | undefined {
  const near = ownRegion ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION);
  if (env.AWS_ENDPOINT_URL_STS) {
    const url = parseEndpoint(env.AWS_ENDPOINT_URL_STS);
    return { url, region: findStsRegion(url.hostname) ?? near ?? bucketRegion };
  }
  if (!isAws) return undefined;
  const isUsable = near !== undefined && isAwsRegion(near) && areOfOnePartition(near, bucketRegion);
  const region = isUsable ? near : bucketRegion;
  const host = formatServiceHost("sts", region, form ?? readAddressForm(env));
  return { url: new URL(`https://${host}`), region };
}

export interface CallerOptions {
  /** Closed afterwards. */
  readonly sender: Sender;
  readonly endpoint: StsEndpoint;
  readonly credentials: Credentials;
  readonly clock: ServerClock;
  readonly signal?: AbortSignal | undefined;
}

/** @throws StoreError if STS refuses, Unavailable if it does not answer */
export async function readCaller({
  sender,
  endpoint: { url, region },
  credentials,
  clock,
  signal,
}: CallerOptions): Promise<Caller> {
  const sign = createSigner({ region, service: "sts", host: url.host, clock: clock.now });
  const request = { method: "GET", path: "/", query: QUERY, headers: {}, body: undefined } as const;
  const ask = () =>
    sender.send({
      ...request,
      path: `/?${QUERY}`,
      headers: sign(request, credentials),
      maxBytes: MAX_CALLER_BYTES,
      signal,
    });
  try {
    const signedAt = clock.now();
    const first = await ask();
    const answer = clock.correct(first, signedAt) ? await ask() : first;
    const text = answer.body.toString("utf8");
    const caller = answer.status === 200 ? parseCaller(text) : undefined;
    if (caller) return caller;
    const code = /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text)?.[1] ?? "an answer that is none of its";
    const message = `[store] [s3] ${url.origin} does not say who this is: ${answer.status} ${code}`;
    throw answer.status >= 500
      ? new Unavailable(message, { hop: "sts" })
      : new StoreError(message, { hop: "sts" });
  } finally {
    await sender.close();
  }
}

/**
 * Account and user id out of the answer's XML; undefined if they are not there, or not of their
 * form.
 */
export function parseCaller(xml: string): Caller | undefined {
  const account = /<Account>([0-9]{12})<\/Account>/.exec(xml)?.[1];
  const userId = /<UserId>([A-Za-z0-9_=,.@:-]{1,128})<\/UserId>/.exec(xml)?.[1];
  return account !== undefined && userId !== undefined ? { account, userId } : undefined;
}
