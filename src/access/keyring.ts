// The keyring: checks keys against the store's hashes, held in memory for a few seconds.
import { hash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../report/clock.ts";
import { locateApiKey } from "../store/layout.ts";
import { type Store, Unavailable, Unreadable } from "../store/store.ts";
import { AccessError } from "./access-error.ts";
import type { CallerKind } from "./caller.ts";
import { listEnrolledHosts } from "./enrolment-object.ts";
import { createHostLookups } from "./host-lookups.ts";
import { readHostOfSecret, verifyHostSecret } from "./host-secret.ts";
import {
  KEYS_GOOD_MS,
  type KeyringEntries,
  listKeyObjects,
  MAX_HELD_API_KEYS,
  readListedKeys,
} from "./key-reading.ts";
import {
  hashSecret,
  ID_END,
  ID_START,
  readKeyId,
  readStoredApiKey,
  SECRET_LENGTH,
  type StoredApiKey,
} from "./keys.ts";

/** How long a key that was revoked elsewhere may still open. */
export const KEYRING_AGE_MS = 5000;

/**
 * How long a request waits for the keys to be read again where those of before are at hand, and how
 * long after a failure it is not tried anew.
 */
const MAX_LOADING_WAIT_MS = 2000;
const RETRY_MS = 1000;

/**
 * How many unknown ids a second are looked up in the store: a key made a moment ago works at once,
 * and a flood of guesses costs the store no more than this.
 */
const MAX_LOOKUPS_A_SECOND = 20;

/** And how often all are read, while more are asked for than that; ms. */
const LOAD_AGAIN_MS = 1000;

/** Of so many hosts it is told that their enrolments cannot be read. */
const MAX_TOLD_HOSTS = 1000;

export interface Keyring {
  /** How whoever it opens for has shown who it is; by a key where it does not say. */
  readonly kind?: CallerKind;
  /**
   * @returns the key that the secret opens, or undefined: missing, malformed, unknown, revoked,
   *   unreadable and wrong are one answer
   * @throws AccessError key_expired where the secret is right and the key has expired; whatever the
   *   store throws, where it cannot be asked and what is held does not tell
   */
  verify(secret: string | undefined): Promise<StoredApiKey | undefined>;
  /**
   * The key, if verify gave it for this secret since the keys were last read; undefined in all
   * other cases. Fast.
   */
  check(secret: string | undefined): StoredApiKey | undefined;
  /**
   * Keys were changed by this process: they are read again before the next is opened. @param
   * revoked opens no more from now on
   */
  invalidate(revoked?: string): void;
}

export interface KeyringOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Told once of each key that cannot be read, and is passed over. */
  readonly onNotice?: (notice: string, error?: unknown) => void;
  /** Told of each key that verify gives. */
  readonly onUse?: (key: StoredApiKey) => void;
}

/** What a keyring knows, and what it is doing. Times are ms since the epoch. */
interface KeyringState {
  /** As they were last read, by id. */
  held: KeyringEntries;
  /** Keys that were made since the load, and looked up. */
  fresh: Map<string, StoredApiKey>;
  /** Goes up with each change by this process: what was read before is not what there is. */
  changes: number;
  /** How often all have been read; and of the last time: after which change, when it began. */
  loads: number;
  loadedChanges: number;
  loadedAt: number;
  /** Whether there were more keys than are held. */
  wasCut: boolean;
  /** The load that goes on, and since when. */
  loading: Promise<void> | undefined;
  loadingSince: number;
  /** Why the last load failed, and when. */
  failure: unknown;
  failedAt: number;
  /** Unknown ids that were looked up in a second of the clock. */
  lookups: { second: number; count: number };
}

