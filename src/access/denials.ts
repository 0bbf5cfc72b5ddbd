// Denials: hosts that are shut out for good, whatever key comes with their reports or asks for an
// enrolment.

import { awaitStore } from "../api/deadline.ts";
import { ApiError } from "../api/problem-details.ts";
import type { Services } from "../api/route.ts";
import { isHostId } from "../report/key.ts";
import { PreconditionFailed, type Store } from "../store/store.ts";
import { KEYS_PREFIX } from "./keys.ts";

const PREFIX = `${KEYS_PREFIX}denied/`;
const MAX_OBJECT_BYTES = 4096;

/**
 * Shuts a host out, at once for all servers of the store.
 *
 * @returns false if it was already
 * @throws TypeError if it is no host id
 */
export async function denyHost(
  store: Store,
  host: string,
  { clock }: Pick<Services, "clock">,
): Promise<boolean> {
  if (!isHostId(host)) throw new TypeError("no host id");
  const denial = { host, denied_at: new Date(clock()).toISOString() };
  try {
    await store.put(toKey(host), Buffer.from(JSON.stringify(denial)), { ifNoneMatch: "*" });
    return true;
  } catch (error) {
    if (error instanceof PreconditionFailed) return false;
    throw error;
  }
}

/** Undoes it: what keys the host had open again. @returns false if it was not denied */
export async function allowHost(store: Store, host: string): Promise<boolean> {
  if (!isHostId(host) || !(await isDenied(store, host))) return false;
  await store.delete(toKey(host));
  return true;
}

/**
 * Hosts that are shut out, and since when, ms since the epoch. A listing alone: nothing is read.
 */
export async function listDenials(store: Store): Promise<ReadonlyMap<string, number>> {
  const denied = new Map<string, number>();
  for await (const page of store.list(PREFIX, { shallow: true }))
    for (const { key, lastModified } of page)
      denied.set(key.slice(PREFIX.length, -".json".length), lastModified);
  return denied;
}

/**
 * Refuses a host that is shut out. It costs one GET, which of what is not there is the cheapest
 * that a store has, and holds at once on all servers.
 *
 * @param code for who is refused with no key
 * @throws ApiError forbidden, or the code that is given; store_unavailable where the store cannot
 *   be asked
 */
export async function refuseDenied(
  { store, deadlineMs, log }: Pick<Services, "store" | "deadlineMs" | "log">,
  host: string,
  code: "forbidden" | "enrolment_refused" = "forbidden",
) {
  if (!(await awaitStore(isDenied(store, host), { deadlineMs, log }))) return;
  log.warn({ id: host }, "a host that is denied was refused");
  throw new ApiError(
    code,
    `the host ${host} is shut out; an operator lets it in again with: rollcall keys allow ${host}`,
  );
}

/** Whatever lies there says so: damage must let nobody in. */
async function isDenied(store: Store, host: string): Promise<boolean> {
  return (await store.get(toKey(host), { maxBytes: MAX_OBJECT_BYTES })) !== undefined;
}

function toKey(host: string): string {
  return `${PREFIX}${host}.json`;
}
