// The AWS SDK's S3 client as `rollcall store init` needs it. Heavy: only that command loads it.
import { createHash } from "node:crypto";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { parseS3Host } from "../network/aws-address.ts";
import { NetworkFailure } from "../network/failure.ts";
import { createFetch } from "../network/fetch.ts";
import { createAwsRequestHandler } from "./aws-request-handler.ts";
import { readAwsTrust } from "./aws-trust.ts";
import { findNamedEndpoint } from "./s3-endpoint.ts";
import { formatS3Url, type S3Location } from "./s3-url.ts";
import { StoreError } from "./store.ts";

const REQUEST_TIMEOUT_MS = 20_000;
const MAX_SDK_ATTEMPTS = 3;

/**
 * The variables that are read; the SDK's credential chain reads the process's own environment
 * beside them.
 */
export type BucketEnvironment = Readonly<Record<string, string | undefined>>;

/** The region that the URL or the environment names. Other servers than AWS's take any. */
export function findRegion(location: S3Location, env: BucketEnvironment): string | undefined {
  const named = location.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined);
  const endpoint = findNamedEndpoint(location, env);
  return endpoint ? (parseS3Host(endpoint.hostname)?.region ?? named ?? "us-east-1") : named;
}

/**
 * Opens a client.
 *
 * @throws StoreError if AWS_CA_BUNDLE cannot be read, or neither the URL, the environment nor the
 *   profile names a region
 */
export async function openBucketClient(location: S3Location, env: BucketEnvironment): Promise<S3Client> {
  const endpoint = findNamedEndpoint(location, env);
  const region = findRegion(location, env);
  const fetch = createFetch(env, await readAwsTrust(env));
  const config: S3ClientConfig = {
    forcePathStyle: location.pathStyle || (endpoint !== undefined && location.endpoint === undefined),
    maxAttempts: MAX_SDK_ATTEMPTS,
    requestHandler: createAwsRequestHandler(fetch, REQUEST_TIMEOUT_MS),
    // The library refuses to take AWS_USE_FIPS_ENDPOINT and the like beside an endpoint.
    ...(endpoint && { endpoint: endpoint.origin, useFipsEndpoint: false, useDualstackEndpoint: false }),
    ...(region && { region }),
    ...findCredentials(location, env),
  };
  const client = new S3Client(config);
  await checkRegion(client, location);
  addBodyDigest(client);
  return client;
}

/** The SDK would look for the region with the first request, and its error has no code. */
async function checkRegion(client: S3Client, location: S3Location): Promise<void> {
  try {
    await client.config.region();
  } catch (error) {
    throw toSetupError(error, location, "; add ?region=REGION to the store's URL");
  }
}

/**
 * Keys in the environment, else AWS's chain: profile, SSO, web identity, container, EC2 instance.
 */
function findCredentials(
  { profile }: S3Location,
  env: BucketEnvironment,
): Pick<S3ClientConfig, "credentials" | "profile"> {
  if (profile !== undefined) return { profile };
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env;
  if (!accessKeyId || !secretAccessKey || env.AWS_PROFILE) return {};
  return { credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } };
}

/**
 * Sends Content-MD5 in the place of the SDK's own checksums: AWS takes either with a bucket's
 * configuration, older servers (Ceph 16) this one alone. The way is that of the SDK's guide,
 * "Migrating: fallback to MD5".
 */
function addBodyDigest(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string>; body?: unknown };
      if (typeof request.body === "string" || request.body instanceof Uint8Array) {
        for (const name of Object.keys(request.headers)) {
          if (/^x-amz-(?:checksum-|sdk-checksum-)/i.test(name)) delete request.headers[name];
        }
        request.headers["content-md5"] = createHash("md5").update(request.body).digest("base64");
      }
      return next(args);
    },
    { step: "build", priority: "low", name: "rollcallBodyDigest" },
  );
}

/** What became of a request that failed, as far as the set-up can go on. */
export type Refusal = "absent" | "unsupported" | "denied";

/**
 * Names of AWS's errors for a part of the configuration that is not set ("Error responses", S3 API
 * reference).
 */
const ABSENT =
  /^(?:NoSuchPublicAccessBlockConfiguration|OwnershipControlsNotFoundError|ServerSideEncryptionConfigurationNotFoundError|NoSuchLifecycleConfiguration|NoSuchBucketPolicy)$/;
const UNSUPPORTED = /^(?:NotImplemented|MethodNotAllowed|XNotImplemented)$/;
const DENIED = /^(?:AccessDenied|AccessDeniedException|AllAccessDisabled|Forbidden|403|UnauthorizedAccess)$/;

/** Sorts an error of the SDK. @returns undefined if the set-up cannot go on after it */
export function judgeRefusal(error: unknown): Refusal | undefined {
  const { name, status } = readError(error);
  if (ABSENT.test(name)) return "absent";
  if (UNSUPPORTED.test(name) || status === 501 || status === 405) return "unsupported";
  // An answer to HEAD has no body, so the status is all there is.
  return DENIED.test(name) || (status === 403 && name === "Unknown") ? "denied" : undefined;
}

/** The name and HTTP status of an error of the SDK; the status is 0 where no answer came. */
export function readError(error: unknown): { name: string; status: number } {
  const name = error instanceof Error ? error.name : "";
  const metadata = (error as { $metadata?: { httpStatusCode?: number } })?.$metadata;
  return { name, status: metadata?.httpStatusCode ?? 0 };
}

/**
 * Turns an error of the SDK into one for people: what failed and what to do. No key or signature is
 * in it.
 */
export function explainBucketError(error: unknown, location: S3Location): StoreError {
  if (error instanceof StoreError) return error;
  const { name, status } = readError(error);
  const advice =
    name === "CredentialsProviderError"
      ? "; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with ?profile= or AWS_PROFILE"
      : status === 301 || name === "PermanentRedirect"
        ? "; the bucket lies in another region: name it with ?region= in the store's URL"
        : "";
  return toSetupError(error, location, advice);
}

function toSetupError(error: unknown, location: S3Location, advice: string): StoreError {
  const reason = error instanceof Error ? error.message.replace(/\s+/g, " ").slice(0, 300) : "unknown";
  const what = error instanceof NetworkFailure ? "" : `${readError(error).name}: `;
  return new StoreError(`[store] [s3] cannot set up ${formatS3Url(location)}: ${what}${reason}${advice}`, {
    cause: error,
  });
}
