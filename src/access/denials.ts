// Denials: hosts that are shut out for good, whatever key comes with their reports or asks for an
// enrolment.
import type { Clock } from "../report/clock.ts";
import { isHostId } from "../report/key.ts";
import { DENIALS_PREFIX, locateDenial, parseName } from "../store/layout.ts";
import { PreconditionFailed, type Store } from "../store/store.ts";

const MAX_DENIAL_BYTES = 4096;

/**
 * Shuts a host out, at once for all servers of the store.
 *
 * @returns false if it was already
 * @throws TypeError if it is no host id
 */
export async function denyHost(
  store: Store,
  host: string,
  { clock }: { readonly clock: Clock },
): Promise<boolean> {
  if (!isHostId(host)) throw new TypeError("no host id");
  const denial = { host, denied_at: new Date(clock()).toISOString() };
  try {
    await store.put(locateDenial(host), Buffer.from(JSON.stringify(denial)), { ifNoneMatch: "*" });
    return true;
  } catch (error) {
    if (error instanceof PreconditionFailed) return false;
    throw error;
  }
}

/** Undoes it: what keys the host had open again. @returns false if it was not denied */
export async function allowHost(store: Store, host: string): Promise<boolean> {
  if (!isHostId(host) || !(await isDenied(store, host))) return false;
  await store.delete(locateDenial(host));
  return true;
}

/**
 * Hosts that are shut out, and since when, ms since the epoch. A listing alone: nothing is read.
 */
export async function listDenials(store: Store): Promise<ReadonlyMap<string, number>> {
  const denied = new Map<string, number>();
  for await (const page of store.list(DENIALS_PREFIX, { shallow: true }))
    for (const { key: objectKey, lastModified } of page) {
      const host = parseName(DENIALS_PREFIX, objectKey);
      if (host !== undefined) denied.set(host, lastModified);
    }
  return denied;
}

/**
 * Whether a host is shut out. Whatever lies there says so: damage must let nobody in. It costs one
 * GET, which of what is not there is the cheapest that a store has, and holds at once on all
 * servers.
 */
export async function isDenied(store: Store, host: string): Promise<boolean> {
  return (await store.get(locateDenial(host), { maxBytes: MAX_DENIAL_BYTES })) !== undefined;
}
