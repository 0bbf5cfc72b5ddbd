// Who is signed in: finds the token in a request's headers, has it checked, and says what its owner
// may do here.
import { sanitizeLine } from "../report/safe-text.ts";
import type { Caller } from "./caller.ts";
import { createIdentityVerifier, type IdentityMeans, type IdentityOptions } from "./identity-kinds.ts";
import { grantScopes, type ScopeGrant } from "./scope-grants.ts";
import { type Claims, type IdentityVerifier, refuseToken, type VerifiedToken } from "./signed-token.ts";

/** Of names from a token so much is kept (OpenID Connect Core 1.0, section 2: `sub` has 255). */
const MAX_NAME_LENGTH = 255;

/** The last instant that can be written (ECMAScript, "Time Values and Time Range"). */
const MAX_INSTANT_MS = 8.64e15;

/**
 * What names the owner of a token, the first that is there. People have a subject; what Cloudflare
 * Access gives to programs has an empty one, and a common_name.
 */
const ID_CLAIMS = ["sub", "common_name", "client_id", "azp", "email"] as const;
const NAME_CLAIMS = ["email", "preferred_username", "name"] as const;

export interface SignedIdentities {
  /** The headers that tokens come in, in small letters. */
  readonly headers: readonly string[];
  /**
   * Finds who is signed in.
   *
   * @param read a header by its name in small letters
   * @returns undefined where no token came along
   * @throws AccessError token_refused; issuer_unavailable where it cannot be told now
   */
  identify(read: (header: string) => string | undefined): Promise<Caller | undefined>;
  /** Gets keys ahead. @throws AccessError issuer_unavailable */
  prepare(): Promise<void>;
}

export interface SignedIdentitiesOptions extends IdentityMeans {
  /** In the order in which their headers are looked at: the first that has a token decides. */
  readonly sources: readonly IdentityOptions[];
  /** What claims give; undefined: whoever is signed in reads. */
  readonly grants?: readonly ScopeGrant[] | undefined;
}

/** Makes what finds out who is signed in. Nothing is fetched yet. */
export function createSignedIdentities({
  sources,
  grants,
  ...means
}: SignedIdentitiesOptions): SignedIdentities {
  const verifiers = sources.map((one) => createIdentityVerifier(one, means));
  return {
    headers: verifiers.map(({ header }) => header),
    async identify(read) {
      for (const verifier of verifiers) {
        const token = readToken(verifier, read(verifier.header));
        if (token !== undefined) return toIdentity(await verifier.verify(token), grants);
      }
      return undefined;
    },
    async prepare() {
      await Promise.all(verifiers.map((verifier) => verifier.prepare()));
    },
  };
}

/**
 * With `Bearer` in `Authorization` (RFC 6750, section 2.1), and mostly without in other headers.
 */
function readToken({ header }: IdentityVerifier, value: string | undefined): string | undefined {
  if (value === undefined || value === "") return undefined;
  const [, given] = /^Bearer +(.+)$/i.exec(value) ?? [];
  return header === "authorization" ? given : (given ?? value);
}

/** @throws AccessError token_refused where it names nobody */
function toIdentity({ claims, endsAt }: VerifiedToken, grants: readonly ScopeGrant[] | undefined): Caller {
  const id = findText(claims, ID_CLAIMS);
  if (id === undefined) throw refuseToken(`the token names nobody: it has none of ${ID_CLAIMS.join(", ")}`);
  return {
    kind: "identity",
    id,
    name: findText(claims, NAME_CLAIMS) ?? id,
    scopes: grantScopes(claims, grants),
    expires_at: new Date(Math.min(endsAt, MAX_INSTANT_MS)).toISOString(),
  };
}

function findText(claims: Claims, names: readonly string[]): string | undefined {
  const found = names.map((name) => claims[name]).find((one) => typeof one === "string" && one !== "");
  return typeof found === "string" ? sanitizeLine(found.slice(0, MAX_NAME_LENGTH)) : undefined;
}
