// Who may use a route: the key in the header, its scopes, and the one host that it may be bound to.
import type { Context } from "hono";
import type { Keyring } from "./keyring.ts";
import type { KeyObject } from "./keys.ts";
import { ApiError } from "./problem-details.ts";
import type { Scope } from "./scopes.ts";

/**
 * Checks the key of a request. Keys travel in headers only: `x-api-key`, or `Authorization: Bearer`.
 *
 * @throws ApiError unauthorized, the same for a missing, malformed, unknown, revoked or wrong key; forbidden for a good key without the scope
 */
export async function authorize(context: Context, keyring: Keyring, scope: Scope): Promise<KeyObject> {
  const key = await keyring.verify(readSecret(context));
  if (!key) {
    throw new ApiError("unauthorized", "send a key that rollcall keys create printed, in the header x-api-key", {
      // RFC 9110, section 11.6.1: a 401 names a scheme.
      headers: { "www-authenticate": 'Bearer realm="rollcall"' },
    });
  }
  if (!key.scopes.includes(scope) && !key.scopes.includes("admin")) {
    throw new ApiError("forbidden", `the key ${key.id} has the scope ${key.scopes.join(", ")}; this needs ${scope}`);
  }
  return key;
}

/** Refuses a key that is bound to another host. */
export function authorizeHost(key: KeyObject | undefined, id: string): void {
  if (key?.host !== undefined && key.host !== id) {
    throw new ApiError("forbidden", `the key ${key.id} may write the reports of ${key.host} only`);
  }
}

function readSecret(context: Context): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(context.req.header("authorization") ?? "");
  return context.req.header("x-api-key") ?? bearer?.[1];
}
