// Enrolment: each host gets a key of its own, which can write its own id only, from the one machine
// that enrolled.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import { HOST_KEY_FORM, readKeyMiddle } from "../report/api-key.ts";
import type { Clock } from "../report/clock.ts";
import { isHostId } from "../report/key.ts";
import { EXPIRY_MS } from "../report/limits.ts";
import { cutHash } from "../report/maker.ts";
import { parseJson } from "../report/parse-json.ts";
import { ENROLMENTS_PREFIX, locateEnrolment, parseName } from "../store/layout.ts";
import { PreconditionFailed, type Store, Unavailable } from "../store/store.ts";
import { AccessError } from "./access-error.ts";
import { type Proof, type Proven, rankProof } from "./identity.ts";

const MAX_OBJECT_BYTES = 16 * 1024;

/**
 * Boots that are remembered: a machine never returns to an earlier one, so who does is another
 * machine.
 */
const MAX_BOOTS = 20;

/**
 * Keys that one host may have at a time: agents with other state folders, and `rollcall doctor`,
 * enrol for themselves. The oldest ends first.
 */
const MAX_SECRETS = 4;

/** Two views of one boot tell its beginning by the same clock, which moves it by a second; s. */
const SAME_START_S = 5;

/**
 * Nonces that one host may use up at a time. A host that enrols more often than this in a minute
 * waits.
 */
const MAX_NONCES = 8;

/** How often a write is tried again that another request of the same host was quicker than. */
const MAX_TRIES = 5;

const FINGERPRINT = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits");

/** A machine as reports and problems name it: the first digits of its hash. */
export const CUT_MACHINE = z
  .string()
  .regex(/^[0-9a-f]{16}$/, "must be 16 hexadecimal digits, as problems name a machine");

/** What a machine is known by. */
export const machineSchema = z.strictObject({
  machine: FINGERPRINT.describe("SHA-256 of what stays the same on a machine; the agent makes it."),
  boot: FINGERPRINT.describe("SHA-256 of what stays the same until the machine boots again."),
});

/**
 * What tells two views of one boot, such as of a unit and of a shell in a container, from two
 * machines. Older agents do not send it.
 */
export const viewSchema = z.object({
  name: FINGERPRINT.optional().catch(undefined),
  startedAt: z.coerce.number().int().min(1).max(1e11).optional().catch(undefined),
});

export type Machine = z.infer<typeof machineSchema> & z.infer<typeof viewSchema>;

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
type EnrolmentObject = z.infer<typeof enrolmentSchema>;
export type Enrolment = EnrolmentObject & { readonly etag: string };

const SECRET = new RegExp(`^${HOST_KEY_FORM}$`);

/**
 * Tells ids that EC2 gives, and those that a file system which knows no small letters takes for
 * them.
 */
export function isInstanceId(id: string): boolean {
  return /^i-[0-9a-f]+$/i.test(id);
}

/** Why a machine is refused, in a sentence. */
export interface Refused {
  readonly refusal: string;
  /** The same for operators, with what to do. */
  readonly advice?: string;
  /** It is not that another machine has the id. */
  readonly isNoClone?: true;
}

export interface Enrolled {
  /** `rh_HOST_…`, shown this once. */
  readonly secret: string;
  /**
   * Set where another machine had enrolled under the id with less of a proof, and its keys have
   * ended.
   */
  readonly ousted?: string;
}

/** What proved the host's id when it enrolled; undefined: an enrolment key alone. */
export function readProof({
  is_proven: isProven,
  proof,
}: Pick<EnrolmentObject, "is_proven" | "proof">): Proof | undefined {
  return isProven ? (proof ?? "document") : undefined;
}

/**
 * Enrols a host. The machine that is enrolled already gets one more key, and its oldest ends.
 * Another machine is refused, unless it has a better proof than the first had: then the keys of the
 * first end.
 *
 * @throws AccessError what the proof says of a better one, where it alone does not do, and
 *   too_many_requests; whatever the store throws
 */
export async function enrolHost(
  store: Store,
  { id, proven, ...machine }: Machine & { readonly id: string; readonly proven: Proven | undefined },
  { clock }: { clock: Clock },
): Promise<Enrolled | Refused> {
  const secret = `rh_${id}_${randomBytes(32).toString("base64url")}`;
  for (let turn = 1; turn <= MAX_TRIES; turn++) {
    const known = await readEnrolment(store, id);
    const judged = judgeEnrolment(known, { proven, machine, now: clock() });
    if ("refusal" in judged) return judged;
    const kept = known?.machine === machine.machine ? known : undefined;
    const enrolment: EnrolmentObject = {
      id,
      sha256: hash(secret),
      earlier: kept && !judged.isOusted ? [kept.sha256, ...kept.earlier].slice(0, MAX_SECRETS - 1) : [],
      machine: machine.machine,
      ...followBoots(kept, machine, clock()),
      enrolled_at: new Date(clock()).toISOString(),
      is_proven: proven !== undefined || (known?.is_proven ?? false),
      proof: proven?.proof ?? (known && readProof(known)),
      nonces: judged.nonces,
    };
    if (await replaceEnrolment(store, enrolment, known?.etag))
      return { secret, ...(judged.isOusted && !kept && { ousted: OUSTED }) };
    // Another enrolled at the same moment, and this one is judged by it: the same machine twice is
    // no clone.
  }
  throw new Unavailable(describeBusy(id));
}

