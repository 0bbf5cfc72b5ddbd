// Identities by an issuer that publishes its keys as a JWKS (RFC 7517): OpenID Connect providers,
// and proxies such as Cloudflare Access that sign themselves.
import { decodeProtectedHeader } from "jose/decode/protected_header";
import { JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from "jose/errors";
import { createLocalJWKSet } from "jose/jwks/local";
import { decodeJwt } from "jose/jwt/decode";
import { jwtVerify } from "jose/jwt/verify";
import type { Clock } from "../report/clock.ts";
import { parseJson } from "../report/parse-json.ts";
import {
  checkTokenForm,
  type IdentityVerifier,
  refuseToken,
  type SignatureAlgorithm,
  showValue,
  toRefusal,
} from "./signed-token.ts";
import { fetchKeyDocument, findKeyAddressFault, keepCopy, keysUnavailable } from "./signing-keys.ts";
import { TOKEN_CLOCK_TOLERANCE_S } from "./token-bounds.ts";

/** Of one issuer so many keys are looked through. */
const MAX_ISSUER_KEYS = 100;

export interface JwksIdentityOptions {
  readonly kind: "jwks";
  /** As tokens have it in `iss`, to the letter. */
  readonly issuer: string;
  /** One of them must be among a token's `aud`. */
  readonly audiences: readonly string[];
  /** In small letters. */
  readonly header: string;
  /** Where its keys are; undefined: where the issuer's own description says. */
  readonly keysAddress?: string | undefined;
  readonly algorithms: readonly SignatureAlgorithm[];
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** Makes a verifier. Nothing is fetched yet. */
export function createJwksVerifier(
  options: JwksIdentityOptions,
  { clock, fetch }: { readonly clock: Clock; readonly fetch: typeof globalThis.fetch },
): IdentityVerifier {
  const { issuer, audiences, algorithms, header } = options;
  const keys = keepCopy(() => fetchKeys(options, fetch), clock);

  /** A key that the copy lacks may have been made since. */
  async function findKey(...asked: Parameters<KeySet>): Promise<Awaited<ReturnType<KeySet>>> {
    const known = await keys.get();
    try {
      return await choose(known, asked);
    } catch (error) {
      if (!(error instanceof JWKSNoMatchingKey)) throw error;
      const renewed = await keys.renew(known);
      if (!renewed) throw error;
      return await choose(renewed, asked);
    }
  }

  /** A key that cannot be used is the issuer's fault, and not the token's. */
  async function choose(known: KeySet, asked: Parameters<KeySet>): Promise<Awaited<ReturnType<KeySet>>> {
    try {
      return await known(...asked);
    } catch (error) {
      if (error instanceof JWKSNoMatchingKey || error instanceof JWKSMultipleMatchingKeys) throw error;
      throw keysUnavailable(`the key of ${issuer} that the token names cannot be used here`);
    }
  }

  return {
    header,
    issuer,
    prepare: async () => void (await keys.get()),
    async verify(token) {
      checkTokenForm(token);
      try {
        // Told before the issuer is asked for anything, as the token's sender may be anybody.
        const { alg } = decodeProtectedHeader(token);
        if (!algorithms.some((one) => one === alg))
          throw refuseToken(
            `the token's algorithm (alg) is ${showValue(alg)}, and ${algorithms.join(", ")} are taken`,
          );
        const said = decodeJwt(token).iss;
        if (said !== issuer)
          throw refuseToken(
            `the token says that it is of ${showValue(said)}, and this server takes another's`,
          );
        const { payload } = await jwtVerify(token, findKey, {
          algorithms: [...algorithms],
          issuer,
          audience: [...audiences],
          requiredClaims: ["exp"],
          clockTolerance: TOKEN_CLOCK_TOLERANCE_S,
          currentDate: new Date(clock()),
        });
        return { claims: payload, endsAt: (payload.exp ?? 0) * 1000 };
      } catch (error) {
        throw toRefusal(error, issuer);
      }
    },
  };
}

/** @throws AccessError issuer_unavailable */
async function fetchKeys(
  { issuer, keysAddress }: JwksIdentityOptions,
  fetch: typeof globalThis.fetch,
): Promise<KeySet> {
  const whose = `the keys of ${issuer}`;
  const address = keysAddress ?? (await discover(issuer, fetch));
  const document = await fetchJson(address, { fetch, whose });
  const { keys } = document as { keys?: unknown };
  if (!Array.isArray(keys) || keys.length > MAX_ISSUER_KEYS)
    throw keysUnavailable(
      `${whose} cannot be had: ${address} has no list of at most ${MAX_ISSUER_KEYS} keys (JWKS)`,
    );
  try {
    return createLocalJWKSet({ keys });
  } catch {
    throw keysUnavailable(`${whose} cannot be had: ${address} has no keys in the form of a JWKS`);
  }
}

/**
 * Asks the issuer where its keys are (OpenID Connect Discovery 1.0, sections 4.1 and 4.3).
 *
 * @throws AccessError issuer_unavailable
 */
async function discover(issuer: string, fetch: typeof globalThis.fetch): Promise<string> {
  const url = `${issuer.replace(/\/+$/, "")}/.well-known/openid-configuration`;
  const whose = `the description of ${issuer}`;
  const { issuer: named, jwks_uri } = await fetchJson(url, { fetch, whose });
  if (named !== issuer)
    throw keysUnavailable(
      `${url} describes the issuer ${showValue(named)}; the issuer must be written just as that`,
    );
  const fault = typeof jwks_uri === "string" ? findKeyAddressFault(jwks_uri) : "is not there";
  if (typeof jwks_uri !== "string" || fault !== undefined)
    throw keysUnavailable(`the jwks_uri in ${url} ${fault}`);
  return jwks_uri;
}

async function fetchJson(
  url: string,
  way: { readonly fetch: typeof globalThis.fetch; readonly whose: string },
): Promise<Readonly<Record<string, unknown>>> {
  const text = await fetchKeyDocument(url, way);
  if (typeof text !== "string")
    throw keysUnavailable(`${way.whose} cannot be had: ${url} answered ${text.status}`);
  const document = parseJson(text);
  if (typeof document !== "object" || document === null)
    throw keysUnavailable(`${way.whose} cannot be had: ${url} answered what is no JSON object`);
  return document as Readonly<Record<string, unknown>>;
}
