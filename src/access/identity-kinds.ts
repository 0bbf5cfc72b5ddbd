// The kinds of signed identities that a server takes: one file a kind, and a line here.
import type { Clock } from "../report/clock.ts";
import { type AlbIdentityOptions, createAlbVerifier } from "./alb-identity.ts";
import { createJwksVerifier, type JwksIdentityOptions } from "./jwks-identity.ts";
import type { IdentityVerifier } from "./signed-token.ts";

/** Where identities come from, by kind. */
export type IdentityOptions = JwksIdentityOptions | AlbIdentityOptions;

export interface IdentityMeans {
  readonly clock: Clock;
  readonly fetch: typeof globalThis.fetch;
}

type Kinds = {
  readonly [Kind in IdentityOptions["kind"]]: (
    options: Extract<IdentityOptions, { readonly kind: Kind }>,
    means: IdentityMeans,
  ) => IdentityVerifier;
};

const IDENTITY_KINDS: Kinds = {
  jwks: createJwksVerifier,
  "aws-alb": createAlbVerifier,
};

/** Makes the verifier of a place that identities come from. */
export function createIdentityVerifier(options: IdentityOptions, means: IdentityMeans): IdentityVerifier {
  const create = IDENTITY_KINDS[options.kind] as (
    options: IdentityOptions,
    means: IdentityMeans,
  ) => IdentityVerifier;
  return create(options, means);
}
