// S3 store URLs: s3://BUCKET/PREFIX?region=…&endpoint=…, and what they mean.
import { StoreError } from "./store.ts";

/** Where an s3: store lies and how it is spoken to. */
export interface S3Location {
  readonly bucket: string;
  /** What every key of the store begins with in the bucket: "" or a path that ends with "/". */
  readonly prefix: string;
  readonly region: string | undefined;
  /** The server; undefined is AWS's own for the region. */
  readonly endpoint: URL | undefined;
  /**
   * Whether the bucket stands in the path of requests, as other servers than AWS's need it, or in
   * the host name.
   */
  readonly pathStyle: boolean;
  /** A profile of ~/.aws/config; undefined leaves the choice to the credential chain. */
  readonly profile: string | undefined;
  /** Whether ETags that look like MD5s are such, as S3's are. */
  readonly hasMd5: boolean;
}

const PARAMETERS = ["region", "endpoint", "path_style", "profile", "etag"] as const;

/**
 * AWS, "Bucket naming rules": 3 to 63 of `a-z 0-9 . -`. Older buckets may hold capitals and `_`;
 * other servers allow those too.
 */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;
/**
 * AWS, "Directory bucket naming rules"; and "Differences for directory buckets": ListObjectsV2
 * gives no order there and knows no StartAfter.
 */
const DIRECTORY_BUCKET = "--x-s3";
const PREFIX = /^(?:[A-Za-z0-9_:=,@+-][A-Za-z0-9._:=,@+-]{0,199}\/)*$/;
const MAX_PREFIX_LENGTH = 100;
const REGION = /^[a-z0-9-]{1,40}$/;
const PROFILE = /^[\w .@/:+-]{1,100}$/;

/**
 * Reads a URL.
 *
 * @param url begins with `s3:`
 * @throws StoreError that says what to write instead; it never repeats the URL, which may hold a
 *   secret by mistake
 */
export function parseS3Url(url: string): S3Location {
  const match = /^s3:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(url);
  if (!match) throw fail('write "s3://BUCKET/PREFIX?region=REGION"');
  const [, bucket = "", path = "", query = ""] = match;
  if (bucket.includes("@"))
    throw fail("keep keys out of the URL: credentials come from AWS's chain (docs/stores/s3.md)");
  if (!BUCKET.test(bucket)) throw fail(`${JSON.stringify(bucket.slice(0, 64))} is no bucket name`);
  if (bucket.endsWith(DIRECTORY_BUCKET))
    throw fail(
      `${JSON.stringify(bucket)} is a directory bucket (S3 Express One Zone), whose ` +
        "listings have no order and cannot be resumed; use a general purpose bucket",
    );
  const prefix = path === "" || path.endsWith("/") ? path : `${path}/`;
  if (!PREFIX.test(prefix) || prefix.length > MAX_PREFIX_LENGTH)
    throw fail(
      `the prefix after the bucket should be a path of at most ${MAX_PREFIX_LENGTH} ` +
        "characters of A-Z a-z 0-9 . _ : = , @ + -",
    );
  const parameters = readParameters(query);
  const endpoint = parameters.endpoint === undefined ? undefined : parseEndpoint(parameters.endpoint);
  const { region, path_style: pathStyle, profile, etag } = parameters;
  if (region !== undefined && !REGION.test(region))
    throw fail('region should be a name such as "ap-northeast-1"');
  if (profile !== undefined && !PROFILE.test(profile))
    throw fail("profile should be the name of a profile in ~/.aws/config");
  if (pathStyle !== undefined && pathStyle !== "true" && pathStyle !== "false")
    throw fail("path_style should be true or false");
  if (etag !== undefined && etag !== "md5" && etag !== "opaque") throw fail("etag should be md5 or opaque");
  return {
    bucket,
    prefix,
    region,
    endpoint,
    // A dot in the bucket's name would not match the certificate of BUCKET.s3.REGION.amazonaws.com.
    pathStyle:
      pathStyle === undefined ? endpoint !== undefined || bucket.includes(".") : pathStyle === "true",
    profile,
    hasMd5: etag !== "opaque",
  };
}

/** The URL of a location, for people and for commands to paste. */
export function formatS3Url({
  bucket,
  prefix,
  region,
  endpoint,
  profile,
  pathStyle,
  hasMd5,
}: S3Location): string {
  const isUsual = pathStyle === (endpoint !== undefined || bucket.includes("."));
  const path_style = isUsual ? undefined : String(pathStyle);
  const etag = hasMd5 ? undefined : "opaque";
  const parameters = Object.entries({
    region,
    endpoint: endpoint?.origin,
    path_style,
    profile,
    etag,
  }).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  const query = parameters.length > 0 ? `?${parameters.join("&")}` : "";
  return `s3://${bucket}${prefix === "" ? "" : `/${prefix.slice(0, -1)}`}${query}`;
}

function readParameters(query: string): Partial<Record<(typeof PARAMETERS)[number], string>> {
  const found: Partial<Record<(typeof PARAMETERS)[number], string>> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const known = PARAMETERS.find((one) => one === name);
    if (!known)
      throw fail(`the parameter ${JSON.stringify(name.slice(0, 40))} is not one of ${PARAMETERS.join(", ")}`);
    if (found[known] !== undefined) throw fail(`the parameter ${known} stands there twice`);
    if (value === "") throw fail(`the parameter ${known} is empty`);
    found[known] = value;
  }
  return found;
}

/** The server's address, alone: no path, key or query. @throws StoreError */
export function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && url.pathname === "/" && !url.search && !url.hash;
  if (!isPlain || url.username || url.password)
    throw fail("endpoint should be the server's address alone, such as https://s3.example.com:9000");
  return url;
}

function fail(reason: string): StoreError {
  return new StoreError(`[store] [s3] ${reason}`);
}
