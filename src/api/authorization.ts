// Who may use a route: the key in the header and its scopes.
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
  const key = await keyring.verify(readSecret(context.req.header()));
  if (!key) {
    throw new ApiError("unauthorized", "send a key that rollcall keys create printed, in the header x-api-key", {
      // RFC 9110, section 11.6.1: a 401 names a scheme.
      headers: { "www-authenticate": 'Bearer realm="rollcall"' },
    });
  }
  if (!allows(key, scope)) {
    throw new ApiError("forbidden", `the key ${key.id} has the scope ${key.scopes.join(", ")}; this needs ${scope}`);
  }
  return key;
}

/** Whether the key may do what a scope stands for. */
export function allows({ scopes }: KeyObject, scope: Scope): boolean {
  return scopes.includes(scope) || scopes.includes("admin");
}

/** Finds the secret in a request. @param headers by their names in small letters */
export function readSecret(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const given = headers["x-api-key"];
  if (typeof given === "string") return given;
  const { authorization = "" } = headers;
  return typeof authorization === "string" ? /^Bearer +(\S+)$/i.exec(authorization)?.[1] : undefined;
}
