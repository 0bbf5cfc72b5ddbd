// Host lookups: how many enrolments are read for keys that have not opened yet, so that guesses at
// hosts' keys cost the store some reads a second in all.
import type { Clock } from "../report/clock.ts";
import { AccessError } from "./access-error.ts";

/**
 * Enrolments read a second for keys that have not opened here: 100,000 hosts of an hour come by 28
 * a second after a server's start.
 */
export const MAX_NEW_A_SECOND = 50;

/**
 * And for ids that the list of enrolled hosts shows, once those are used up: a flood of guesses at
 * other ids takes nothing of these.
 */
export const MAX_LISTED_A_SECOND = 200;

/** Of these for one id: guesses at it take nothing from others. */
export const MAX_OF_ONE_A_SECOND = 5;

/** Keys that have opened; of more the oldest are forgotten, and are new again. */
const MAX_OPENED_KEYS = 200_000;

/**
 * Of a secret's hash so much is kept, in characters of 6 bits. One that only looks the same gets a
 * read, and is checked as all are.
 */
const HASH_LENGTH = 16;

/** The list is read at most so often, ms; and if it is long, for a twentieth of the time. */
const LIST_AGAIN_MS = 1000;
const LIST_SHARE = 20;

/** But at least so often; an end that lies further away is of a clock that was set back since. */
const LONGEST_PAUSE_MS = 10 * 60_000;

export interface HostLookups {
  /**
   * Reads an enrolment for a secret, if there is room for it.
   *
   * @param hash of the secret, in base64url
   * @param read gives what the secret opens, or undefined
   * @throws AccessError too_many_requests where there is none: it cannot be told then whether the
   *   secret is good; whatever `read` throws
   */
  run<Found>(id: string, hash: string, read: () => Promise<Found | undefined>): Promise<Found | undefined>;
}

export interface HostLookupOptions {
  readonly clock: Clock;
  /** The ids of all enrolled hosts. */
  readonly list: () => Promise<readonly string[]>;
}

/** Reads for keys that are not known to open, in one second of the clock. */
interface ReadsInSecond {
  readonly second: number;
  /** Of any host, and of those that are listed once there is no room for any. */
  ofNew: number;
  ofListed: number;
  readonly byId: Map<string, number>;
}

/** Makes the bounds of one server. */
export function createHostLookups({ clock, list }: HostLookupOptions): HostLookups {
  const proven = new Set<string>();
  let reads: ReadsInSecond = { second: 0, ofNew: 0, ofListed: 0, byId: new Map() };
  let listed: ReadonlySet<string> = new Set();
  let listing: Promise<void> | undefined;
  let listAgainAt = Number.NEGATIVE_INFINITY;

  function hasRoom(id: string): boolean {
    const now = Math.floor(clock() / 1000);
    if (now !== reads.second) reads = { second: now, ofNew: 0, ofListed: 0, byId: new Map() };
    const count = reads.byId.get(id) ?? 0;
    if (count >= MAX_OF_ONE_A_SECOND) return false;
    if (reads.ofNew < MAX_NEW_A_SECOND) reads.ofNew++;
    else if (listed.has(id) && reads.ofListed < MAX_LISTED_A_SECOND) reads.ofListed++;
    else return false;
    reads.byId.set(id, count + 1);
    return true;
  }

  /** Nobody waits for it: who is refused meanwhile asks again. */
  function renewList(): void {
    const startedAt = clock();
    const pause = listAgainAt - startedAt;
    if (listing || (pause > 0 && pause <= LONGEST_PAUSE_MS)) return;
    const end = () => {
      listing = undefined;
      listAgainAt =
        clock() + Math.min(LONGEST_PAUSE_MS, Math.max(LIST_AGAIN_MS, LIST_SHARE * (clock() - startedAt)));
    };
    listing = list().then(
      (ids) => {
        listed = new Set(ids);
        end();
      },
      // Those that are listed already stay so; a read that follows says what is wrong with the
      // store.
      end,
    );
  }

  function keepProven(known: string): void {
    // The newest last.
    proven.delete(known);
    proven.add(known);
    if (proven.size <= MAX_OPENED_KEYS) return;
    const [oldest] = proven;
    if (oldest !== undefined) proven.delete(oldest);
  }

  return {
    async run(id, hash, read) {
      const known = hash.slice(0, HASH_LENGTH);
      if (!proven.has(known) && !hasRoom(id)) {
        renewList();
        throw new AccessError(
          "too_many_requests",
          "so many unknown host keys come that this one cannot be checked now; ask again in a second",
          { retryAfterS: 1 },
        );
      }
      const found = await read();
      if (found === undefined) proven.delete(known);
      else keepProven(known);
      return found;
    },
  };
}
