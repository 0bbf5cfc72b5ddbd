// Reads the key objects of a store: lists them, and gets those that are new or changed, side by
// side.
import { createTaskPool } from "../roll/task-pool.ts";
import { API_KEYS_PREFIX, locateApiKey, parseName } from "../store/layout.ts";
import { type Store, Unreadable } from "../store/store.ts";
import { MAX_KEY_OBJECT_BYTES, readStoredApiKey, type StoredApiKey } from "./keys.ts";

/**
 * How long keys that were read stay good while the store cannot be asked. Who knows of a revocation
 * meanwhile is a server that can ask it.
 */
export const KEYS_GOOD_MS = 10 * 60_000;

/** Key objects read at a time: 300 keys at 20 ms take 0.2 s and not 6. */
const READ_CONCURRENCY = 32;

/** Keys held; of more the first by id are. The others open too, each by a look at the store. */
export const MAX_HELD_API_KEYS = 10_000;

/**
 * How often an object that may not be read is tried again although it is the same: on S3 a right
 * that is given leaves no trace in it.
 */
const UNREADABLE_RETRY_MS = 60_000;

/** What is known of one key object. */
export interface KeyringEntry {
  readonly etag: string;
  /**
   * When a listing showed this etag last, or it was tried last where it cannot be read; ms since
   * the epoch.
   */
  readonly seenAt: number;
  /** Undefined if it cannot be read, or has not the form of a key: such a one opens nothing. */
  readonly object?: StoredApiKey | undefined;
  /** Why it could not be read: what it opens is not known. */
  readonly error?: unknown;
}

/** By the key's id. */
export type KeyringEntries = ReadonlyMap<string, KeyringEntry>;

export interface KeyListing {
  /** Etags by id. */
  readonly etags: ReadonlyMap<string, string>;
  /** Whether there are more than MAX_HELD_API_KEYS. */
  readonly isCut: boolean;
}

/** Lists the key objects. @throws whatever the store throws */
export async function listKeyObjects(store: Store): Promise<KeyListing> {
  const etags = new Map<string, string>();
  let isCut = false;
  for await (const page of store.list(API_KEYS_PREFIX, { shallow: true })) {
    for (const { key: objectKey, size, etag } of page) {
      const id = parseName(API_KEYS_PREFIX, objectKey);
      if (size > MAX_KEY_OBJECT_BYTES || id === undefined) continue;
      if (etags.size < MAX_HELD_API_KEYS) etags.set(id, etag);
      else isCut = true;
    }
  }
  return { etags, isCut };
}

/**
 * Reads what a listing shows and is not held yet. One that fails spoils no other: it is held with
 * its error, or, where the store could not be asked of it, as it was read before, for KEYS_GOOD_MS.
 *
 * @param now when the listing began, ms since the epoch
 */
export async function readListedKeys(
  store: Store,
  { etags }: KeyListing,
  held: KeyringEntries,
  now: number,
): Promise<KeyringEntries> {
  const read = new Map<string, KeyringEntry>();
  const changed: string[] = [];
  for (const [id, etag] of etags) {
    const known = held.get(id);
    // In the listing's order, whichever is read first.
    if (known?.etag === etag) read.set(id, known.error === undefined ? { ...known, seenAt: now } : known);
    if (known?.etag !== etag || isToBeTriedAgain(known, now)) changed.push(id);
  }
  await createTaskPool(READ_CONCURRENCY).run(changed, async (id) => {
    const etag = etags.get(id) ?? "";
    try {
      const found = await readStoredApiKey(store, locateApiKey(id));
      if (found) read.set(id, { etag: found.etag, seenAt: now, object: found.object });
      else read.delete(id);
    } catch (error) {
      const known = held.get(id);
      const isGood = known?.object && !(error instanceof Unreadable) && now - known.seenAt <= KEYS_GOOD_MS;
      read.set(id, isGood ? known : { etag, seenAt: now, error });
    }
  });
  return read;
}

/** What the store could not be asked of is asked at once; what may not be read, now and then. */
function isToBeTriedAgain({ error, seenAt }: KeyringEntry, now: number): boolean {
  return error !== undefined && (!(error instanceof Unreadable) || now - seenAt >= UNREADABLE_RETRY_MS);
}
