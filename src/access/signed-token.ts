// Tokens (JWS, RFC 7515) before anything is believed of them, and why one is not believed, in
// words. Pure.
import * as errors from "jose/errors";
import { sanitizeLine } from "../report/safe-text.ts";
import { AccessError } from "./access-error.ts";
import { MAX_TOKEN_LENGTH } from "./token-bounds.ts";

/** Of what a token says so much is shown. */
const MAX_SHOWN_LENGTH = 200;

/** Algorithms whose keys are in two halves: a server that checks signatures could make none. */
export const SIGNATURE_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** What a token says, once its signature holds. */
export type Claims = Readonly<Record<string, unknown>>;

export interface VerifiedToken {
  readonly claims: Claims;
  /** Ms since the epoch. */
  readonly endsAt: number;
}

/** One place that identities come from. */
export interface IdentityVerifier {
  /** The header that tokens come in; in small letters. */
  readonly header: string;
  /** For people: whose tokens these are. */
  readonly issuer: string;
  /**
   * @throws AccessError token_refused; issuer_unavailable where it cannot be told now
   */
  verify(token: string): Promise<VerifiedToken>;
  /** Gets what is needed, to hear early of what is wrong. @throws AccessError issuer_unavailable */
  prepare(): Promise<void>;
}

export function refuseToken(message: string): AccessError {
  return new AccessError("token_refused", message);
}

/** Text of a token, fit to be shown. */
export function showValue(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return sanitizeLine(text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text);
}

/** Three parts in base64url; with padding where the kind has it. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const PADDED = /^[\w-]+={0,2}\.[\w-]+={0,2}\.[\w-]+={0,2}$/;

/**
 * Checks a token's form, before it is taken apart.
 *
 * @throws AccessError token_refused
 */
export function checkTokenForm(token: string, { isPadded = false } = {}): void {
  if (token.length > MAX_TOKEN_LENGTH)
    throw refuseToken(`the token has more than ${MAX_TOKEN_LENGTH} characters`);
  if (!(isPadded ? PADDED : COMPACT).test(token))
    throw refuseToken("the token is no JWT: three parts in base64url with dots between, and once");
}

/** What jose refused, in words. @throws what is none of its errors */
export function toRefusal(error: unknown, issuer: string): AccessError {
  if (error instanceof AccessError) return error;
  if (error instanceof errors.JWTExpired)
    return refuseToken(`the token expired${showInstant(error.payload.exp)}; sign in again`);
  if (error instanceof errors.JWTClaimValidationFailed) return refuseToken(describeClaim(error));
  if (error instanceof errors.JOSEAlgNotAllowed)
    return refuseToken("the token's algorithm (alg) is none of those that are taken here");
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return refuseToken(`the token's signature is not by the key of ${issuer} that it names`);
  if (error instanceof errors.JWKSNoMatchingKey)
    return refuseToken(`${issuer} has no key that fits the token's kid and alg`);
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return refuseToken(`the token names no key (kid), and ${issuer} has several`);
  if (error instanceof errors.JOSEError || error instanceof TypeError)
    return refuseToken("the token, or the key that it names, is none that can be used here");
  throw error;
}

/** Only whoever holds a token that the issuer has signed comes here. */
function describeClaim({ claim, reason, payload }: errors.JWTClaimValidationFailed): string {
  if (reason === "missing") return `the token has no ${claim}, without which none is taken`;
  if (claim === "nbf") return `the token is not valid yet${showInstant(payload.nbf)}; are the clocks right?`;
  return `the token's ${claim} is ${showValue(payload[claim])}, and this server takes another`;
}

function showInstant(seconds: unknown): string {
  if (typeof seconds !== "number") return "";
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? "" : ` (${date.toISOString()})`;
}
