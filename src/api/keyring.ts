// The keyring: checks keys against the store's hashes, held in memory for a few seconds.
import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../report/clock.ts";
import type { Store } from "../store/store.ts";
import { isHostSecret, verifyHostSecret } from "./enrolment.ts";
import { hashSecret, ID_END, ID_START, type KeyObject, readKeyId, readKeyObject, readKeyObjects, SECRET_LENGTH } from "./keys.ts";

/** How long a key that was revoked elsewhere may still open. */
export const KEYRING_AGE_MS = 5000;

/**
 * How many unknown ids a second are looked up in the store: a key made a moment ago works at once, and a flood of guesses costs the store
 * no more than this.
 */
const MAX_LOOKUPS_A_SECOND = 20;

export interface Keyring {
  /** @returns the key that the secret opens, or undefined: missing, malformed, unknown, revoked and wrong are one answer */
  verify(secret: string | undefined): Promise<KeyObject | undefined>;
  /** The key, if verify gave it for this secret since the keys were last read; undefined in all other cases. Fast. */
  check(secret: string | undefined): KeyObject | undefined;
  /** Forgets what is held: keys were changed by this process. */
  invalidate(): void;
}

/** Makes a keyring over a store. */
export function createKeyring({ store, clock }: { store: Store; clock: Clock }): Keyring {
  let keys = new Map<string, KeyObject>();
  let loadedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;
  /** Secrets by id that have opened since the load: to hash one takes longer than all else that a repeated answer needs. */
  let lastVerified = new Map<string, Buffer>();

  /** Room for the secret that is checked now. */
  const asked = Buffer.alloc(SECRET_LENGTH);

  let second = 0;
  let lookups = 0;

  /** Looks up a key that was made since the last load. */
  async function lookUp(id: string): Promise<void> {
    const now = Math.floor(clock() / 1000);
    if (now !== second) lookups = 0;
    second = now;
    if (++lookups > MAX_LOOKUPS_A_SECOND) return;
    const object = await readKeyObject(store, id);
    if (object) keys.set(id, object);
  }

  async function load(): Promise<void> {
    const startedAt = clock();
    const objects = await readKeyObjects(store);
    keys = new Map(objects.map((object) => [object.id, object]));
    lastVerified = new Map();
    loadedAt = startedAt;
  }

  function isRecent(): boolean {
    const age = clock() - loadedAt;
    return age >= 0 && age <= KEYRING_AGE_MS;
  }

  async function refresh(): Promise<void> {
    if (isRecent()) return;
    loading ??= load().finally(() => {
      loading = undefined;
    });
    await loading;
  }

  /** In constant time. Both are of a secret's length; headers are Latin 1, so each character is a byte. */
  function isSame(secret: string, verified: Buffer): boolean {
    asked.write(secret, 0, "latin1");
    return timingSafeEqual(asked, verified);
  }

  function compare(secret: string, id: string): KeyObject | undefined {
    const key = keys.get(id);
    // An unknown id is compared too, so that the time taken tells nothing of which ids exist.
    const expected = Buffer.from(key?.sha256 ?? "0".repeat(64));
    if (!timingSafeEqual(Buffer.from(hashSecret(secret)), expected)) return undefined;
    if (key) lastVerified.set(id, Buffer.from(secret, "latin1"));
    return key;
  }

  /** A host's own key is read each time: it is used once an hour, and there may be a hundred thousand. */
  async function verifyHost(secret: string): Promise<KeyObject | undefined> {
    const enrolment = await verifyHostSecret(store, secret);
    if (!enrolment) return undefined;
    const { id: host, enrolled_at, sha256 } = enrolment;
    return { id: `of ${host}`, name: host, scopes: ["ingest"], host, created_at: enrolled_at, sha256, enrolment };
  }

  return {
    check(secret) {
      if (secret?.length !== SECRET_LENGTH || !isRecent()) return undefined;
      const id = secret.slice(ID_START, ID_END);
      const last = lastVerified.get(id);
      return last && isSame(secret, last) ? keys.get(id) : undefined;
    },

    async verify(secret) {
      const id = secret === undefined ? undefined : readKeyId(secret);
      if (secret !== undefined && isHostSecret(secret)) return verifyHost(secret);
      if (secret === undefined || id === undefined) return undefined;
      await refresh();
      if (!keys.has(id)) await lookUp(id);
      return compare(secret, id);
    },
    invalidate() {
      loadedAt = Number.NEGATIVE_INFINITY;
    },
  };
}
