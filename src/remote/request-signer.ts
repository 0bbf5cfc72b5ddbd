// Signs requests to a Rollcall API that stands behind API Gateway with Authorization=AWS_IAM: AWS
// Signature Version 4 for the service execute-api, with AWS's own chain of credentials.
import { isAwsRegion } from "../network/aws-address.ts";
import type { Clock } from "../report/clock.ts";
import { createCredentialsCache, type LoadCredentials } from "../store/s3-credentials.ts";
import { createSigner, encodeUri } from "../store/s3-signature.ts";
import { RemoteError } from "./remote-error.ts";

/**
 * A request as it goes out: headers that are the signature's, and the URL that they are good for.
 */
export interface SignedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Signs one request to the server. @throws StoreError where there are no credentials, which names
 * the ways to give some
 */
export type SignRequest = (method: string, url: URL, body: Uint8Array | undefined) => Promise<SignedRequest>;

export interface RequestSignerOptions {
  readonly server: URL;
  /** An AWS region, or `auto`: the one in the server's name. */
  readonly region: string;
  readonly load: LoadCredentials;
  readonly clock: Clock;
}

/** `API.execute-api.REGION.amazonaws.com`, `API-VPCE.…`, and China's. */
const API_HOST =
  /^[a-z0-9-]+(?:\.[a-z0-9-]+)?\.execute-api(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?amazonaws\.com(?:\.cn)?$/;

/**
 * Makes a function that signs. Nothing is asked of AWS yet.
 *
 * @throws RemoteError where the server's name says no region, or the region is none
 */
export function createRequestSigner({ server, region, load, clock }: RequestSignerOptions): SignRequest {
  const found = region === "auto" ? API_HOST.exec(server.hostname)?.[1] : region;
  if (found === undefined || !isAwsRegion(found))
    throw new RemoteError(
      "refused",
      region === "auto"
        ? `${server.host} does not say its AWS region, so requests to it cannot be signed; name ` +
            "it: ROLLCALL_SIGV4=eu-west-1"
        : "--sigv4 (ROLLCALL_SIGV4) should be an AWS region such as eu-west-1, or auto where the " +
            "server's name has it",
    );
  const credentials = createCredentialsCache(load, clock);
  const sign = createSigner({ region: found, service: "execute-api", host: server.host, clock });

  return async (method, url, body) => {
    if (url.origin !== server.origin)
      throw new TypeError(`${url.origin} is not what requests are signed for`);
    // Each part as it goes out, encoded once more (IAM guide, "Create a signed AWS API request":
    // all services but S3).
    const path = url.pathname.split("/").map(encodeUri).join("/");
    const query = [...url.searchParams]
      .map(([name, value]) => [encodeUri(name), encodeUri(value)] as const)
      .sort(comparePairs)
      .map((pair) => pair.join("="))
      .join("&");
    const { host: _, ...headers } = sign({ method, path, query, headers: {}, body }, await credentials.get());
    return { url: `${url.origin}${url.pathname}${query === "" ? "" : `?${query}`}`, headers };
  };
}

/** By code units, as AWS sorts them: names, then values. */
function comparePairs(one: readonly [string, string], other: readonly [string, string]): number {
  const [first, second] = one[0] === other[0] ? [one[1], other[1]] : [one[0], other[0]];
  return first < second ? -1 : first > second ? 1 : 0;
}
