// Which server and region an s3: store speaks to, from its URL and the environment, in the order of
// AWS's own programs.
import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import {
  type AddressForm,
  formatS3Host,
  parseS3Host,
  readAddressForm,
  type S3Host,
} from "../network/aws-address.ts";
import { parseEndpoint, type S3Location } from "./s3-url.ts";
import { StoreError } from "./store.ts";

export interface S3Endpoint {
  readonly region: string;
  /** Scheme, host and port of the requests. */
  readonly origin: string;
  /** What stands before a key in a request's path. */
  readonly basePath: string;
  /** Whether it is AWS's own, where STS tells who asks. */
  readonly isAws: boolean;
  /**
   * Which of AWS's addresses it is, all of which other Regions have as well; undefined for a VPC
   * endpoint, which leads to its own Region alone, and for other servers.
   */
  readonly form?: AddressForm | undefined;
}

/**
 * Any name would do for a server that is not AWS's: this one is what they expect where nobody set
 * another.
 */
const CUSTOM_REGION = "us-east-1";

/** The server that the URL names, else the environment; undefined is AWS's own for the region. */
export function findNamedEndpoint(
  { endpoint }: Pick<S3Location, "endpoint">,
  env: Readonly<Record<string, string | undefined>>,
): URL | undefined {
  const named = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL;
  return endpoint ?? (named ? parseEndpoint(named) : undefined);
}

/** Whether a server is AWS's own S3, by whichever of its names. */
export function isAwsEndpoint(endpoint: URL | undefined): boolean {
  return endpoint === undefined || parseS3Host(endpoint.hostname) !== undefined;
}

/** @throws StoreError if no region is known, or an endpoint of the environment is none */
export async function resolveEndpoint(location: S3Location, env: NodeJS.ProcessEnv): Promise<S3Endpoint> {
  const endpoint = findNamedEndpoint(location, env);
  const profile = await readProfile(location, env);
  const region = location.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || profile.region);
  if (endpoint) {
    const host = parseS3Host(endpoint.hostname);
    return host
      ? nameAwsEndpoint(location, endpoint, host, region)
      : nameOtherEndpoint(location, endpoint, region ?? CUSTOM_REGION);
  }
  if (region === undefined)
    throw new StoreError(
      "[store] [s3] the bucket's region is not known; add ?region=REGION to the store's URL",
    );
  const form = readAddressForm({
    AWS_USE_FIPS_ENDPOINT: env.AWS_USE_FIPS_ENDPOINT || profile.fips,
    AWS_USE_DUALSTACK_ENDPOINT: env.AWS_USE_DUALSTACK_ENDPOINT || profile.dualStack,
  });
  if (form.isFips && region.startsWith("cn-"))
    throw new StoreError("[store] [s3] AWS_USE_FIPS_ENDPOINT is set, and S3 has no such endpoint in China");
  return awsEndpoint(location, region, form);
}

/** AWS's own place for a bucket in a region. */
export function awsEndpoint(
  { bucket, pathStyle }: Pick<S3Location, "bucket" | "pathStyle">,
  region: string,
  form: AddressForm,
): S3Endpoint {
  const host = formatS3Host(region, form);
  return pathStyle
    ? { region, origin: `https://${host}`, basePath: `/${bucket}/`, isAws: true, form }
    : { region, origin: `https://${bucket}.${host}`, basePath: "/", isAws: true, form };
}

function nameOtherEndpoint(location: S3Location, endpoint: URL, region: string): S3Endpoint {
  // An endpoint of the environment is no more AWS's than one of the URL: the bucket stands in the
  // path unless the URL says otherwise.
  const isPath = location.pathStyle || location.endpoint === undefined;
  return { region, isAws: false, ...placeBucket(location.bucket, endpoint, isPath) };
}

function placeBucket(bucket: string, endpoint: URL, isPath: boolean) {
  const host = isPath ? endpoint.host : `${bucket}.${endpoint.host}`;
  return { origin: `${endpoint.protocol}//${host}`, basePath: isPath ? `/${bucket}/` : "/" };
}

/**
 * One of AWS's addresses that somebody named: a VPC endpoint, or FIPS's. Its region is that of its
 * name.
 */
function nameAwsEndpoint(
  location: S3Location,
  endpoint: URL,
  { kind, region: own, bucket: standing, form }: S3Host,
  named: string | undefined,
): S3Endpoint {
  const { bucket } = location;
  const { host } = endpoint;
  if (kind === "other")
    throw new StoreError(
      `[store] [s3] ${host} is not where S3 gives a bucket's objects by its name; for PrivateLink ` +
        "write https://bucket.vpce-….s3.REGION.vpce.amazonaws.com, and for an access point its alias " +
        "(…-s3alias) in the place of the bucket's name",
    );
  if (own !== undefined && location.region !== undefined && location.region !== own)
    throw new StoreError(
      `[store] [s3] region=${location.region} does not go with the endpoint ${host}, which is in ${own}`,
    );
  const region = own ?? named;
  if (region === undefined)
    throw new StoreError(`[store] [s3] the region of ${host} is not known; add &region=REGION to the URL`);
  if (standing !== undefined && standing !== bucket)
    throw new StoreError(
      `[store] [s3] the endpoint ${host} names the bucket ${JSON.stringify(standing)}, and the URL ` +
        `${JSON.stringify(bucket)}; leave it out of the endpoint`,
    );
  // Path style, as AWS's own programs have it with an endpoint that is named; edge locations know
  // buckets by the host alone.
  const isPath = kind !== "accelerate" && (location.pathStyle || location.endpoint === undefined);
  const place =
    standing === undefined
      ? placeBucket(bucket, endpoint, isPath)
      : { origin: endpoint.origin, basePath: "/" };
  return { region, isAws: true, form: kind === "public" ? form : undefined, ...place };
}

interface Profile {
  readonly region?: string | undefined;
  readonly fips?: string | undefined;
  readonly dualStack?: string | undefined;
}

/** What the profile in ~/.aws/config says of addresses; nothing where there is no such file. */
async function readProfile({ profile }: S3Location, env: NodeJS.ProcessEnv): Promise<Profile> {
  const name = profile ?? (env.AWS_PROFILE || "default");
  try {
    // Throws for a user who has no home folder.
    const configFilepath = env.AWS_CONFIG_FILE || join(env.HOME || homedir(), ".aws", "config");
    await access(configFilepath);
    // As the credential chain reads them; it takes milliseconds to load, and few need it.
    const { loadSharedConfigFiles } = await import("@smithy/core/config");
    const { configFile } = await loadSharedConfigFiles({
      configFilepath,
      // Of credentials nothing is asked here.
      filepath: configFilepath,
      ignoreCache: true,
    });
    const { region, use_fips_endpoint: fips, use_dualstack_endpoint: dualStack } = configFile[name] ?? {};
    return {
      region: region !== undefined && /^[a-z0-9-]{1,40}$/.test(region) ? region : undefined,
      fips,
      dualStack,
    };
  } catch {
    // Whoever has no such file, or may not read it, has named no region there; the error that
    // follows says what to do.
    return {};
  }
}