interface Judged {
  /** What had enrolled before had less of a proof: its keys end. */
  readonly isOusted: boolean;
  readonly nonces: Record<string, number>;
}

function judgeEnrolment(
  known: EnrolmentObject | undefined,
  given: { readonly proven: Proven | undefined; readonly machine: Machine; readonly now: number },
): Judged | Refused {
  const nonces = useNonce(known?.nonces ?? {}, given.proven, given.now);
  if (typeof nonces === "string") return { refusal: nonces, isNoClone: true };
  if (!known) return { isOusted: false, nonces };
  // What an operator has decided counts for more than any proof.
  if (known.only_machine !== undefined && !isOnlyMachine(known, given.machine))
    return refuseMachine(known, given.machine);
  const [rank, knownRank] = [rankProof(given.proven?.proof), rankProof(readProof(known))];
  if (rank > knownRank) return { isOusted: true, nonces };
  const refused = findRefusal(known, given.machine);
  const better = given.proven?.better;
  // The better proof would put the other machine out, so who is right cannot be told before STS
  // answers.
  if (refused && better?.code === "identity_unavailable" && knownRank < rankProof("caller")) throw better;
  if (refused) return refused;
  // Whoever has a copy of the document may know the machine as well.
  if (rank > 0 && rank < knownRank) {
    if (better) throw better;
    return { refusal: LESSER_PROOF, isNoClone: true };
  }
  return { isOusted: false, nonces };
}

const OUSTED = "another machine had enrolled under this id with less of a proof; its keys have ended";

const LESSER_PROOF =
  "this host enrolled by a request that its role signed, so its identity document " +
  "alone does not do; give the instance its role again, or an operator revokes what " +
  "it has";

/**
 * @returns the nonces that are used up and have not ended, this one among them; or why it cannot be
 *   used
 */
function useNonce(
  used: Readonly<Record<string, number>>,
  proven: Proven | undefined,
  now: number,
): Record<string, number> | string {
  const current = Object.fromEntries(Object.entries(used).filter(([, endsAt]) => endsAt > now));
  if (!proven?.nonce) return current;
  const { value, endsAt } = proven.nonce;
  if (Object.hasOwn(current, value)) return "the nonce has been used; ask for another";
  if (Object.keys(current).length >= MAX_NONCES)
    throw new AccessError("too_many_requests", "this host enrols too often; try again in a minute", {
      retryAfterS: 60,
    });
  return { ...current, [value]: endsAt };
}

