// Who may use a route: the key in the header, its scopes, and the one host that it may be bound to.
import type { Context } from "hono";
import { awaitStore } from "./deadline.ts";
import { checkMachine, machineSchema } from "./enrolment.ts";
import type { Keyring } from "./keyring.ts";
import type { KeyObject } from "./keys.ts";
import { ApiError } from "./problem-details.ts";
import type { Services } from "./route.ts";
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

/**
 * Refuses a key that is bound to another host, or that another machine uses than the one that enrolled.
 *
 * @throws ApiError forbidden, clone
 */
export async function authorizeHost(context: Context, services: Services, key: KeyObject | undefined, id: string): Promise<void> {
  if (key?.host !== undefined && key.host !== id) {
    throw new ApiError("forbidden", `the key ${key.id} may write the reports of ${key.host} only`);
  }
  if (!key?.enrolment) return;
  const machine = machineSchema.safeParse({
    machine: context.req.header("rollcall-machine"),
    boot: context.req.header("rollcall-boot"),
  });
  if (!machine.success)
    throw new ApiError("forbidden", "this key works with the agent that enrolled: it names its machine in headers");
  const refused = await awaitStore(checkMachine(services.store, key.enrolment, machine.data), services);
  if (!refused) return;
  services.clones.note(id, refused.refusal);
  services.log.warn({ id, reason: refused.refusal }, "a clone was refused");
  throw new ApiError("clone", `${refused.refusal}; see docs/enrol.md`);
}

/** Finds the secret in a request. @param headers by their names in small letters */
export function readSecret(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const given = headers["x-api-key"];
  if (typeof given === "string") return given;
  const { authorization = "" } = headers;
  return typeof authorization === "string" ? /^Bearer +(\S+)$/i.exec(authorization)?.[1] : undefined;
}
