// Leases: of all processes that use a store one holds a lease at a time, whatever their clocks say.
// A lease is one object, and what its holder keeps lies in it.
import { randomUUID } from "node:crypto";
import type { Clock } from "../report/clock.ts";
import { parseJson } from "../report/parse-json.ts";
import { PreconditionFailed, type Store } from "./store.ts";

/** Largest lease with what is kept in it; bytes. */
const MAX_LEASE_BYTES = 4 * 1024 * 1024;

/** How long a holder that says nothing keeps others away; ms. Each save renews it. */
export const LEASE_MS = 5 * 60_000;

/**
 * How old a renewal may be before another is due; ms. Far below LEASE_MS, so that who was told it
 * holds the lease does hold it.
 */
const RENEW_MS = 60_000;

/** Another process holds the lease, or has taken it over. */
export class LeaseTaken extends Error {
  override name = "LeaseTaken";
}

export interface Lease {
  /** What the last holder that saved something kept; JSON that the holders alone understand. */
  readonly value: unknown;
  /** Keeps a value, and renews. @throws LeaseTaken if another has taken over since; StoreError */
  save(value: unknown): Promise<void>;
  /**
   * Keeps others away for as long again; to be called before each act that only the holder may do,
   * and in long waits. It costs a request a minute at most. @throws as save
   */
  renew(): Promise<void>;
  /** Lets others have it at once. What was saved stays. @throws as save */
  release(): Promise<void>;
}

export interface LeaseOptions {
  readonly store: Store;
  /** The object that is the lease. */
  readonly key: string;
  /** What the holder does, for messages: `run of wiki`. */
  readonly task: string;
  /**
   * An object that may be put and deleted, by which a store is asked what time it is that has no
   * other way (Store.now).
   */
  readonly clockKey: string;
  /** The holder's clock, which only says when to renew. */
  readonly clock: Clock;
  /** What no one sets, from any start; ms. */
  readonly monotonic?: () => number;
  /** Tells this holder from all others: who has the same takes its own lease again. */
  readonly holder?: string;
}

/** A lease as it lies in the store. */
interface LeaseDocument {
  readonly schema: 1;
  readonly holder: string;
  /** By the store's clock, ms since the epoch; 0 says that it was released. */
  readonly held_until: number;
  readonly value: unknown;
}

/**
 * Leases of others, by their etags, since when they were seen to stand unchanged: by no clock that
 * anyone sets.
 */
const watched = new WeakMap<Store, Map<string, { readonly etag: string; readonly since: number }>>();

/**
 * Takes a lease. Who put it last holds it for LEASE_MS by the store's own clock, which is asked
 * each time: neither the holder's nor that of one who waits counts, nor an object's lastModified,
 * which in a folder is stamped by whoever puts it. Where the store's clock was set back since, a
 * dead holder's lease would last for as long, so one that was seen to stand unchanged for LEASE_MS
 * is over too. Of two that take it over at once the store lets one (if-match).
 *
 * @throws LeaseTaken while another holds it; StoreError if the store fails
 */
export async function takeLease(options: LeaseOptions): Promise<Lease> {
  const { store, key, task, clock } = options;
  const { holder = randomUUID(), monotonic = () => performance.now() } = options;
  const found = await store.get(key, { maxBytes: MAX_LEASE_BYTES });
  const before = found && parseLease(found.body);
  if (found && before && before.held_until > 0 && before.holder !== holder) {
    const isStanding = hasStood(options, found.etag, monotonic());
    if (!isStanding && before.held_until > (await askStoreTime(options))) {
      const end = new Date(before.held_until).toISOString();
      throw new LeaseTaken(`another ${task} goes on until ${end} at the latest`);
    }
  }
  let etag = found?.etag;
  let value = before?.value;
  let renewed = { clock: 0, monotonic: 0 };

  async function put(next: unknown, isHeld: boolean): Promise<void> {
    // As of before the requests: the store may take long to answer.
    const asked = { clock: clock(), monotonic: monotonic() };
    const heldUntil = isHeld ? (await askStoreTime(options)) + LEASE_MS : 0;
    const document: LeaseDocument = { schema: 1, holder, held_until: heldUntil, value: next };
    try {
      const condition = etag === undefined ? { ifNoneMatch: "*" as const } : { ifMatch: etag };
      etag = (await store.put(key, Buffer.from(JSON.stringify(document)), condition)).etag;
      value = next;
      renewed = asked;
    } catch (error) {
      if (error instanceof PreconditionFailed) throw new LeaseTaken(`another ${task} has taken over`);
      throw error;
    }
  }

  /** The steady clock may stand still while a machine sleeps; the other one may be set. */
  function isDue(): boolean {
    return monotonic() - renewed.monotonic >= RENEW_MS || Math.abs(clock() - renewed.clock) >= RENEW_MS;
  }

  await put(value, true);
  return {
    get value() {
      return value;
    },
    save: (next) => put(next, true),
    async renew() {
      if (isDue()) await put(value, true);
    },
    release: () => put(value, false),
  };
}

/**
 * What lies in a lease, for those who only look; undefined if there is nothing. @throws StoreError
 */
export async function readLeaseValue(store: Store, key: string): Promise<unknown> {
  const found = await store.get(key, { maxBytes: MAX_LEASE_BYTES });
  return found && parseLease(found.body)?.value;
}

/** Whether a lease of another was seen to stand unchanged for as long as one lasts. */
function hasStood({ store, key }: Pick<LeaseOptions, "store" | "key">, etag: string, now: number): boolean {
  const seen = watched.get(store) ?? new Map<string, { etag: string; since: number }>();
  watched.set(store, seen);
  const known = seen.get(key);
  if (known?.etag === etag) return now - known.since > LEASE_MS;
  seen.set(key, { etag, since: now });
  return false;
}

/** What time it is by the store's own clock; ms since the epoch. */
async function askStoreTime({ store, clockKey }: Pick<LeaseOptions, "store" | "clockKey">): Promise<number> {
  if (store.now) return await store.now();
  const { lastModified } = await store.put(clockKey, Buffer.from("{}"));
  await store.delete(clockKey);
  return lastModified;
}

/** What cannot be read is no lease, and nothing is kept in it. */
function parseLease(body: Buffer): LeaseDocument | undefined {
  const document = parseJson(body) as Partial<LeaseDocument> | null | undefined;
  return document?.schema === 1 && typeof document.held_until === "number"
    ? (document as LeaseDocument)
    : undefined;
}
