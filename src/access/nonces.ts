// Nonces: what a host signs along with its proof, so that the proof is of now and for the servers
// of one store. Nothing is kept of one: it tells its end itself.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import type { Clock } from "../report/clock.ts";
import { parseJson } from "../report/parse-json.ts";
import { NONCE_SECRET_KEY } from "../store/layout.ts";
import { PreconditionFailed, type Store } from "../store/store.ts";

/** How long a nonce counts; ms. A host asks for one, signs and enrols at once. */
const NONCE_LIFE_MS = 60_000;

const MAX_NONCE_KEY_BYTES = 1024;

/**
 * Eight bytes of the end, ms since the epoch; sixteen of chance; and what tells that it is ours.
 */
const END_BYTES = 8;
const CHANCE_BYTES = 16;
const MAC_BYTES = 32;
const LENGTH = Math.ceil(((END_BYTES + CHANCE_BYTES + MAC_BYTES) * 4) / 3);

export const NONCE = new RegExp(`^[A-Za-z0-9_-]{${LENGTH}}$`);

const objectSchema = z.object({ key: z.string().regex(/^[A-Za-z0-9_-]{43}$/) });

export interface Nonce {
  readonly value: string;
  /** ms since the epoch. */
  readonly endsAt: number;
}

export interface Nonces {
  /** @throws whatever the store throws */
  issue(): Promise<Nonce>;
  /**
   * @returns the nonce, or in a sentence why it counts no more, or never did
   * @throws whatever the store throws
   */
  check(value: string): Promise<Nonce | { readonly fault: string }>;
}

/**
 * Makes nonces over a store, which keeps the key that tells them. Whoever may read it could make
 * nonces; a nonce opens nothing by itself.
 */
export function createNonces({ store, clock }: { readonly store: Store; readonly clock: Clock }): Nonces {
  let reading: Promise<Buffer> | undefined;

  function readKeyOnce(): Promise<Buffer> {
    reading ??= readKey(store).catch((error: unknown) => {
      reading = undefined;
      throw error;
    });
    return reading;
  }

  return {
    async issue() {
      const endsAt = clock() + NONCE_LIFE_MS;
      const end = Buffer.alloc(END_BYTES);
      end.writeBigUInt64BE(BigInt(endsAt));
      const body = Buffer.concat([end, randomBytes(CHANCE_BYTES)]);
      return {
        value: Buffer.concat([body, authenticate(await readKeyOnce(), body)]).toString("base64url"),
        endsAt,
      };
    },

    async check(value) {
      const bytes = NONCE.test(value)
        ? Buffer.from(value, "base64url")
        : Buffer.alloc(END_BYTES + CHANCE_BYTES + MAC_BYTES);
      const body = bytes.subarray(0, END_BYTES + CHANCE_BYTES);
      // The last character has bits to spare: a nonce has one form, so that it is known again.
      const isOurs = timingSafeEqual(authenticate(await readKeyOnce(), body), bytes.subarray(body.length));
      if (!isOurs || bytes.toString("base64url") !== value)
        return { fault: "the nonce is not of this server; ask it for one" };
      const endsAt = Number(body.readBigUInt64BE());
      const now = clock();
      // One that ends later than any that is made now was made before the clock was set back.
      if (now >= endsAt || endsAt - now > NONCE_LIFE_MS)
        return { fault: `the nonce has ended; one counts for ${NONCE_LIFE_MS / 1000} s: ask for another` };
      return { value, endsAt };
    },
  };
}

async function readKey(store: Store): Promise<Buffer> {
  const found = await readSigningKey(store);
  if (found) return found;
  const signingKey = randomBytes(32);
  try {
    await store.put(
      NONCE_SECRET_KEY,
      Buffer.from(JSON.stringify({ key: signingKey.toString("base64url") })),
      {
        ifNoneMatch: "*",
      },
    );
    return signingKey;
  } catch (error) {
    if (!(error instanceof PreconditionFailed)) throw error;
    // Another server was quicker.
    const theirs = await readSigningKey(store);
    if (theirs) return theirs;
    const complaint = `${NONCE_SECRET_KEY} in the store is not of its form; delete it, and a new one is made`;
    throw new Error(complaint, { cause: error });
  }
}

async function readSigningKey(store: Store): Promise<Buffer | undefined> {
  const object = await store.get(NONCE_SECRET_KEY, { maxBytes: MAX_NONCE_KEY_BYTES });
  const parsed = object && objectSchema.safeParse(parseJson(object.body)).data;
  return parsed && Buffer.from(parsed.key, "base64url");
}

function authenticate(signingKey: Buffer, body: Uint8Array): Buffer {
  return createHmac("sha256", signingKey).update("rollcall nonce\n").update(body).digest();
}
