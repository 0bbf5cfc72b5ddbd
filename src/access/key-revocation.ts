// Revoking keys: of people and programs, and of enrolled hosts.
import { locateApiKey } from "../store/layout.ts";
import type { Store } from "../store/store.ts";
import { revokeEnrolment } from "./enrolment.ts";
import { forgetUse } from "./key-uses.ts";
import { apiKeySchema, MAX_KEY_OBJECT_BYTES } from "./keys.ts";

/**
 * Ends a key, which servers notice within KEYRING_AGE_MS, or a host's own key, at once.
 *
 * @param id the key's, or the host's
 * @param machine of a host: the machine that alone may enrol next, as reports name it
 * @returns false if there is no such key
 */
export async function revokeKey(store: Store, id: string, machine?: string): Promise<boolean> {
  const isKeyId = machine === undefined && apiKeySchema.shape.id.safeParse(id).success;
  const object = isKeyId ? await store.get(locateApiKey(id), { maxBytes: MAX_KEY_OBJECT_BYTES }) : undefined;
  const isRevoked = object
    ? await store.delete(locateApiKey(id)).then(() => true)
    : await revokeEnrolment(store, id, machine);
  if (isRevoked) await forgetUse(store, object ? id : `hosts/${id}`);
  return isRevoked;
}
