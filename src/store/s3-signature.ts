// Signs requests to S3, and to STS: AWS Signature Version 4, with what is the same for a second or
// a day computed once.
import { createHmac, hash } from "node:crypto";
import type { Clock } from "../report/clock.ts";

/** Keys that sign. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** From then on they no longer work. */
  readonly expiration?: Date | undefined;
}

export interface UnsignedRequest {
  readonly method: string;
  /** Percent-encoded as AWS's UriEncode does it. */
  readonly path: string;
  /** Percent-encoded likewise, its parameters in ascending order; "" for none. */
  readonly query: string;
  /**
   * Names in lower case, values without spaces at either end. Signed along with host,
   * x-amz-content-sha256, x-amz-date.
   */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

export interface SignerOptions {
  readonly region: string;
  /** As AWS names it in signatures; s3 by default. */
  readonly service?: string;
  /** What undici will send as Host. */
  readonly host: string;
  readonly clock: Clock;
}

/** Headers to send: those of the request and the signature's own. */
type Sign = (request: UnsignedRequest, credentials: Credentials) => Record<string, string>;

const ALGORITHM = "AWS4-HMAC-SHA256";
const NO_BODY = hash("sha256", "");

/** What stays the same as long as the credentials and the second do. */
interface SigningContext {
  readonly credentials: Credentials;
  readonly second: number;
  readonly date: string;
  readonly scope: string;
  readonly key: Buffer;
}

/**
 * Makes a function that signs requests, by AWS, "Create a signed AWS API request" (IAM user guide):
 * the four steps there are the four parts below.
 */
export function createSigner({ region, service = "s3", host, clock }: SignerOptions): Sign {
  let last: SigningContext | undefined;

  function momentOf(credentials: Credentials): SigningContext {
    const second = Math.floor(clock() / 1000);
    if (last?.second === second && last.credentials === credentials) return last;
    const date = formatDate(second);
    const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
    const isSameDay = last?.scope === scope && last.credentials === credentials;
    const key = last && isSameDay ? last.key : deriveKey(credentials.secretAccessKey, scope);
    last = { credentials, second, date, scope, key };
    return last;
  }

  return ({ method, path, query, headers, body }, credentials) => {
    const { date, scope, key } = momentOf(credentials);
    const digest = body === undefined ? NO_BODY : hash("sha256", body);
    const signed: Record<string, string> = {
      ...headers,
      host,
      "x-amz-content-sha256": digest,
      "x-amz-date": date,
    };
    if (credentials.sessionToken !== undefined) signed["x-amz-security-token"] = credentials.sessionToken;

    const names = Object.keys(signed).sort();
    let canonical = `${method}\n${path}\n${query}\n`;
    for (const name of names) canonical += `${name}:${signed[name]}\n`;
    const list = names.join(";");
    canonical += `\n${list}\n${digest}`;

    const text = `${ALGORITHM}\n${date}\n${scope}\n${hash("sha256", canonical)}`;
    const signature = authenticate(key, text);
    signed.authorization =
      `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope}, ` +
      `SignedHeaders=${list}, Signature=${signature}`;
    return signed;
  };
}

export interface PresignedGet {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Percent-encoded as AWS's UriEncode does it. */
  readonly path: string;
  readonly region: string;
  /**
   * Parameters such as response-content-type by which S3 sets headers of its answer (AWS,
   * API_GetObject); undefined is left out.
   */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly expiresInSeconds: number;
}

/**
 * Signs a URL for one GET, by AWS, "Authenticating Requests: Using Query Parameters (AWS Signature
 * Version 4)".
 *
 * @param now ms since the epoch
 */
export function presignGet(request: PresignedGet, credentials: Credentials, now: number): string {
  const { origin, path, region, headers, expiresInSeconds } = request;
  const date = formatDate(Math.floor(now / 1000));
  const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`;
  const parameters: Record<string, string | undefined> = {
    ...headers,
    "X-Amz-Algorithm": ALGORITHM,
    "X-Amz-Credential": `${credentials.accessKeyId}/${scope}`,
    "X-Amz-Date": date,
    "X-Amz-Expires": String(expiresInSeconds),
    "X-Amz-Security-Token": credentials.sessionToken,
    "X-Amz-SignedHeaders": "host",
  };
  const query = Object.keys(parameters)
    .sort()
    .flatMap((name) => (parameters[name] === undefined ? [] : [`${name}=${encodeUri(parameters[name])}`]))
    .join("&");
  const canonical = `GET\n${path}\n${query}\nhost:${new URL(origin).host}\n\nhost\nUNSIGNED-PAYLOAD`;
  const text = `${ALGORITHM}\n${date}\n${scope}\n${hash("sha256", canonical)}`;
  const signature = authenticate(deriveKey(credentials.secretAccessKey, scope), text);
  return `${origin}${path}?${query}&X-Amz-Signature=${signature}`;
}

/** `20240229T145930Z` */
function formatDate(second: number): string {
  return `${new Date(second * 1000).toISOString().slice(0, 19).replace(/[:-]/g, "")}Z`;
}

/** HMAC-SHA256 in hexadecimal. */
function authenticate(key: Buffer, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}

function deriveKey(secret: string, scope: string): Buffer {
  let key: string | Buffer = `AWS4${secret}`;
  for (const part of scope.split("/")) key = createHmac("sha256", key).update(part).digest();
  return Buffer.from(key);
}

/** Percent-encodes as AWS's UriEncode does: everything but `A-Z a-z 0-9 - . _ ~`. */
export function encodeUri(text: string): string {
  const encoded = encodeURIComponent(text);
  return /[!'()*]/.test(encoded)
    ? encoded.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    : encoded;
}
