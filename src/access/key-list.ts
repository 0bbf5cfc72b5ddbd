// The list of keys, for operators: API keys, enrolled hosts, and hosts that are shut out.
import { type Store, Unreadable } from "../store/store.ts";
import { listDenials } from "./denials.ts";
import { listEnrolledHosts } from "./enrolment-object.ts";
import { listKeyObjects, readListedKeys } from "./key-reading.ts";
import { listKeyUses } from "./key-uses.ts";
import type { ApiKey } from "./keys.ts";

/**
 * Told of a key whose object cannot be read, such as one that another user of the machine has made.
 */
export type OnUnreadable = (id: string, error: Unreadable) => void;

/** An API key and when it was used, as far as that was noted. */
export type ListedKey = ApiKey & { readonly last_used_at?: string };

/** A host that has a key of its own, or is shut out. */
export interface ListedHost {
  readonly id: string;
  /** Whether it has a key of its own. */
  readonly enrolled: boolean;
  readonly last_used_at?: string;
  readonly denied_at?: string;
}

export interface KeyList {
  readonly keys: readonly ListedKey[];
  readonly hosts: readonly ListedHost[];
}

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

/**
 * All keys, and by listings alone all hosts: a hundred thousand are read in a second. @throws as
 * listKeys
 */
export async function listKeysAndHosts(store: Store, onUnreadable: OnUnreadable): Promise<KeyList> {
  const [keys, enrolled, denied, uses] = await Promise.all([
    listKeys(store, onUnreadable),
    listEnrolledHosts(store),
    listDenials(store),
    listKeyUses(store),
  ]);
  const enrolledIds = new Set(enrolled);
  const ids = [...new Set([...enrolled, ...denied.keys()])].sort(compare);
  const used = (name: string) => toTime("last_used_at", uses.get(name));
  return {
    keys: keys.map((key) => ({ ...key, ...used(key.id) })),
    hosts: ids.map((id) => ({
      id,
      enrolled: enrolledIds.has(id),
      ...used(`hosts/${id}`),
      ...toTime("denied_at", denied.get(id)),
    })),
  };
}

function toTime<Name extends string>(name: Name, at: number | undefined): { [Key in Name]?: string } {
  return at === undefined ? {} : ({ [name]: new Date(at).toISOString() } as { [Key in Name]: string });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
