// EC2's word for who a host is: which kinds of it count, and which counts for more.
import type { X509Certificate } from "node:crypto";
import { AccessError } from "./access-error.ts";
import type { CallerCheck } from "./caller-check.ts";
import type { CallerProof, ClaimedHost } from "./caller-identity.ts";
import { findIdentityFault, type Identity } from "./identity-document.ts";
import type { Nonces } from "./nonces.ts";

/** What proved a host's id when it enrolled; undefined: nothing but an enrolment key. */
export type Proof = "document" | "caller";

/** Whom to believe, and about which accounts. */
export interface IdentityTrust {
  readonly accounts: readonly string[];
  /**
   * AWS's certificates for the Regions in use; undefined: identity documents prove nothing here.
   */
  readonly certificates?: readonly X509Certificate[] | undefined;
  /** Undefined: signed requests for STS prove nothing here. */
  readonly callers?: { readonly nonces: Nonces; readonly findFault: CallerCheck } | undefined;
}

/** A document can be copied and never ends; a caller is one now. */
const RANKS: Readonly<Record<Proof, number>> = { document: 1, caller: 2 };

export function rankProof(proof: Proof | undefined): number {
  return proof === undefined ? 0 : RANKS[proof];
}

/** Whether an enrolment by such a proof counts where EC2's word is taken. */
export function isTaken(proof: Proof | undefined, trust: IdentityTrust): boolean {
  return proof === "caller" || (proof === "document" && trust.certificates !== undefined);
}

/** What a host brought along. */
export interface Evidence {
  readonly identity?: Identity | undefined;
  readonly caller?: CallerProof | undefined;
}

export interface ProvenIdentity {
  readonly proof: Proof;
  /** The nonce that a caller signed, which proves once. */
  readonly nonce?: { readonly value: string; readonly endsAt: number };
  /**
   * Set where a better proof came along: what to answer where this one alone does not do.
   * `identity_unavailable` if it may yet be found to hold.
   */
  readonly better?: AccessError;
}

/**
 * Looks for the best proof among what a host brought along.
 *
 * @param now ms since the epoch
 * @returns or why nothing of it proves who it is
 * @throws AccessError identity_unavailable where STS cannot be asked and no document does; whatever
 *   the store throws
 */
export async function proveIdentity(
  { identity, caller }: Evidence,
  claimed: ClaimedHost,
  trust: IdentityTrust,
  now: number,
): Promise<ProvenIdentity | { readonly fault: string }> {
  const { certificates, accounts, callers } = trust;
  const documentFault =
    identity && certificates
      ? findIdentityFault(identity, claimed.id, { certificates, accounts }, now)
      : NO_DOCUMENT;
  if (!caller || !callers)
    return documentFault === undefined
      ? { proof: "document" }
      : { fault: explain(documentFault, trust, !caller) };
  const found = await askAboutCaller(caller, claimed, callers, accounts);
  // The document needs neither STS nor a nonce.
  if (documentFault === undefined && found instanceof AccessError)
    return { proof: "document", better: found };
  if (found instanceof AccessError && found.code === "identity_unavailable") throw found;
  return found instanceof AccessError ? { fault: found.message } : found;
}

/** @returns why the caller proves nothing, or cannot be asked about */
async function askAboutCaller(
  caller: CallerProof,
  claimed: ClaimedHost,
  { nonces, findFault }: NonNullable<IdentityTrust["callers"]>,
  accounts: readonly string[],
): Promise<ProvenIdentity | AccessError> {
  const nonce = await nonces.check(caller.nonce);
  if ("fault" in nonce) return new AccessError("enrolment_refused", nonce.fault);
  try {
    const fault = await findFault(caller, claimed, accounts);
    return fault === undefined ? { proof: "caller", nonce } : new AccessError("enrolment_refused", fault);
  } catch (error) {
    if (error instanceof AccessError && error.code === "identity_unavailable") return error;
    throw error;
  }
}

const NO_DOCUMENT = "no document";

/** What the host should have brought. */
function explain(
  documentFault: string,
  { certificates, callers }: IdentityTrust,
  isWithoutCaller: boolean,
): string {
  if (documentFault !== NO_DOCUMENT) return documentFault;
  const ways = [
    ...(callers && isWithoutCaller ? ["a GetCallerIdentity signed by the instance's role"] : []),
    ...(certificates ? ["the instance's identity document"] : []),
  ];
  return (
    "this server takes EC2's word alone for ids of EC2 (i-…), which is " +
    `${ways.join(" or ")}, and the request has none; enrol on the instance ` +
    "itself, with an agent of this version that reaches the metadata service; see docs/enrol.md"
  );
}
