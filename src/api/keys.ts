// API keys: made, listed and revoked as objects in the store. Only the hash of a key is kept.
import { hash, randomBytes } from "node:crypto";
import * as z from "zod";
import type { Clock } from "../report/clock.ts";
import { isHostId } from "../report/key.ts";
import type { Store } from "../store/store.ts";
import { type Enrolment, revokeEnrolment } from "./enrolment.ts";
import { SCOPES } from "./scopes.ts";

export const KEYS_PREFIX = "keys/v1/";
export const MAX_KEY_OBJECT_BYTES = 4096;

/** What may be chosen of a key. */
export const keyRequestSchema = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused; names are printed on terminals.
    .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, "must hold no control characters")
    .describe("What the key is for, shown in lists."),
  scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length).describe("What the key may do."),
  host: z
    .string()
    .refine(isHostId, "must be a host id")
    .optional()
    .describe("With scope ingest: the one host whose reports the key may write."),
});
export type KeyRequest = z.infer<typeof keyRequestSchema>;

/** A key as it is listed; the secret is not in it. */
export const apiKeySchema = z.object({
  id: z.string().regex(/^[a-z2-7]{12}$/),
  ...keyRequestSchema.shape,
  created_at: z.iso.datetime(),
});
export type ApiKey = z.infer<typeof apiKeySchema>;

const keyObjectSchema = apiKeySchema.extend({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/** A key as it lies in the store. */
export type KeyObject = z.infer<typeof keyObjectSchema> & {
  /** Of an enrolled host's own key: the machine that may use it. */
  readonly enrolment?: Enrolment;
};

const SECRET = /^rc_([a-z2-7]{12})_[A-Za-z0-9_-]{43}$/;

/** Characters of a secret, and where the id lies in it. */
export const SECRET_LENGTH = 59;
export const ID_START = 3;
export const ID_END = 15;

/**
 * Makes a key.
 *
 * @returns the key and its secret, `rc_ID_…`, which is shown this once and kept nowhere
 * @throws ZodError if the request is not of its form
 */
export async function createKey(
  store: Store,
  request: KeyRequest,
  { clock }: { clock: Clock },
): Promise<{ key: ApiKey; secret: string }> {
  const { name, scopes, host } = keyRequestSchema.parse(request);
  const id = encodeBase32(randomBytes(12));
  const secret = `rc_${id}_${randomBytes(32).toString("base64url")}`;
  const key: ApiKey = {
    id,
    name,
    scopes: [...new Set(scopes)],
    ...(host ? { host } : {}),
    created_at: new Date(clock()).toISOString(),
  };
  const object: KeyObject = { ...key, sha256: hashSecret(secret) };
  await store.put(formatKeyKey(id), Buffer.from(JSON.stringify(object)), { ifNoneMatch: "*" });
  return { key, secret };
}

/**
 * Ends a key, which servers notice within KEYRING_AGE_MS, or a host's own key, at once.
 *
 * @param id the key's, or the host's
 * @returns false if there is no such key
 */
export async function revokeKey(store: Store, id: string): Promise<boolean> {
  const isKeyId = apiKeySchema.shape.id.safeParse(id).success;
  const object = isKeyId ? await store.get(formatKeyKey(id), { maxBytes: MAX_KEY_OBJECT_BYTES }) : undefined;
  if (!object) return revokeEnrolment(store, id);
  await store.delete(formatKeyKey(id));
  return true;
}

/**
 * Reads one key object.
 *
 * @returns undefined if there is none; no object where what lies there is not of the form, and opens nothing
 */
export async function readObject(
  store: Store,
  key: string,
): Promise<{ etag: string; object: KeyObject | undefined } | undefined> {
  const found = await store.get(key, { maxBytes: MAX_KEY_OBJECT_BYTES });
  if (!found) return undefined;
  const parsed = keyObjectSchema.safeParse(parseJson(found.body)).data;
  return { etag: found.etag, object: parsed && formatKeyKey(parsed.id) === key ? parsed : undefined };
}

/** The id inside a secret, or undefined if the text has not the form of one. */
export function readKeyId(secret: string): string | undefined {
  return secret.length === SECRET_LENGTH ? SECRET.exec(secret)?.[1] : undefined;
}

/** A secret has 256 random bits, so one pass of SHA-256 is enough: there is nothing to guess. @returns in hexadecimal digits */
export function hashSecret(secret: string): string {
  return hash("sha256", secret, "hex");
}

export function formatKeyKey(id: string): string {
  return `${KEYS_PREFIX}${id}.json`;
}

/** One letter a byte: 5 of its bits, so that an id reads well and is no path on any system. */
function encodeBase32(bytes: Buffer): string {
  return [...bytes].map((byte) => "abcdefghijklmnopqrstuvwxyz234567".charAt(byte & 31)).join("");
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
