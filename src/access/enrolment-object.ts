// The enrolment of a host as it lies in the store: one object a host.
import * as z from "zod";
import { isHostId } from "../report/key.ts";
import { parseJson } from "../report/parse-json.ts";
import { ENROLMENTS_PREFIX, locateEnrolment, parseName } from "../store/layout.ts";
import { PreconditionFailed, type Store } from "../store/store.ts";
import type { Proof } from "./identity.ts";
import { CUT_MACHINE, FINGERPRINT } from "./machine.ts";

const MAX_ENROLMENT_OBJECT_BYTES = 16 * 1024;

/**
 * Boots that are remembered: a machine never returns to an earlier one, so who does is another
 * machine.
 */
export const MAX_BOOTS = 20;

/**
 * Keys that one host may have at a time: agents with other state folders, and `rollcall doctor`,
 * enrol for themselves. The oldest ends first.
 */
export const MAX_SECRETS = 4;

const enrolmentSchema = z.object({
  id: z.string().refine(isHostId),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of keys that were made before and open as well, newest first. */
  earlier: z
    .array(z.string().regex(/^[0-9a-f]{64}$/))
    .max(MAX_SECRETS)
    .default([]),
  machine: FINGERPRINT,
  /** Newest last. */
  boots: z.array(FINGERPRINT).min(1).max(MAX_BOOTS),
  /**
   * Of the newest boot, where its agent said so: the hash of the host's name, and when the kernel
   * started, in seconds.
   */
  name: FINGERPRINT.optional(),
  started_at: z.int().optional(),
  enrolled_at: z.iso.datetime(),
  /**
   * Set where an earlier boot came back: which one it was, and when one last did, ms since the
   * epoch.
   */
  contest: z.object({ boot: FINGERPRINT, at: z.int() }).optional(),
  /** Set by an operator: the machine that alone may enrol next, as reports name it. */
  only_machine: CUT_MACHINE.optional(),
  /** Whether EC2 vouched for the id; and how, where it is not by a document. */
  is_proven: z.boolean(),
  proof: z.enum(["document", "caller"]).optional(),
  /** Ends of nonces, ms since the epoch, by what is theirs alone: each proves once. */
  nonces: z.record(z.string().max(100), z.int()).optional(),
});

/** An enrolled host, and the etag of the object that says so. */
export type EnrolmentObject = z.infer<typeof enrolmentSchema>;
export type Enrolment = EnrolmentObject & { readonly etag: string };

/** What proved the host's id when it enrolled; undefined: an enrolment key alone. */
export function readProof({
  is_proven: isProven,
  proof,
}: Pick<EnrolmentObject, "is_proven" | "proof">): Proof | undefined {
  return isProven ? (proof ?? "document") : undefined;
}

/** The ids of hosts that have a key of their own: by a listing, nothing is read. */
export async function listEnrolledHosts(store: Store): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of store.list(ENROLMENTS_PREFIX, { shallow: true }))
    for (const { key: objectKey } of page) {
      const id = parseName(ENROLMENTS_PREFIX, objectKey);
      if (id !== undefined && isHostId(id)) ids.push(id);
    }
  return ids;
}

/** @returns false if somebody else has written it since it was read */
export async function replaceEnrolment(
  store: Store,
  enrolment: EnrolmentObject,
  etag: string | undefined,
): Promise<boolean> {
  try {
    await store.put(
      locateEnrolment(enrolment.id),
      encode(enrolment),
      etag === undefined ? { ifNoneMatch: "*" } : { ifMatch: etag },
    );
    return true;
  } catch (error) {
    if (error instanceof PreconditionFailed) return false;
    throw error;
  }
}

export async function readEnrolment(store: Store, id: string): Promise<Enrolment | undefined> {
  const object = await store.get(locateEnrolment(id), { maxBytes: MAX_ENROLMENT_OBJECT_BYTES });
  const parsed = object && enrolmentSchema.safeParse(parseJson(object.body)).data;
  return parsed && parsed.id === id ? { ...parsed, etag: object.etag } : undefined;
}

function encode(enrolment: EnrolmentObject): Buffer {
  return Buffer.from(JSON.stringify(enrolment));
}
