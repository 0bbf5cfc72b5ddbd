// Enrolment: each host gets a key of its own, which can write its own id only, from the one machine
// that enrolled.
import { randomBytes } from "node:crypto";
import type { Clock } from "../report/clock.ts";
import { isHostId } from "../report/key.ts";
import { cutHash } from "../report/reporting-machine.ts";
import { locateEnrolment } from "../store/layout.ts";
import { type Store, Unavailable } from "../store/store.ts";
import { AccessError } from "./access-error.ts";
import { followBoots, isSameStart, type RecognizedMachine, recognize } from "./boots.ts";
import {
  type Enrolment,
  type EnrolmentObject,
  MAX_SECRETS,
  readEnrolment,
  readProof,
  replaceEnrolment,
} from "./enrolment-object.ts";
import { hashHostSecret } from "./host-secret.ts";
import { type ProvenIdentity, rankProof } from "./identity.ts";
import type { Machine } from "./machine.ts";

/**
 * Nonces that one host may use up at a time. A host that enrols more often than this in a minute
 * waits.
 */
const MAX_HOST_NONCES = 8;

/** How often a write is tried again that another request of the same host was quicker than. */
const MAX_WRITE_TRIES = 5;

/**
 * Tells ids that EC2 gives, and those that a file system which knows no small letters takes for
 * them.
 */
export function isInstanceId(id: string): boolean {
  return /^i-[0-9a-f]+$/i.test(id);
}

/** Why a machine is refused, in a sentence. */
export interface RefusedHost {
  readonly refusal: string;
  /** The same for operators, with what to do. */
  readonly advice?: string;
  /** It is not that another machine has the id. */
  readonly isNoClone?: true;
}

export interface EnrolledHost {
  /** `rh_HOST_…`, shown this once. */
  readonly secret: string;
  /**
   * Set where another machine had enrolled under the id with less of a proof, and its keys have
   * ended.
   */
  readonly ousted?: string;
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
  { id, proven, ...machine }: Machine & { readonly id: string; readonly proven: ProvenIdentity | undefined },
  { clock }: { clock: Clock },
): Promise<EnrolledHost | RefusedHost> {
  const secret = `rh_${id}_${randomBytes(32).toString("base64url")}`;
  for (let turn = 1; turn <= MAX_WRITE_TRIES; turn++) {
    const known = await readEnrolment(store, id);
    const judged = judgeEnrolment(known, { proven, machine, now: clock() });
    if ("refusal" in judged) return judged;
    const kept = known?.machine === machine.machine ? known : undefined;
    const enrolment: EnrolmentObject = {
      id,
      sha256: hashHostSecret(secret),
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

interface EnrolmentVerdict {
  /** What had enrolled before had less of a proof: its keys end. */
  readonly isOusted: boolean;
  readonly nonces: Record<string, number>;
}

function judgeEnrolment(
  known: EnrolmentObject | undefined,
  given: { readonly proven: ProvenIdentity | undefined; readonly machine: Machine; readonly now: number },
): EnrolmentVerdict | RefusedHost {
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
  proven: ProvenIdentity | undefined,
  now: number,
): Record<string, number> | string {
  const current = Object.fromEntries(Object.entries(used).filter(([, endsAt]) => endsAt > now));
  if (!proven?.nonce) return current;
  const { value, endsAt } = proven.nonce;
  if (Object.hasOwn(current, value)) return "the nonce has been used; ask for another";
  if (Object.keys(current).length >= MAX_HOST_NONCES)
    throw new AccessError("too_many_requests", "this host enrols too often; try again in a minute", {
      retryAfterS: 60,
    });
  return { ...current, [value]: endsAt };
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
): Promise<RecognizedMachine | RefusedHost> {
  let known: Enrolment | undefined = enrolment;
  for (let turn = 1; known && turn <= MAX_WRITE_TRIES; turn++) {
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

/**
 * Ends an enrolment.
 *
 * @param machine the machine that alone may enrol next, as reports name it; any may where it is not
 *   given
 * @returns false if there is none
 */
export async function revokeEnrolment(store: Store, id: string, machine?: string): Promise<boolean> {
  for (let turn = 1; turn <= MAX_WRITE_TRIES; turn++) {
    const known = isHostId(id) ? await readEnrolment(store, id) : undefined;
    if (!known) return false;
    if (machine === undefined) {
      await store.delete(locateEnrolment(id));
      return true;
    }
    const { enrolled_at, is_proven, proof, nonces, etag } = known;
    // The hash of nothing that anybody has: it opens to no key.
    const none = {
      sha256: hashHostSecret(randomBytes(32).toString("hex")),
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

function findRefusal(known: EnrolmentObject, given: Machine): RefusedHost | undefined {
  return known.machine === given.machine || isOnlyMachine(known, given)
    ? undefined
    : refuseMachine(known, given);
}

function isOnlyMachine({ only_machine: only }: EnrolmentObject, { machine }: Machine): boolean {
  return only !== undefined && cutHash(machine) === only;
}

function refuseMachine({ id, machine, only_machine: only }: EnrolmentObject, given: Machine): RefusedHost {
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
