// Asks AWS's Security Token Service who we are: GetCallerIdentity, which needs no permission.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
import { findPartition } from "./aws-partition.ts";
import type { S3Endpoint } from "./s3-endpoint.ts";
import type { Sender } from "./s3-sender.ts";
import { type Credentials, createSigner } from "./s3-signature.ts";
import { parseEndpoint } from "./s3-url.ts";
import type { ServerClock } from "./server-clock.ts";
import { type Caller, StoreError, Unavailable } from "./store.ts";

const QUERY = "Action=GetCallerIdentity&Version=2011-06-15";
const MAX_CALLER_BYTES = 64 * 1024;

/**
 * Where STS is; undefined for a store that is not AWS's, unless the environment names an STS of its
 * own.
 */
export function findStsEndpoint({ isAws, region }: S3Endpoint, env: NodeJS.ProcessEnv): URL | undefined {
  if (env.AWS_ENDPOINT_URL_STS) return parseEndpoint(env.AWS_ENDPOINT_URL_STS);
  if (!isAws) return undefined;
  // AWS, "AWS STS Regions and endpoints": each Region has its own.
  return new URL(`https://sts.${region}.${findPartition(region).domain}`);
}

export interface CallerOptions {
  /** Closed afterwards. */
  readonly sender: Sender;
  readonly endpoint: URL;
  readonly region: string;
  readonly credentials: Credentials;
  readonly clock: ServerClock;
}

/** @throws StoreError if STS refuses, Unavailable if it does not answer */
export async function readCaller({
  sender,
  endpoint,
  region,
  credentials,
  clock,
}: CallerOptions): Promise<Caller> {
  const sign = createSigner({ region, service: "sts", host: endpoint.host, clock: clock.now });
  const request = { method: "GET", path: "/", query: QUERY, headers: {}, body: undefined } as const;
  const ask = () =>
    sender.send({
      ...request,
      path: `/?${QUERY}`,
      headers: sign(request, credentials),
      maxBytes: MAX_CALLER_BYTES,
      signal: undefined,
    });
  try {
    const signedAt = clock.now();
    const first = await ask();
    const answer = clock.correct(first, signedAt) ? await ask() : first;
    const text = answer.body.toString("utf8");
    const caller = answer.status === 200 ? parseCaller(text) : undefined;
    if (caller) return caller;
    const code = /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text)?.[1] ?? "an answer that is none of its";
    const message = `[store] [s3] ${endpoint.origin} does not say who this is: ${answer.status} ${code}`;
    throw answer.status >= 500 ? new Unavailable(message) : new StoreError(message);
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
