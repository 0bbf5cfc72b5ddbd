// The secret of a host's own key: its form, its hash, and the enrolment that it opens.
import { createHash, timingSafeEqual } from "node:crypto";
import { HOST_KEY_FORM, readKeyMiddle } from "../report/api-key.ts";
import { isHostId } from "../report/key.ts";
import type { Store } from "../store/store.ts";
import { type Enrolment, readEnrolment } from "./enrolment-object.ts";

const SECRET = new RegExp(`^${HOST_KEY_FORM}$`);

/** The enrolment that a host's secret opens; undefined in all other cases. */
export async function verifyHostSecret(store: Store, secret: string): Promise<Enrolment | undefined> {
  const id = readHostOfSecret(secret);
  if (id === undefined) return undefined;
  const enrolment = await readEnrolment(store, id);
  const given = Buffer.from(hashHostSecret(secret));
  const opens = [enrolment?.sha256 ?? "0".repeat(64), ...(enrolment?.earlier ?? [])];
  return opens.some((expected) => timingSafeEqual(given, Buffer.from(expected))) ? enrolment : undefined;
}

/**
 * The host inside a host's secret; undefined if the text has not the form of one, as an API key has
 * not.
 */
export function readHostOfSecret(secret: string): string | undefined {
  const id = SECRET.test(secret) ? readKeyMiddle(secret) : "";
  return isHostId(id) ? id : undefined;
}

/** A secret has 256 random bits: there is nothing to guess. */
export function hashHostSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
