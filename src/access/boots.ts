// The boots of an enrolled machine, by which two machines that use one host's keys are told apart.
import { EXPIRY_MS } from "../report/limits.ts";
import { SAME_START_S } from "../report/reporting-machine.ts";
import { type EnrolmentObject, MAX_BOOTS } from "./enrolment-object.ts";
import type { Machine } from "./machine.ts";

/** Where a report goes that a machine brings with a host's own key. */
export interface RecognizedMachine {
  /**
   * Two machines use the keys of the host, and which is the right one cannot be known: neither is
   * refused, and each has a place of its own.
   */
  readonly isContested: boolean;
  /** Whether it is the host's own place. */
  readonly isHome: boolean;
}

type Boots = Pick<EnrolmentObject, "boots" | "name" | "started_at" | "contest">;

/** A contest in which no earlier boot has come back for a day is over: one of the two has gone. */
function isContested({ contest }: Pick<EnrolmentObject, "contest">, now: number): boolean {
  return contest !== undefined && now - contest.at <= EXPIRY_MS;
}

export function recognize(
  known: Pick<EnrolmentObject, "contest">,
  { boot }: Machine,
  now: number,
): RecognizedMachine {
  const isOpen = isContested(known, now);
  return { isContested: isOpen, isHome: !isOpen || known.contest?.boot === boot };
}

/**
 * Whether a machine that shows another boot than the newest is in that boot all the same: its
 * kernel started at the same time, under the same name.
 */
export function isSameStart({ name, started_at: startedAt }: Boots, given: Machine): boolean {
  if (startedAt === undefined || given.startedAt === undefined || name === undefined) return false;
  return name === given.name && Math.abs(startedAt - given.startedAt) <= SAME_START_S;
}

/**
 * A machine that boots never returns to an earlier boot. Where one does, two machines use the
 * host's keys: a copy, or who has stolen a key and says that the host has booted. The first that
 * came back has the host's own place as long as the contest lasts.
 */
export function followBoots(known: Boots | undefined, given: Machine, now: number): Boots {
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
