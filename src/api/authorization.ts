// Who may use a route: the key in the header and its scopes.
import type { Context } from "hono";
import type { StoredApiKey } from "../access/keys.ts";
import { HOST_SCOPES, type Scope } from "../access/scopes.ts";
import { awaitStore } from "./deadline.ts";
import { refuseDenied } from "./denied-host.ts";
import { ApiError } from "./problem-details.ts";
import type { Services } from "./route.ts";
import { unauthorized } from "./unauthorized.ts";

type Asked = Pick<Services, "keyring" | "store" | "deadlineMs" | "log">;

/**
 * Checks the key of a request. Keys travel in headers only: `x-api-key`, or
 * `Authorization: Bearer`.
 *
 * @throws ApiError unauthorized, the same for a missing, malformed, unknown, revoked or wrong key,
 *   and for one that has expired it says so to who holds it; forbidden for a good key without the
 *   scope, or of a host that is shut out; store_unavailable where the store, which alone knows of
 *   this key, cannot be asked
 */
export async function authorize(context: Context, services: Asked, scope: Scope): Promise<StoredApiKey> {
  const key = await awaitStore(services.keyring.verify(readSecret(context.req.header())), services);
  if (!key) throw unauthorized("send a key that rollcall keys create printed, in the header x-api-key");
  if (!allows(key, scope)) throw new ApiError("forbidden", `${describeRights(key)}; this needs ${scope}`);
  if (key.host !== undefined) await refuseDenied(services, key.host);
  return key;
}

/** Whether the key may do what a scope stands for. */
export function allows({ scopes, host }: StoredApiKey, scope: Scope): boolean {
  return (
    (scopes.includes(scope) || scopes.includes("admin")) &&
    (host === undefined || HOST_SCOPES.includes(scope))
  );
}

function describeRights({ id, scopes, host }: StoredApiKey): string {
  const bound = host === undefined ? "" : ` for the host ${host}, and may neither read nor administer`;
  return `the key ${id} has the scope ${scopes.join(", ")}${bound}`;
}

/** Finds the secret in a request. @param headers by their names in small letters */
export function readSecret(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): string | undefined {
  const given = headers["x-api-key"];
  if (typeof given === "string") return given;
  const { authorization = "" } = headers;
  return typeof authorization === "string" ? /^Bearer +(\S+)$/i.exec(authorization)?.[1] : undefined;
}
