// S3's answers that are no success, and what they mean: AWS, "Error responses" (S3 API reference).
import { readRetryAfter } from "./backoff.ts";
import type { S3Endpoint } from "./s3-endpoint.ts";
import type { S3Answer } from "./s3-sender.ts";
import { StoreError, Unavailable, Unreadable } from "./store.ts";

/** What an error body says. */
export interface S3Failure {
  readonly status: number;
  /** S3's word for it, such as NoSuchKey; "" if the answer has none, as from a proxy or to HEAD. */
  readonly code: string;
  readonly message: string;
}

/** What was tried, for the message. */
export interface Attempt {
  readonly verb: "write" | "read" | "list" | "delete";
  readonly key: string;
  readonly bucket: string;
  readonly place: S3Endpoint;
}

const MAX_ELEMENT_LENGTH = 300;

/**
 * Answers that may be others when asked again. RequestTimeout has status 400: the upload stalled;
 * of the last two the body came changed.
 */
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
const PASSING_CODES: ReadonlySet<string> = new Set([
  "RequestTimeout",
  "OperationAborted",
  "InternalError",
  "SlowDown",
  "BadDigest",
  "XAmzContentSHA256Mismatch",
]);

/** Credentials that a refresh may mend. */
const STALE_CODES: ReadonlySet<string> = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "TokenRefreshRequired",
]);

const ADVICE: ReadonlyMap<string, string> = new Map([
  ["AccessDenied", "these credentials may not; docs/stores/s3.md lists the rights that are needed"],
  ["AllAccessDisabled", "access to the bucket is switched off; ask its owner"],
  ["AccountProblem", "AWS has closed or limited the bucket's account; ask its owner"],
  [
    "InvalidAccessKeyId",
    "the server does not know the access key id; check AWS_ACCESS_KEY_ID or the profile",
  ],
  ["SignatureDoesNotMatch", "the secret key is wrong; check AWS_SECRET_ACCESS_KEY or the profile"],
  ["InvalidToken", "the session token is wrong; check AWS_SESSION_TOKEN or sign in again"],
  ["ExpiredToken", "the session has expired; sign in again"],
  [
    "RequestTimeTooSkewed",
    "this machine's clock is wrong by more than 15 minutes, and the server does not " +
      "say what time it is; set it right",
  ],
  ["QuotaExceeded", "the bucket is full; make room or raise its quota"],
  ["EntityTooLarge", "the server takes no object that large"],
  ["KMS.DisabledException", "the key that encrypts the bucket is switched off"],
]);

/** Reads the body of an answer that is no success. */
export function readFailure({ status, body }: S3Answer): S3Failure {
  const text = body.toString("utf8");
  return { status, code: readElement(text, "Code"), message: readElement(text, "Message") };
}

export function isStale({ code }: S3Failure): boolean {
  return STALE_CODES.has(code);
}

/** The error to throw for a failure. */
export function toStoreError(failure: S3Failure, answer: S3Answer, attempt: Attempt): StoreError {
  const { status, code, message } = failure;
  const { verb, key, bucket, place } = attempt;
  const { origin } = place;
  const what =
    `[store] [s3] cannot ${verb} ` +
    `${verb === "list" ? `the bucket ${bucket}` : JSON.stringify(key.slice(0, 200))}`;
  const said = [code || `status ${status}`, message].filter((part) => part !== "").join(": ");
  if (PASSING_STATUS.has(status) || PASSING_CODES.has(code) || (status === 307 && place.isAws)) {
    return new Unavailable(`${what}: ${said}`, { retryAfterMs: readRetryAfter(answer.headers, Date.now()) });
  }
  const elsewhere = describeElsewhere(failure, answer, place);
  if (elsewhere !== undefined) return new StoreError(`${what}: ${elsewhere}`, { hop: "region" });
  if (code === "NoSuchBucket")
    return new StoreError(`${what}: there is no bucket ${bucket} at ${origin}; check its name`);
  if (verb === "read" && (code === "AccessDenied" || code === "InvalidObjectState"))
    return new Unreadable(`${what}: ${said}`, { hop: "policy" });
  if (code === "" && status >= 300 && status < 500 && status !== 403) {
    return new StoreError(`${what}: ${origin} answered ${status} without an S3 error; is it an S3 server?`);
  }
  return explainRefusal(failure, `${what}: ${said}`);
}

/** @param words what was tried, and what the server said */
function explainRefusal({ status, code, message }: S3Failure, words: string): StoreError {
  const isDenied = code === "AccessDenied" || (status === 403 && code === "");
  const usual = ADVICE.get(code) ?? (status === 403 ? ADVICE.get("AccessDenied") : undefined);
  const advice = (isDenied && findPolicyAdvice(message)) || usual;
  const hop = isDenied ? "policy" : status === 403 ? "credentials" : undefined;
  return new StoreError(`${words}${advice === undefined ? "" : `; ${advice}`}`, { hop });
}

/**
 * S3 says of which policy it was, where whoever asks is of the bucket's account or organization: S3
 * user guide, "Troubleshoot access denied (403 Forbidden) errors".
 */
function findPolicyAdvice(message: string): string | undefined {
  return POLICY_ADVICE.find(([words]) => words.test(message))?.[1];
}

const POLICY_ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /VPC endpoint policy/i,
    "the policy of the VPC endpoint has to let this bucket through; docs/networks.md has it",
  ],
  [
    /service control policy|resource control policy/i,
    "an organization's policy forbids it; ask who keeps it",
  ],
  [/permissions boundary/i, "the role's permissions boundary leaves it out"],
  [/identity-based policy/i, "attach the policy of rollcall-hosts to this role; docs/aws.md"],
  [
    /resource-based policy/i,
    "the bucket's policy leaves it out: whose account or organization it names, and whose key; docs/aws.md",
  ],
];

/** Where the bucket lies, if the answer says so, and what to write for it. */
function describeElsewhere(
  { status, code }: S3Failure,
  { headers, body }: S3Answer,
  place: S3Endpoint,
): string | undefined {
  if (status === 403) return undefined;
  const text = body.toString("utf8");
  const region =
    headers.bucketRegion ?? (code === "AuthorizationHeaderMalformed" ? readElement(text, "Region") : "");
  if (region !== "" && region !== place.region) {
    const there = place.form ? "" : `, and an endpoint there in the place of ${place.origin},`;
    return (
      `it lies in ${JSON.stringify(region)}, not ${place.region}; write ` +
      `?region=${region}${there} in the store's URL`
    );
  }
  if (status < 300 || status >= 400) return undefined;
  const { location = "" } = headers;
  const endpoint = readElement(text, "Endpoint");
  const led = URL.canParse(location) ? new URL(location).origin : endpoint === "" ? undefined : endpoint;
  return led === undefined || led === place.origin
    ? undefined
    : `${place.origin} leads to ${JSON.stringify(led)}, which is not followed; write ` +
        "it as ?endpoint= in the store's URL if you trust it";
}

/** The first such element's text, made harmless: another's server wrote it. */
export function readElement(text: string, name: string): string {
  const found = new RegExp(`<${name}>([^<]{0,2000})</${name}>`).exec(text)?.[1] ?? "";
  return found.replace(/[^\x20-\x7e]+/g, " ").slice(0, MAX_ELEMENT_LENGTH);
}