/** Makes a keyring over a store. */
export function createKeyring({
  store,
  clock,
  onNotice = () => undefined,
  onUse = () => undefined,
}: KeyringOptions): Keyring {
  const state: KeyringState = {
    held: new Map(),
    fresh: new Map(),
    changes: 0,
    loads: 0,
    loadedChanges: 0,
    loadedAt: Number.NEGATIVE_INFINITY,
    wasCut: false,
    loading: undefined,
    loadingSince: 0,
    failure: undefined,
    failedAt: Number.NEGATIVE_INFINITY,
    lookups: { second: 0, count: 0 },
  };
  /**
   * Secrets by id that have opened, of keys that are still the same: to hash one takes longer than
   * all else that a repeated answer needs.
   */
  const lastVerified = new Map<string, Buffer>();

  const hostLookups = createHostLookups({ clock, list: () => listEnrolledHosts(store) });
  /** Hosts whose enrolment cannot be read, and that was told of. */
  const toldHosts = new Set<string>();

  /** Room for the secret that is checked now. */
  const asked = Buffer.alloc(SECRET_LENGTH);

  function find(id: string): StoredApiKey | undefined {
    return state.fresh.get(id) ?? state.held.get(id)?.object;
  }

  /**
   * Looks up a key that was made since the last load; with very many such, reads them all anew, and
   * so finds those that are good among guesses.
   */
  async function lookUp(id: string): Promise<void> {
    const now = Math.floor(clock() / 1000);
    if (now !== state.lookups.second) state.lookups = { second: now, count: 0 };
    if (++state.lookups.count > MAX_LOOKUPS_A_SECOND) {
      if (isWithin(state.loadingSince, LOAD_AGAIN_MS)) return;
      state.loading ??= beginLoad();
      await within(state.loading, MAX_LOADING_WAIT_MS);
      return;
    }
    const known = [state.changes, state.loads];
    const found = await passOverUnreadable(readStoredApiKey(store, locateApiKey(id)));
    // What was revoked, or read, meanwhile wins over this look, which may be older.
    if (found?.object && known[0] === state.changes && known[1] === state.loads)
      state.fresh.set(id, found.object);
  }

  /** Lets go of keys at once: also where what follows in a load fails, or takes its time. */
  function keep(isKept: (id: string) => boolean): void {
    state.held = new Map([...state.held].filter(([id]) => isKept(id)));
    for (const id of [...state.fresh.keys()].filter((one) => !isKept(one))) state.fresh.delete(id);
    for (const id of [...lastVerified.keys()].filter((one) => !isKept(one))) lastVerified.delete(id);
  }

  async function load(): Promise<void> {
    for (let isWhole = false; !isWhole; ) {
      const startedAt = clock();
      const known = state.changes;
      const listing = await listKeyObjects(store);
      // More than are held may be looked up one by one.
      if (!listing.isCut) keep((id) => listing.etags.has(id));
      const read = await readListedKeys(store, listing, state.held, startedAt);
      // A revocation meanwhile wins over what was read.
      isWhole = known === state.changes;
      if (!isWhole) continue;
      tellOfFaults(read, listing.isCut);
      keep((id) => read.get(id)?.object?.sha256 === find(id)?.sha256);
      state.held = read;
      state.fresh = new Map();
      state.loads++;
      state.loadedAt = startedAt;
      state.loadedChanges = known;
    }
  }

  function tellOfFaults(read: KeyringEntries, isCut: boolean): void {
    for (const [id, { error }] of read)
      if (error instanceof Unreadable && !(state.held.get(id)?.error instanceof Unreadable))
        onNotice(`the key ${id} cannot be read, and opens nothing`, error);
    if (isCut && !state.wasCut)
      onNotice(
        `there are more than ${MAX_HELD_API_KEYS} keys: those that are not held are read at ` +
          "each use; revoke what nobody uses",
      );
    state.wasCut = isCut;
  }

  function isWithin(since: number, ms: number): boolean {
    const age = clock() - since;
    return age >= 0 && age <= ms;
  }

  function isCurrent(): boolean {
    return state.loadedChanges === state.changes && isWithin(state.loadedAt, KEYRING_AGE_MS);
  }

  function beginLoad(): Promise<void> {
    state.loadingSince = clock();
    const begun = load();
    begun.then(
      () => {
        state.failedAt = Number.NEGATIVE_INFINITY;
      },
      (error: unknown) => {
        state.failure = error;
        state.failedAt = clock();
      },
    );
    return begun.finally(() => {
      state.loading = undefined;
    });
  }

  /**
   * Reads the keys again if it is time.
   *
   * @returns whether what is held is what the store has; if not, what is held is good for some
   *   minutes more
   * @throws whatever the store throws, where nothing that is held is good any more
   */
  async function refresh(): Promise<boolean> {
    if (isCurrent()) return true;
    const isGood = isWithin(state.loadedAt, KEYS_GOOD_MS);
    if (isGood && isWithin(state.failedAt, RETRY_MS)) return false;
    state.loading ??= beginLoad();
    if (!isGood) {
      await state.loading;
      return true;
    }
    const waitMs = Math.min(MAX_LOADING_WAIT_MS, MAX_LOADING_WAIT_MS - (clock() - state.loadingSince));
    try {
      return await within(state.loading, waitMs);
    } catch {
      // Kept in `failure`.
      return false;
    }
  }

  /**
   * In constant time. Both are of a secret's length; headers are Latin 1, so each character is a
   * byte.
   */
  function isSame(secret: string, verified: Buffer): boolean {
    asked.write(secret, 0, "latin1");
    return timingSafeEqual(asked, verified);
  }

  function compare(secret: string, id: string): StoredApiKey | undefined {
    const key = find(id);
    // An unknown id is compared too, so that the time taken tells nothing of which ids exist.
    const expected = Buffer.from(key?.sha256 ?? "0".repeat(64));
    if (!timingSafeEqual(Buffer.from(hashSecret(secret)), expected)) return undefined;
    if (key) lastVerified.set(id, Buffer.from(secret, "latin1"));
    return key;
  }

  /**
   * A host's own key is read each time: it is used once an hour, and there may be a hundred
   * thousand.
   */
  async function verifyHost(host: string, secret: string): Promise<StoredApiKey | undefined> {
    const tell = (error: Unreadable) => {
      if (toldHosts.has(host) || toldHosts.size >= MAX_TOLD_HOSTS) return;
      toldHosts.add(host);
      onNotice(`the enrolment of ${host} cannot be read, and its key opens nothing`, error);
    };
    const read = () => passOverUnreadable(verifyHostSecret(store, secret), tell);
    const enrolment = await hostLookups.run(host, hash("sha256", secret, "base64url"), read);
    if (!enrolment) return undefined;
    const { enrolled_at, sha256 } = enrolment;
    return {
      id: `of ${host}`,
      name: host,
      scopes: ["ingest"],
      host,
      created_at: enrolled_at,
      sha256,
      enrolment,
    };
  }

  async function open(secret: string | undefined): Promise<StoredApiKey | undefined> {
    if (secret === undefined) return undefined;
    const host = readHostOfSecret(secret);
    if (host !== undefined) return verifyHost(host, secret);
    const id = readKeyId(secret);
    if (id === undefined) return undefined;
    const isRefreshed = await refresh();
    if (!find(id)) {
      // It may be good: only the store knows.
      if (!isRefreshed) throw state.failure ?? new Unavailable("[keys] the store does not answer");
      await lookUp(id);
    }
    return compare(secret, id);
  }

  function isExpired({ expires_at }: StoredApiKey): boolean {
    return expires_at !== undefined && clock() >= Date.parse(expires_at);
  }

  return {
    check(secret) {
      if (secret?.length !== SECRET_LENGTH || !isCurrent()) return undefined;
      const id = secret.slice(ID_START, ID_END);
      const last = lastVerified.get(id);
      const key = last && isSame(secret, last) ? find(id) : undefined;
      return key && !isExpired(key) ? key : undefined;
    },

    async verify(secret) {
      const key = await open(secret);
      if (!key) return undefined;
      // Only who holds the secret comes here.
      if (isExpired(key))
        throw new AccessError(
          "key_expired",
          `the key ${key.id} expired at ${key.expires_at}; ask for another one`,
        );
      onUse(key);
      return key;
    },
    invalidate(revoked) {
      state.changes++;
      if (revoked === undefined) return;
      keep((id) => id !== revoked);
    },
  };
}

/**
 * Takes what cannot be read for what is not there. Nothing can be compared with it, so whoever
 * guesses its id and whoever has its secret look the same, and an answer of its own would tell the
 * first that there is such a key. The operator hears of it in the log and from `keys list`.
 */
async function passOverUnreadable<T>(
  reading: Promise<T | undefined>,
  tell: (error: Unreadable) => void = () => undefined,
): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    tell(error);
    return undefined;
  }
}

/**
 * Whether the work is done within some time; it goes on if it is not. @throws what the work throws
 */
async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, ms));
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
