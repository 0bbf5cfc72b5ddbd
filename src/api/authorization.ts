// Who may use a route: the key in the header and its scopes.
import type { Context } from "hono";
import { awaitStore } from "./deadline.ts";
import type { KeyObject } from "./keys.ts";
import { ApiError } from "./problem-details.ts";
import type { Services } from "./route.ts";
import type { Scope } from "./scopes.ts";

type Asked = Pick<Services, "keyring" | "deadlineMs" | "log">;

/**
 * Checks the key of a request. Keys travel in headers only: `x-api-key`, or `Authorization: Bearer`.
 *
 * @throws ApiError unauthorized, the same for a missing, malformed, unknown, revoked or wrong key; forbidden for a good key without the scope;
 * store_unavailable where the store, which alone knows of this key, cannot be asked
 */
export async function authorize(context: Context, services: Asked, scope: Scope): Promise<KeyObject> {
  const key = await awaitStore(services.keyring.verify(readSecret(context.req.header())), services);
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
