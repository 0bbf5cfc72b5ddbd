// The host's side of a GetCallerIdentity that enrols it: signed here with the keys of the
// instance's role, sent to STS by the server.
import {
  CALLER_BODY,
  type CallerProof,
  type ClaimedHost,
  formatCallerHeaders,
} from "../access/caller-identity.ts";
import { findStsRegion, formatServiceHost, isAwsRegion, readAddressForm } from "../network/aws-address.ts";
import { readBounded } from "../network/bounded-read.ts";
import type { Environment } from "../network/proxy.ts";
import type { Clock } from "../report/clock.ts";
import { parseJson } from "../report/parse-json.ts";
import { readAwsTrust } from "../store/aws-trust.ts";
import { loadFromChain } from "../store/s3-credentials.ts";
import { createSigner } from "../store/s3-signature.ts";
import { parseEndpoint } from "../store/s3-url.ts";
import { StoreError } from "../store/store.ts";
import type { Client } from "./client.ts";
import { RemoteError, ServerRefusal } from "./remote-error.ts";

/**
 * STS takes signatures that are off by a quarter of an hour at most: a clock that is off by more
 * than this is not signed by; ms.
 */
const TOLERANCE_MS = 5 * 60_000;

/** What a server answers to who asks for a nonce. */
const MAX_NONCE_BYTES = 64 * 1024;

export interface CallerProofOptions {
  readonly client: Client;
  /** The server's, as this host knows it. */
  readonly origin: string;
  readonly claimed: ClaimedHost;
  /** The instance's; undefined where it does not say. */
  readonly region: string | undefined;
}

/**
 * Signs for a server that takes such proofs.
 *
 * @returns undefined where the server takes none; or why this host can give none
 * @throws RemoteError if the server does not answer
 */
export async function makeCallerProof(
  { client, origin, claimed, region: ownRegion }: CallerProofOptions,
  { env, clock }: { readonly env: Environment; readonly clock: Clock },
): Promise<CallerProof | { readonly fault: string } | undefined> {
  const given = await askForNonce(client);
  if (!given) return undefined;
  const { nonce, issuedAt } = given;
  try {
    const trust = await readAwsTrust(env);
    const { sessionToken, ...keys } = await loadFromChain({ env: { ...env }, trust, profile: undefined })(
      false,
    );
    if (sessionToken === undefined)
      return { fault: "the AWS credentials of this host are a user's, not those of the instance's role" };
    const { AWS_ENDPOINT_URL_STS: ownEndpoint } = env;
    const region =
      (ownEndpoint && findStsRegion(parseEndpoint(ownEndpoint).hostname)) ||
      env.AWS_REGION ||
      env.AWS_DEFAULT_REGION ||
      ownRegion ||
      "us-east-1";
    if (!ownEndpoint && !isAwsRegion(region))
      return { fault: `${JSON.stringify(region)} is no AWS Region; see to AWS_REGION` };
    const endpoint = ownEndpoint
      ? parseEndpoint(ownEndpoint).origin
      : `https://${formatServiceHost("sts", region, readAddressForm(env))}`;
    const isClockOff = Math.abs(issuedAt - clock()) > TOLERANCE_MS;
    const sign = createSigner({
      region,
      service: "sts",
      host: new URL(endpoint).host,
      clock: isClockOff ? () => issuedAt : clock,
    });
    const headers = formatCallerHeaders({ server: origin, nonce }, claimed);
    const request = { method: "POST", path: "/", query: "", headers, body: Buffer.from(CALLER_BODY) };
    const signed = sign(request, { ...keys, sessionToken });
    return {
      server: origin,
      nonce,
      endpoint,
      region,
      date: signed["x-amz-date"] ?? "",
      access_key_id: keys.accessKeyId,
      session_token: sessionToken,
      signature: /Signature=([0-9a-f]{64})$/.exec(signed.authorization ?? "")?.[1] ?? "",
    };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { fault: error.reason };
  }
}

/** @returns undefined where the server knows no such proofs, as older ones do not */
async function askForNonce(
  client: Client,
): Promise<{ readonly nonce: string; readonly issuedAt: number } | undefined> {
  try {
    const response = await client.request("/v1/enrolments/nonces", { method: "POST" });
    const text = await readBounded(response.body, MAX_NONCE_BYTES);
    const { nonce, issued_at } = ((text && parseJson(text)) ?? {}) as {
      nonce?: unknown;
      issued_at?: unknown;
    };
    if (typeof nonce === "string" && typeof issued_at === "string")
      return { nonce, issuedAt: Date.parse(issued_at) };
    throw new RemoteError("not_rollcall", "the server's answer has no nonce; is it a Rollcall server?");
  } catch (error) {
    if (error instanceof ServerRefusal && [404, 405].includes(error.status)) return undefined;
    throw error;
  }
}
