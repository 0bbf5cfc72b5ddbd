// Who asks, and what they may: what a key, a signed identity or the gateway in front says.
import type { Enrolment } from "./enrolment-object.ts";
import type { StoredApiKey } from "./keys.ts";
import type { Scope } from "./scopes.ts";

/**
 * `key`: an API key of the store, or of API Gateway. `identity`: a token that the company's issuer
 * or proxy signed. `signature`: whoever signed the request with credentials of AWS.
 */
export const CALLER_KINDS = ["key", "identity", "signature"] as const;
export type CallerKind = (typeof CALLER_KINDS)[number];

export interface Caller {
  readonly kind: CallerKind;
  /** The key's id, the token's subject, the ARN. Of an identity it is text from outside. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The one host that a key is for. */
  readonly host?: string | undefined;
  /** When this ends by itself; ISO 8601. */
  readonly expires_at?: string | undefined;
  /** Of an enrolled host's own key: the machine that may use it. */
  readonly enrolment?: Enrolment | undefined;
}

/** Whom a key speaks for. */
export function toCaller(key: StoredApiKey, kind: CallerKind = "key"): Caller {
  const { id, name, scopes, host, expires_at, enrolment } = key;
  return { kind, id, name, scopes, host, expires_at, enrolment };
}

/** What counts together, in lines and sums: no subject of a token is taken for a key. */
export function nameParty({ kind, id }: Pick<Caller, "kind" | "id">): string {
  return kind === "identity" ? `identity ${id}` : id;
}
