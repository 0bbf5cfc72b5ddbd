// Which server and region an s3: store speaks to, from its URL and the environment, in the order of
// AWS's own programs.
import { homedir } from "node:os";
import { join } from "node:path";
import { findPartition } from "./aws-partition.ts";
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
}

/**
 * Any name would do for a server that is not AWS's: this one is what they expect where nobody set
 * another.
 */
const CUSTOM_REGION = "us-east-1";

/** @throws StoreError if no region is known, or an endpoint of the environment is none */
export async function resolveEndpoint(location: S3Location, env: NodeJS.ProcessEnv): Promise<S3Endpoint> {
  const { bucket } = location;
  const named = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL;
  const endpoint = location.endpoint ?? (named ? parseEndpoint(named) : undefined);
  const region =
    location.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || (await readProfileRegion(location, env)));
  if (endpoint) {
    // An endpoint of the environment is no more AWS's than one of the URL: the bucket stands in the
    // path unless the URL says otherwise.
    const isPath = location.pathStyle || location.endpoint === undefined;
    const host = isPath ? endpoint.host : `${bucket}.${endpoint.host}`;
    return {
      region: region ?? CUSTOM_REGION,
      origin: `${endpoint.protocol}//${host}`,
      basePath: isPath ? `/${bucket}/` : "/",
      isAws: false,
    };
  }
  if (region === undefined)
    throw new StoreError(
      "[store] [s3] the bucket's region is not known; add ?region=REGION to the store's URL",
    );
  return awsEndpoint(location, region);
}

/** AWS's own place for a bucket in a region. */
export function awsEndpoint({ bucket, pathStyle }: S3Location, region: string): S3Endpoint {
  const host = `s3.${region}.${findPartition(region).domain}`;
  return pathStyle
    ? { region, origin: `https://${host}`, basePath: `/${bucket}/`, isAws: true }
    : { region, origin: `https://${bucket}.${host}`, basePath: "/", isAws: true };
}

/** `region` of the profile in ~/.aws/config; undefined where there is no such file. */
async function readProfileRegion(
  { profile }: S3Location,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const name = profile ?? (env.AWS_PROFILE || "default");
  // As the credential chain reads them; it takes milliseconds to load, and few need it.
  const { loadSharedConfigFiles } = await import("@smithy/core/config");
  try {
    // Throws for a user who has no home folder.
    const configFilepath = env.AWS_CONFIG_FILE || join(env.HOME || homedir(), ".aws", "config");
    const { configFile } = await loadSharedConfigFiles({
      configFilepath,
      // Of credentials nothing is asked here.
      filepath: configFilepath,
      ignoreCache: true,
    });
    const region = configFile[name]?.region;
    return region !== undefined && /^[a-z0-9-]{1,40}$/.test(region) ? region : undefined;
  } catch {
    // Whoever has no such file, or may not read it, has named no region there; the error that
    // follows says what to do.
    return undefined;
  }
}
