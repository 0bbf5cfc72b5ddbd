// Who asks, and who may use a route: a key in a header, or an identity that somebody signed, and
// its scopes.
import type { Context } from "hono";
import { type Caller, toCaller } from "../access/caller.ts";
import { HOST_SCOPES, type Scope } from "../access/scopes.ts";
import { isKeyLike } from "../report/api-key.ts";
import { awaitStore } from "./deadline.ts";
import { refuseDenied } from "./denied-host.ts";
import { isFromOwnOrigin } from "./own-origin.ts";
import { ApiError } from "./problem-details.ts";
import type { Services } from "./route.ts";
import { unauthorized } from "./unauthorized.ts";

type Asked = Pick<Services, "keyring" | "identities" | "store" | "deadlineMs" | "log">;

/** What changes nothing, whoever has the browser send it. */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/**
 * Checks who sent a request. Keys travel in headers only: `x-api-key`, or `Authorization: Bearer`.
 * Where identities count, a token that a proxy put into the request does too. The browser of
 * somebody who is signed in sends what the proxy makes it of with every request, whichever page
 * asked for it; so with one alone nothing is written, but by the page of this very server.
 *
 * @param scope what is needed; `any` is whoever is known
 * @throws ApiError unauthorized, the same for a missing, malformed, unknown, revoked or wrong key,
 *   and for one that has expired it says so to who holds it; forbidden for a good key without the
 *   scope, or of a host that is shut out; store_unavailable where the store, which alone knows of
 *   this key, cannot be asked
 * @throws AccessError token_refused, issuer_unavailable
 */
export async function authorize(context: Context, services: Asked, scope: Scope | "any"): Promise<Caller> {
  const caller = await findCaller(context, services);
  if (!caller) throw unauthorized(describeWays(services));
  if (scope !== "any" && !allows(caller, scope))
    throw new ApiError("forbidden", `${describeRights(caller)}; this needs ${scope}`);
  const { method } = context.req;
  if (caller.kind === "identity" && !SAFE_METHODS.has(method) && !isFromOwnOrigin(context.req))
    throw new ApiError(
      "forbidden",
      `whoever is signed in writes from this server's own page alone; for a ${method} from elsewhere ` +
        "send a key in the header x-api-key",
    );
  if (caller.host !== undefined) await refuseDenied(services, caller.host);
  return caller;
}

/** A key that was sent counts alone, also where it opens nothing. */
async function findCaller(context: Context, services: Asked): Promise<Caller | undefined> {
  const { keyring, identities } = services;
  const secret = readSecret(context.req.header());
  const isBearerKey = secret !== undefined && isKeyLike(secret);
  const isKey = context.req.header("x-api-key") !== undefined || isBearerKey;
  if (identities && !isKey) return await identities.identify((name) => context.req.header(name));
  const key = await awaitStore(keyring.verify(secret), services);
  return key && toCaller(key, keyring.kind);
}

function describeWays({ identities }: Asked): string {
  const key = "send a key that rollcall keys create printed, in the header x-api-key";
  return identities ? `${key}, or a token, in the header ${identities.headers.join(" or ")}` : key;
}

/** Whether a caller may do what a scope stands for. */
export function allows({ scopes, host }: Pick<Caller, "scopes" | "host">, scope: Scope): boolean {
  return (
    (scopes.includes(scope) || scopes.includes("admin")) &&
    (host === undefined || HOST_SCOPES.includes(scope))
  );
}

function describeRights({ kind, id, name, scopes, host }: Caller): string {
  const own = scopes.length === 0 ? "no scope" : `the scope ${scopes.join(", ")}`;
  if (kind === "identity") return `${name} is signed in, with ${own}`;
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
