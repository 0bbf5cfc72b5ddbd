// API keys: made, listed and revoked as objects in the store. Only the hash of a key is kept.
import { hash, randomBytes } from "node:crypto";
import * as z from "zod";
import { API_KEY_FORM, readKeyMiddle } from "../report/api-key.ts";
import type { Clock } from "../report/clock.ts";
import { isHostId } from "../report/key.ts";
import { parseJson } from "../report/parse-json.ts";
import { locateApiKey } from "../store/layout.ts";
import type { Store } from "../store/store.ts";
import type { Enrolment } from "./enrolment-object.ts";
import { HOST_SCOPES, SCOPES } from "./scopes.ts";

export const MAX_KEY_OBJECT_BYTES = 4096;

/** How far away the end of a key may lie: who wants longer leaves it out. */
const MAX_EXPIRY_MS = 10 * 366 * 24 * 60 * 60_000;

const requestSchema = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused; names are printed on terminals.
    .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, "must hold no control characters")
    .describe(
      "What the key is for, shown in lists. Two keys may have one name, as while one " +
        "takes the other's place.",
    ),
  scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length).describe("What the key may do."),
  host: z
    .string()
    .refine(isHostId, "must be a host id")
    .optional()
    .describe(
      "With the scopes ingest and enrol alone: the one host whose reports the key " +
        "may write, or that may enrol with it.",
    ),
  expires_at: z.iso
    .datetime({ offset: true })
    .optional()
    .describe("When the key ends; without it, when it is revoked."),
});
export type KeyRequest = z.infer<typeof requestSchema>;

/** Of the request as a document; keyRequestSchema says what else must hold. */
export const KEY_REQUEST_JSON_SCHEMA = z.toJSONSchema(requestSchema, { io: "input", unrepresentable: "any" });

/** What may be chosen of a key. @param now ms since the epoch */
export function keyRequestSchema(now: number) {
  return requestSchema.superRefine(({ host, scopes, expires_at }, context) => {
    const tooMuch = scopes.filter((scope) => !HOST_SCOPES.includes(scope));
    if (host !== undefined && tooMuch.length > 0) {
      const message =
        `a key for one host may have the scopes ${HOST_SCOPES.join(" and ")} only, not ` +
        `${tooMuch.join(", ")}; make another key without a host`;
      context.addIssue({ code: "custom", path: ["host"], message });
    }
    if (expires_at === undefined) return;
    const left = Date.parse(expires_at) - now;
    if (!(left > 0)) context.addIssue({ code: "custom", path: ["expires_at"], message: "lies in the past" });
    if (left > MAX_EXPIRY_MS)
      context.addIssue({ code: "custom", path: ["expires_at"], message: "is more than 10 years away" });
  });
}

/** A key as it is listed; the secret is not in it. */
export const apiKeySchema = z.object({
  id: z.string().regex(/^[a-z2-7]{12}$/),
  ...requestSchema.shape,
  created_at: z.iso.datetime(),
});
export type ApiKey = z.infer<typeof apiKeySchema>;

const keyObjectSchema = apiKeySchema.extend({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/** A key as it lies in the store. */
export type StoredApiKey = z.infer<typeof keyObjectSchema> & {
  /** Of an enrolled host's own key: the machine that may use it. */
  readonly enrolment?: Enrolment;
};

const SECRET = new RegExp(`^${API_KEY_FORM}$`);

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
  const { name, scopes, host, expires_at } = keyRequestSchema(clock()).parse(request);
  const id = encodeBase32(randomBytes(12));
  const secret = `rc_${id}_${randomBytes(32).toString("base64url")}`;
  const key: ApiKey = {
    id,
    name,
    scopes: [...new Set(scopes)],
    ...(host ? { host } : {}),
    created_at: new Date(clock()).toISOString(),
    ...(expires_at === undefined ? {} : { expires_at: new Date(expires_at).toISOString() }),
  };
  const object: StoredApiKey = { ...key, sha256: hashSecret(secret) };
  await store.put(locateApiKey(id), Buffer.from(JSON.stringify(object)), { ifNoneMatch: "*" });
  return { key, secret };
}

/**
 * Reads one API key as it is stored.
 *
 * @returns undefined if there is none; no object where what lies there is not of the form, and
 *   opens nothing
 */
export async function readStoredApiKey(
  store: Store,
  objectKey: string,
): Promise<{ etag: string; object: StoredApiKey | undefined } | undefined> {
  const found = await store.get(objectKey, { maxBytes: MAX_KEY_OBJECT_BYTES });
  if (!found) return undefined;
  const parsed = keyObjectSchema.safeParse(parseJson(found.body)).data;
  return {
    etag: found.etag,
    object: parsed && locateApiKey(parsed.id) === objectKey ? parsed : undefined,
  };
}

/** The id inside a secret, or undefined if the text has not the form of one. */
export function readKeyId(secret: string): string | undefined {
  return secret.length === SECRET_LENGTH && SECRET.test(secret) ? readKeyMiddle(secret) : undefined;
}

/**
 * A secret has 256 random bits, so one pass of SHA-256 is enough: there is nothing to guess.
 *
 * @returns in hexadecimal digits
 */
export function hashSecret(secret: string): string {
  return hash("sha256", secret, "hex");
}

/** One letter a byte: 5 of its bits, so that an id reads well and is no path on any system. */
function encodeBase32(bytes: Buffer): string {
  return [...bytes].map((byte) => "abcdefghijklmnopqrstuvwxyz234567".charAt(byte & 31)).join("");
}