/** The enrolment that a host's secret opens; undefined in all other cases. */
export async function verifyHostSecret(store: Store, secret: string): Promise<Enrolment | undefined> {
  const id = readHostOfSecret(secret);
  if (id === undefined) return undefined;
  const enrolment = await readEnrolment(store, id);
  const given = Buffer.from(hash(secret));
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

/** Where a report goes that a machine brings with a host's own key. */
export interface Recognized {
  /**
   * Two machines use the keys of the host, and which is the right one cannot be known: neither is
   * refused, and each has a place of its own.
   */
  readonly isContested: boolean;
  /** Whether it is the host's own place. */
  readonly isHome: boolean;
}

/**
 * Checks that the machine that uses a host's key is the one that enrolled, and remembers its boot.
 *
 * @returns or why it is refused
 * @throws AccessError enrolment_ended where the enrolment ends meanwhile; Unavailable where the
 *   store's object changes faster than it can be written
 */
export async function checkMachine(
  store: Store,
  enrolment: Enrolment,
  machine: Machine,
  { clock }: { readonly clock: Clock },
): Promise<Recognized | Refused> {
  let known: Enrolment | undefined = enrolment;
  for (let turn = 1; known && turn <= MAX_TRIES; turn++) {
    const refused = findRefusal(known, machine);
    if (refused) return refused;
    const now = clock();
    // Of two views of one boot one stands for both, so that nothing is written at each change of
    // views.
    if (known.boots.at(-1) === machine.boot || isSameStart(known, machine))
      return recognize(known, machine, now);
    const { etag, boots: _boots, name: _name, started_at: _startedAt, contest: _contest, ...object } = known;
    const next = { ...object, ...followBoots(known, machine, now) };
    if (await replaceEnrolment(store, next, etag)) return recognize(next, machine, now);
    // Two requests at once after a reboot: this one is judged by what the other has left.
    known = await readEnrolment(store, known.id);
  }
  if (known) throw new Unavailable(describeBusy(known.id));
  // As any key that is no longer good: the agent enrols anew.
  throw new AccessError("enrolment_ended", "this host's enrolment has just ended; enrol anew");
}

/** A contest in which no earlier boot has come back for a day is over: one of the two has gone. */
function isContested({ contest }: Pick<EnrolmentObject, "contest">, now: number): boolean {
  return contest !== undefined && now - contest.at <= EXPIRY_MS;
}

function recognize(known: Pick<EnrolmentObject, "contest">, { boot }: Machine, now: number): Recognized {
  const isOpen = isContested(known, now);
  return { isContested: isOpen, isHome: !isOpen || known.contest?.boot === boot };
}

/**
 * Ends an enrolment.
 *
 * @param machine the machine that alone may enrol next, as reports name it; any may where it is not
 *   given
 * @returns false if there is none
 */
export async function revokeEnrolment(store: Store, id: string, machine?: string): Promise<boolean> {
  for (let turn = 1; turn <= MAX_TRIES; turn++) {
    const known = isHostId(id) ? await readEnrolment(store, id) : undefined;
    if (!known) return false;
    if (machine === undefined) {
      await store.delete(locateEnrolment(id));
      return true;
    }
    const { enrolled_at, is_proven, proof, nonces, etag } = known;
    // The hash of nothing that anybody has: it opens to no key.
    const none = {
      sha256: hash(randomBytes(32).toString("hex")),
      earlier: [],
      machine: NO_HASH,
      boots: [NO_HASH],
    };
    const kept = { id, ...none, enrolled_at, is_proven, proof, nonces, only_machine: machine };
    if (await replaceEnrolment(store, kept, etag)) return true;
  }
  throw new Unavailable(describeBusy(id));
}

/** Another machine need not be there for it: one with many requests at once does it. */
function describeBusy(id: string): string {
  return `[keys] ${id} enrols or reports all the time; try again`;
}

/** Of no machine and no boot. */
const NO_HASH = "0".repeat(64);

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

function findRefusal(known: EnrolmentObject, given: Machine): Refused | undefined {
  return known.machine === given.machine || isOnlyMachine(known, given)
    ? undefined
    : refuseMachine(known, given);
}

function isOnlyMachine({ only_machine: only }: EnrolmentObject, { machine }: Machine): boolean {
  return only !== undefined && cutHash(machine) === only;
}

function refuseMachine({ id, machine, only_machine: only }: EnrolmentObject, given: Machine): Refused {
  const refusal =
    only === undefined
      ? "another machine is enrolled under this id"
      : "an operator keeps this id for another machine";
  const [right, other] = [only ?? cutHash(machine), cutHash(given.machine)];
  return {
    refusal,
    advice:
      `${refusal}: the machine ${right}; ${other} was refused. If ${other} is the ` +
      `right one: rollcall keys revoke ${id} --machine ${other}`,
  };
}

/**
 * Whether a machine that shows another boot than the newest is in that boot all the same: its
 * kernel started at the same time, under the same name.
 */
function isSameStart({ name, started_at: startedAt }: Boots, given: Machine): boolean {
  if (startedAt === undefined || given.startedAt === undefined || name === undefined) return false;
  return name === given.name && Math.abs(startedAt - given.startedAt) <= SAME_START_S;
}

type Boots = Pick<EnrolmentObject, "boots" | "name" | "started_at" | "contest">;

/**
 * A machine that boots never returns to an earlier boot. Where one does, two machines use the
 * host's keys: a copy, or who has stolen a key and says that the host has booted. The first that
 * came back has the host's own place as long as the contest lasts.
 */
function followBoots(known: Boots | undefined, given: Machine, now: number): Boots {
  const { boot, name, startedAt } = given;
  const earlier = known?.boots ?? [];
  const open = known && isContested(known, now) ? known.contest : undefined;
  const isReturn = known !== undefined && earlier.slice(0, -1).includes(boot) && !isSameStart(known, given);
  const contest = isReturn ? { boot: open?.boot ?? boot, at: now } : open;
  const view = {
    ...(name !== undefined && { name }),
    ...(startedAt !== undefined && { started_at: startedAt }),
  };
  // Once it is told from others it is not forgotten, however often another one says that it has
  // booted.
  const kept = earlier.filter((one) => one !== boot && one !== contest?.boot);
  const home =
    contest !== undefined && contest.boot !== boot && earlier.includes(contest.boot) ? [contest.boot] : [];
  const boots = [...home, ...kept.slice(1 - MAX_BOOTS + home.length), boot];
  return { boots, ...view, ...(contest && { contest }) };
}

/** @returns false if somebody else has written it since it was read */
async function replaceEnrolment(
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

async function readEnrolment(store: Store, id: string): Promise<Enrolment | undefined> {
  const object = await store.get(locateEnrolment(id), { maxBytes: MAX_OBJECT_BYTES });
  const parsed = object && enrolmentSchema.safeParse(parseJson(object.body)).data;
  return parsed && parsed.id === id ? { ...parsed, etag: object.etag } : undefined;
}

function encode(enrolment: EnrolmentObject): Buffer {
  return Buffer.from(JSON.stringify(enrolment));
}

/** A secret has 256 random bits: there is nothing to guess. */
function hash(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
