// What a publisher keeps in the store between runs, and the lease that lets one run at a time
// change it.
import { randomUUID } from "node:crypto";
import type { Clock } from "../report/clock.ts";
import { locatePublisherState, PUBLISHERS_CLOCK_KEY } from "../store/layout.ts";
import { PreconditionFailed, type Store } from "../store/store.ts";

const MAX_STATE_BYTES = 4 * 1024 * 1024;

/** How long a run that says nothing keeps others away; ms. Each save renews it. */
export const LEASE_MS = 5 * 60_000;

/**
 * How old a renewal may be before another is due; ms. Far below LEASE_MS, so that who was told it
 * holds the lease does hold it.
 */
const RENEW_MS = 60_000;

/** Another run holds the lease, or has taken it over. */
export class LeaseTaken extends Error {
  override name = "LeaseTaken";
}

/** A publisher's own data, JSON that it alone understands. */
export interface KeptState {
  readonly value: unknown;
  /** Saves, before what follows is done. @throws LeaseTaken if another run has taken over since */
  save(value: unknown): Promise<void>;
  /**
   * Keeps others away for as long again; to be called before whatever changes the other side, and
   * in long waits. @throws LeaseTaken likewise
   */
  renew(): Promise<void>;
}

export interface Lease extends KeptState {
  /** Lets others run. What was saved stays. */
  release(): Promise<void>;
}

/**
 * Leases of others, by their etags, since when they were seen to stand unchanged: by no clock that
 * anyone sets.
 */
const watched = new WeakMap<Store, Map<string, { readonly etag: string; readonly since: number }>>();

interface StateDocument {
  readonly schema: 1;
  readonly holder: string;
  /** ms since the epoch; 0 for released. */
  readonly held_until: number;
  readonly value: unknown;
}

/** What time it is by the store's own clock; ms since the epoch. */
async function askStoreTime(store: Store): Promise<number> {
  if (store.now) return await store.now();
  const { lastModified } = await store.put(PUBLISHERS_CLOCK_KEY, Buffer.from("{}"));
  await store.delete(PUBLISHERS_CLOCK_KEY);
  return lastModified;
}

/**
 * Whether a lease that another holds is over: by our clock and the store's, since ours alone may be
 * days ahead; or because it was seen to stand unchanged for as long as it lasts, since the holder's
 * may have been.
 */
async function isOver(
  store: Store,
  { key, etag, heldUntil }: { readonly key: string; readonly etag: string; readonly heldUntil: number },
  clock: Clock,
  monotonic: () => number,
): Promise<boolean> {
  const seen = watched.get(store) ?? new Map<string, { etag: string; since: number }>();
  watched.set(store, seen);
  const known = seen.get(key);
  if (known?.etag === etag && monotonic() - known.since > LEASE_MS) return true;
  if (known?.etag !== etag) seen.set(key, { etag, since: monotonic() });
  return heldUntil <= clock() && heldUntil <= (await askStoreTime(store));
}

/**
 * Takes the lease on a publisher's state.
 *
 * @param monotonic what no one sets, from any start; ms
 * @throws LeaseTaken while another run holds it; StoreError if the store fails
 */
export async function takeLease(
  store: Store,
  name: string,
  clock: Clock,
  holder: string = randomUUID(),
  monotonic: () => number = () => performance.now(),
): Promise<Lease> {
  const key = locatePublisherState(name);
  const found = await store.get(key, { maxBytes: MAX_STATE_BYTES });
  const before = found && parseState(found.body);
  if (found && before && before.held_until > 0 && before.holder !== holder) {
    const lease = { key, etag: found.etag, heldUntil: before.held_until };
    if (!(await isOver(store, lease, clock, monotonic)))
      throw new LeaseTaken(
        `another run of ${name} goes on until ${new Date(before.held_until).toISOString()} at the latest`,
      );
  }
  let etag = found?.etag;
  let value = before?.value;
  let renewedAt = 0;

  async function put(next: unknown, heldUntil: number): Promise<void> {
    const document: StateDocument = { schema: 1, holder, held_until: heldUntil, value: next };
    try {
      const condition = etag === undefined ? { ifNoneMatch: "*" as const } : { ifMatch: etag };
      etag = (await store.put(key, Buffer.from(JSON.stringify(document)), condition)).etag;
      value = next;
      renewedAt = clock();
    } catch (error) {
      if (error instanceof PreconditionFailed) throw new LeaseTaken(`another run of ${name} has taken over`);
      throw error;
    }
  }

  await put(value, clock() + LEASE_MS);
  return {
    get value() {
      return value;
    },
    save: (next) => put(next, clock() + LEASE_MS),
    async renew() {
      if (Math.abs(clock() - renewedAt) >= RENEW_MS) await put(value, clock() + LEASE_MS);
    },
    release: () => put(value, 0),
  };
}

/**
 * What a publisher keeps, for those who only look: nothing is saved, and nobody is kept away.
 *
 * @throws StoreError
 */
export async function readState(store: Store, name: string): Promise<KeptState> {
  const found = await store.get(locatePublisherState(name), { maxBytes: MAX_STATE_BYTES });
  return {
    value: found && parseState(found.body)?.value,
    save: async () => undefined,
    renew: async () => undefined,
  };
}

/**
 * A state that cannot be read is none: publishers find their pages again by what these say of
 * themselves.
 */
function parseState(body: Buffer): StateDocument | undefined {
  try {
    const document = JSON.parse(body.toString("utf8")) as StateDocument;
    return document.schema === 1 && typeof document.held_until === "number" ? document : undefined;
  } catch {
    return undefined;
  }
}
