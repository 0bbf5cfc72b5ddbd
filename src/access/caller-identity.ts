// What an instance signs to say who it is, and what it sends of it: a GetCallerIdentity, which the
// server sends to STS for it. Shared by the host and the server.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
import * as z from "zod";
import { formatServiceHost, isAwsRegion } from "../network/aws-address.ts";
import { NONCE } from "./nonces.ts";

/**
 * What the instance signs. The server writes it anew, word for word, and takes nothing of it from
 * the request: so there is nothing to smuggle in.
 */
export const CALLER_BODY = "Action=GetCallerIdentity&Version=2011-06-15";
const CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8";

/**
 * What makes the instance's signature whole: all else that it signed is known here. The secret key,
 * which signs, never leaves the instance.
 */
export const callerSchema = z.strictObject({
  server: z
    .string()
    .max(300)
    .describe("The server's address as the host knows it, such as https://rollcall.example.com; signed."),
  nonce: z.string().regex(NONCE, "must be a nonce of POST /v1/enrolments/nonces").describe("Signed."),
  endpoint: z
    .string()
    .max(300)
    .describe(
      "The address of STS that the request was signed for, such as https://sts.eu-west-1.amazonaws.com.",
    ),
  region: z.string().refine(isAwsRegion, "must be an AWS Region").describe("Of the signature."),
  date: z
    .string()
    .regex(/^\d{8}T\d{6}Z$/, "must be a time such as 20240229T145930Z")
    .describe("Of the signature, x-amz-date."),
  access_key_id: z.string().regex(/^[A-Z0-9]{16,128}$/, "must be an access key's id"),
  session_token: z
    .string()
    .regex(/^[A-Za-z0-9+/=_-]{1,8192}$/, "must be a session token")
    .describe("Of the role's session. It opens nothing without the secret key."),
  signature: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits")
    .describe("AWS Signature Version 4."),
});
export type CallerProof = z.infer<typeof callerSchema>;

/** Who proves itself: the signature is for this host and this boot of its machine alone. */
export interface ClaimedHost {
  readonly id: string;
  readonly machine: string;
  readonly boot: string;
}

/**
 * Headers that are signed beside host, x-amz-content-sha256, x-amz-date and x-amz-security-token.
 */
export function formatCallerHeaders(
  { server, nonce }: { readonly server: string; readonly nonce: string },
  { id, machine, boot }: ClaimedHost,
): Record<string, string> {
  return {
    "content-type": CONTENT_TYPE,
    "x-rollcall-boot": boot,
    "x-rollcall-host": id,
    "x-rollcall-machine": machine,
    "x-rollcall-server": server,
    "x-rollcall-server-nonce": nonce,
  };
}

/**
 * AWS, "AWS STS Regions and endpoints": each Region has its own, also those with FIPS and IPv6, and
 * the global one signs as us-east-1. The usual one comes first.
 */
export function listStsEndpoints(region: string): string[] {
  if (!isAwsRegion(region)) return [];
  const hosts = FORMS.map((form) => formatServiceHost("sts", region, form));
  if (region === "us-east-1") hosts.push("sts.amazonaws.com");
  return [...new Set(hosts)].map((host) => `https://${host}`);
}

const FORMS = [false, true].flatMap((isDualStack) =>
  [false, true].map((isFips) => ({ isFips, isDualStack })),
);
