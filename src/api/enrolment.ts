// Enrolment: each host gets a key of its own, which can write its own id only, from the one machine that enrolled.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import type { Clock } from "../report/clock.ts";
import { isHostId } from "../report/key.ts";
import { PreconditionFailed, type Store } from "../store/store.ts";

const PREFIX = "keys/v1/hosts/";
const MAX_OBJECT_BYTES = 16 * 1024;

/** Boots that are remembered: a machine never returns to an earlier one, so who does is another machine. */
const MAX_BOOTS = 20;

const FINGERPRINT = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits");

/** What a machine is known by. */
export const machineSchema = z.strictObject({
  machine: FINGERPRINT.describe("SHA-256 of what stays the same on a machine; the agent makes it."),
  boot: FINGERPRINT.describe("SHA-256 of what stays the same until the machine boots again."),
});
export type Machine = z.infer<typeof machineSchema>;

const enrolmentSchema = z.object({
  id: z.string().refine(isHostId),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  machine: FINGERPRINT,
  /** Newest last. */
  boots: z.array(FINGERPRINT).min(1).max(MAX_BOOTS),
  enrolled_at: z.iso.datetime(),
  /** Whether EC2 vouched for the id. */
  is_proven: z.boolean(),
});

/** An enrolled host, and the etag of the object that says so. */
export type Enrolment = z.infer<typeof enrolmentSchema> & { readonly etag: string };

const SECRET = /^rh_([A-Za-z0-9][A-Za-z0-9._-]{0,127})_([A-Za-z0-9_-]{43})$/;

/** Why a machine is refused, in a sentence. */
export interface Refused {
  readonly refusal: string;
}

/**
 * Enrols a host. The machine that is enrolled already gets a new key, and the one before ends. Another machine is refused, unless EC2
 * vouches for it and did not for the first.
 *
 * @returns the secret, `rh_HOST_…`, shown this once
 */
export async function enrolHost(
  store: Store,
  { id, isProven, ...machine }: Machine & { readonly id: string; readonly isProven: boolean },
  { clock }: { clock: Clock },
): Promise<{ readonly secret: string } | Refused> {
  const known = await readEnrolment(store, id);
  if (known && !(isProven && !known.is_proven)) {
    const fault = findFault(known, machine);
    if (fault !== undefined) return { refusal: fault };
  }
  const secret = `rh_${id}_${randomBytes(32).toString("base64url")}`;
  const enrolment: z.infer<typeof enrolmentSchema> = {
    id,
    sha256: hash(secret),
    machine: machine.machine,
    boots: addBoot(known?.machine === machine.machine ? known.boots : [], machine.boot),
    enrolled_at: new Date(clock()).toISOString(),
    is_proven: isProven || (known?.is_proven ?? false),
  };
  try {
    await store.put(toKey(id), encode(enrolment), known ? { ifMatch: known.etag } : { ifNoneMatch: "*" });
  } catch (error) {
    // Two that enrol at once: the second tries again, and is judged by the first.
    if (error instanceof PreconditionFailed) return { refusal: "another machine enrolled under this id at the same moment" };
    throw error;
  }
  return { secret };
}

/** The enrolment that a host's secret opens; undefined in all other cases. */
export async function verifyHostSecret(store: Store, secret: string): Promise<Enrolment | undefined> {
  const id = SECRET.exec(secret)?.[1];
  if (id === undefined || !isHostId(id)) return undefined;
  const enrolment = await readEnrolment(store, id);
  const expected = Buffer.from(enrolment?.sha256 ?? "0".repeat(64));
  return timingSafeEqual(Buffer.from(hash(secret)), expected) ? enrolment : undefined;
}

/** Tells a host's secret from an API key, by its form. */
export function isHostSecret(secret: string): boolean {
  return SECRET.test(secret);
}

/**
 * Checks that the machine that uses a host's key is the one that enrolled, and remembers its boot.
 *
 * @returns why it is refused; undefined if it is not
 */
export async function checkMachine(store: Store, enrolment: Enrolment, machine: Machine): Promise<Refused | undefined> {
  const fault = findFault(enrolment, machine);
  if (fault !== undefined) return { refusal: fault };
  if (enrolment.boots.at(-1) === machine.boot) return undefined;
  const { etag, ...known } = enrolment;
  try {
    await store.put(toKey(enrolment.id), encode({ ...known, boots: addBoot(known.boots, machine.boot) }), { ifMatch: etag });
  } catch (error) {
    if (error instanceof PreconditionFailed) return { refusal: "another machine with this id reported at the same moment" };
    throw error;
  }
  return undefined;
}

/** Ends an enrolment. @returns false if there is none */
export async function revokeEnrolment(store: Store, id: string): Promise<boolean> {
  if (!isHostId(id) || !(await readEnrolment(store, id))) return false;
  await store.delete(toKey(id));
  return true;
}

function findFault({ machine, boots }: Enrolment, given: Machine): string | undefined {
  if (machine !== given.machine) return "another machine is enrolled under this id";
  if (boots.slice(0, -1).includes(given.boot)) return "a copy of this machine has reported since under the same id";
  return undefined;
}

function addBoot(boots: readonly string[], boot: string): string[] {
  return boots.at(-1) === boot ? [...boots] : [...boots.slice(1 - MAX_BOOTS), boot];
}

async function readEnrolment(store: Store, id: string): Promise<Enrolment | undefined> {
  const object = await store.get(toKey(id), { maxBytes: MAX_OBJECT_BYTES });
  const parsed = object && enrolmentSchema.safeParse(parseJson(object.body)).data;
  return parsed && parsed.id === id ? { ...parsed, etag: object.etag } : undefined;
}

function toKey(id: string): string {
  return `${PREFIX}${id}.json`;
}

function encode(enrolment: z.infer<typeof enrolmentSchema>): Buffer {
  return Buffer.from(JSON.stringify(enrolment));
}

/** A secret has 256 random bits: there is nothing to guess. */
function hash(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
