// The list of keys, for operators.
import { type Store, Unreadable } from "../store/store.ts";
import { listKeyObjects, readListedKeys } from "./key-reading.ts";
import type { ApiKey } from "./keys.ts";

/** Told of a key whose object cannot be read, such as one that another user of the machine has made. */
export type OnUnreadable = (id: string, error: Unreadable) => void;

/**
 * All keys, oldest first.
 *
 * @param onUnreadable told of a key that cannot be read, and is passed over
 * @throws whatever the store throws where it, and not that key alone, cannot be read
 */
export async function listKeys(store: Store, onUnreadable: OnUnreadable): Promise<ApiKey[]> {
  const read = await readListedKeys(store, await listKeyObjects(store), new Map(), 0);
  const keys: ApiKey[] = [];
  for (const [id, { object, error }] of read) {
    if (error instanceof Unreadable) onUnreadable(id, error);
    else if (error !== undefined) throw error;
    if (!object) continue;
    const { sha256: _hash, enrolment: _enrolment, ...key } = object;
    keys.push(key);
  }
  return keys.sort((a, b) => compare(a.created_at, b.created_at) || compare(a.id, b.id));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
