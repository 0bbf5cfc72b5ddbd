// What whoever is signed in may do: reading, or what a claim of the token says. Pure.
import type { Scope } from "./scopes.ts";
import type { Claims } from "./signed-token.ts";

/** What an identity may get. Hosts have keys: no token says which host it is. */
const IDENTITY_SCOPES = ["read", "admin"] as const satisfies readonly Scope[];

/** A claim with this value, or with it among its values, gives a scope. */
export interface ScopeGrant {
  readonly claim: string;
  readonly value: string;
  readonly scope: (typeof IDENTITY_SCOPES)[number];
}

/** How grants are written, for people. */
export const SCOPE_GRANTS_FORM =
  "write CLAIM=VALUE:read or CLAIM=VALUE:admin, such as groups=sre:admin; several split by commas";

/** Where nothing is said, whoever is signed in reads. */
const USUAL_SCOPES: readonly Scope[] = ["read"];

/** Claims whose text is a list split by spaces (RFC 8693, section 4.2; Entra's `scp`). */
const SPACED: ReadonlySet<string> = new Set(["scope", "scp"]);

/**
 * Reads grants. The last colon and the first `=` divide, since claims and values may have more:
 * `https://example.com/roles=admin:admin`.
 *
 * @param items each one grant
 * @returns undefined where one is none
 */
export function parseScopeGrants(items: readonly string[]): ScopeGrant[] | undefined {
  const grants: ScopeGrant[] = [];
  for (const item of items) {
    const [, claim = "", value = "", named] = /^([^=]+)=(.+):([^:]+)$/.exec(item) ?? [];
    const scope = IDENTITY_SCOPES.find((one) => one === named);
    if (scope === undefined) return undefined;
    grants.push({ claim, value, scope });
  }
  return grants;
}

/**
 * What a token's claims give.
 *
 * @param grants undefined: whoever is signed in reads. With grants nobody gets what none of them
 *   gives
 */
export function grantScopes(claims: Claims, grants: readonly ScopeGrant[] | undefined): readonly Scope[] {
  if (grants === undefined) return USUAL_SCOPES;
  const given = grants.filter(({ claim, value }) => listValues(claims, claim).includes(value));
  return IDENTITY_SCOPES.filter((scope) => given.some((grant) => grant.scope === scope));
}

/**
 * The values of a claim as texts. One that lies deeper is named with dots, such as Keycloak's
 * `realm_access.roles`, where no claim has the whole name.
 */
function listValues(claims: Claims, name: string): readonly string[] {
  const found = Object.hasOwn(claims, name) ? claims[name] : descend(claims, name.split("."));
  if (Array.isArray(found)) return found.filter((one) => typeof one === "string");
  if (typeof found !== "string") return typeof found === "boolean" ? [String(found)] : [];
  return SPACED.has(name) ? found.split(" ") : [found];
}

function descend(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return descend((value as Claims)[name], rest);
}
