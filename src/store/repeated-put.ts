// One try of a put that may be repeated: a repetition finds its own first try, and lies over
// nothing that was put since it began.
import {
  type Entry,
  PreconditionFailed,
  type PutOptions,
  type PutOutcome,
  type Store,
  StoreError,
  Unavailable,
} from "./store.ts";

/** What lies under a key. */
export interface ExistingObject {
  readonly entry: Entry;
  /** Of the put that wrote it. */
  readonly mark: string | undefined;
  /**
   * What time it is at the store, ms since the epoch, in whole seconds at worst; undefined if it
   * does not say.
   */
  readonly now: number | undefined;
  /** Whether it is these bytes, as far as the store tells. */
  holds(body: Uint8Array): boolean;
}

/** What a driver must have so that its puts can be repeated. */
export interface RepeatableStore extends Store {
  /** @param options `mark` is stored with the object, for look */
  put(key: string, body: Uint8Array, options?: PutOptions & { readonly mark?: string }): Promise<PutOutcome>;
  readExisting(key: string): Promise<ExistingObject | undefined>;
}

export interface OrderedPut {
  readonly key: string;
  readonly body: Uint8Array;
  readonly signal: AbortSignal | undefined;
  /** That no other put has. */
  readonly mark: string;
  /** By this machine's clock; ms since the epoch. */
  readonly beganAt: number;
}

/**
 * A store tells times in whole seconds at worst: what is that much younger is younger for certain;
 * ms.
 */
const RESOLUTION_MS = 1000;

/**
 * Puts without a condition of the caller's. The first try is as cheap as can be. Before each
 * further one a look tells what lies there: this put's own first try, something that was put since
 * this one began, which stays, or what was there before, over which alone it is written (If-Match).
 * So a put that waits for its store to come back takes no newer one's place, whoever put that. What
 * is not known is a try that the network itself holds back until after a newer put: only the first
 * can do that harm, since the others are conditional.
 *
 * @param attempt from 1
 * @param isOvertaken whether this process has placed a put of the key that began later
 * @param now by this machine's clock; ms since the epoch
 */
export async function putOnce(
  store: RepeatableStore,
  put: OrderedPut,
  attempt: number,
  isOvertaken: boolean,
  now: number,
): Promise<PutOutcome> {
  const { key, body, signal, mark } = put;
  if (attempt === 1 && !isOvertaken) return await store.put(key, body, { signal, mark });
  const looked = await readExistingIfAllowed(store, key);
  const existing = looked?.existing;
  const isOwn = existing?.mark === mark;
  if (isOwn && existing.holds(body)) return existing.entry;
  if (isOvertaken || (existing && !isOwn && isYounger(existing, now - put.beganAt)))
    return {
      ...(existing?.entry ?? { key, etag: "", size: body.length, lastModified: now }),
      isOvertaken: true,
    };
  if (!looked) return await store.put(key, body, { signal, mark });
  const condition = existing ? { ifMatch: existing.entry.etag } : { ifNoneMatch: "*" as const };
  try {
    return await store.put(key, body, { ...condition, signal, mark });
  } catch (error) {
    if (error instanceof PreconditionFailed)
      throw new Unavailable(`[store] ${key} was written by another at the same time`, { cause: error });
    if (error instanceof Unavailable || !(error instanceof StoreError)) throw error;
    // A server that knows no conditions, or a right that does not extend to them.
    return await store.put(key, body, { signal, mark });
  }
}

/** @returns undefined for who may write but not read; then nothing is known */
export async function readExistingIfAllowed(
  store: RepeatableStore,
  key: string,
): Promise<{ readonly existing: ExistingObject | undefined } | undefined> {
  try {
    return { existing: await store.readExisting(key) };
  } catch (error) {
    if (error instanceof Unavailable || !(error instanceof StoreError)) throw error;
    return undefined;
  }
}

/** @param ranMs how long ago our put began */
function isYounger({ entry, now }: ExistingObject, ranMs: number): boolean {
  return now !== undefined && entry.lastModified >= now - ranMs + RESOLUTION_MS;
}
