// The keyring: checks keys against the store's hashes, held in memory for a few seconds.
import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../report/clock.ts";
import type { Store } from "../store/store.ts";
import { hashSecret, type KeyObject, readKeyId, readKeyObject, readKeyObjects } from "./keys.ts";

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
  /** Forgets what is held: keys were changed by this process. */
  invalidate(): void;
}

/** Makes a keyring over a store. */
export function createKeyring({ store, clock }: { store: Store; clock: Clock }): Keyring {
  let keys = new Map<string, KeyObject>();
  let loadedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;

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
    loadedAt = startedAt;
  }

  async function refresh(): Promise<void> {
    const age = clock() - loadedAt;
    if (age >= 0 && age <= KEYRING_AGE_MS) return;
    loading ??= load().finally(() => {
      loading = undefined;
    });
    await loading;
  }

  return {
    async verify(secret) {
      const id = secret === undefined ? undefined : readKeyId(secret);
      if (secret === undefined || id === undefined) return undefined;
      await refresh();
      if (!keys.has(id)) await lookUp(id);
      const key = keys.get(id);
      // An unknown id is compared too, so that the time taken tells nothing of which ids exist.
      const expected = Buffer.from(key?.sha256 ?? "0".repeat(64), "hex");
      return timingSafeEqual(hashSecret(secret), expected) ? key : undefined;
    },
    invalidate() {
      loadedAt = Number.NEGATIVE_INFINITY;
    },
  };
}
