// Write bounds: how much one key may write, so that a stolen or broken one spoils it for nobody
// else. A memory of this process: no store is read for it.
import { LRUCache } from "lru-cache";
import type { Clock } from "../report/clock.ts";
import { formatReportKey } from "../report/key.ts";
import { EXPIRY_MS } from "../report/limits.ts";
import type { Problem } from "../report/problem.ts";
import { AccessError } from "./access-error.ts";
import { type Caller, nameParty } from "./caller.ts";
import { readProof } from "./enrolment-object.ts";
import type { WriteLimits } from "./write-limits.ts";

/**
 * Of a key that is bound to one host: a deploy makes an agent report some 30 times, and a restart
 * of it twice.
 */
const HOST_WRITES_A_MINUTE = 120;

/** A large report counts as several writes: one for each of these. */
const BYTES_OF_A_WRITE = 64 * 1024;

/**
 * What is refused for its number is as good as never asked for: of so many seconds' worth a refused
 * client is told to wait at most.
 */
const MAX_WAIT_S = 60;

/** Whoever wrote all that a key may will not be let in sooner: something must expire, or be set. */
const FULL_RETRY_S = 300;

/** Keys bound to hosts whose rate is remembered: one that is forgotten starts anew. */
const MAX_COUNTED_WRITERS = 10_000;

/** Refusals that are remembered for people, and when one that has ended is told again. */
const MAX_REFUSALS = 100;
const TOLD_AGAIN_MS = 60 * 60_000;

export interface WriteBounds {
  /** Counts a write. To be asked before its body is read. @throws AccessError too_many_requests */
  take(caller: Caller, id: string): void;
  /**
   * Counts a host.
   *
   * @param bytes of its report; undefined where it writes none
   * @throws AccessError over_limit, too_many_requests
   */
  claim(caller: Caller, id: string, bytes?: number): void;
  /** What was refused within the last day, for /v1/problems. */
  list(): readonly Problem[];
}

export interface WriteBoundsOptions {
  readonly limits: WriteLimits;
  readonly clock: Clock;
  /** Told of a key that is refused, once until it was let in for an hour. */
  readonly onNotice: (notice: string) => void;
}

/** What counts together. */
interface Account {
  /** By host id, the longest not written first. */
  readonly hosts: Map<string, { readonly bytes: number; readonly at: number }>;
  bytes: number;
}

/** A bucket of writes that fills up again; and those that were refused, and will come again. */
interface Rate {
  writes: number;
  refused: number;
  at: number;
}

interface Refusal {
  readonly problem: Problem;
  readonly count: number;
}

/** Makes the bounds of one server. */
export function createWriteBounds({ limits, clock, onNotice }: WriteBoundsOptions): WriteBounds {
  const accounts = new Map<string, Account>();
  const rates = new Map<string, Rate>();
  const hostRates = new LRUCache<string, Rate>({ max: MAX_COUNTED_WRITERS });
  const refusals = new Map<string, Refusal>();

  function refuse(name: string, id: string, { code, detail, seconds, size }: RefusedWrite): never {
    const kind = `${name} ${detail}`;
    const before = refusals.get(kind);
    const isNew = !before || clock() - before.problem.receivedAt > TOLD_AGAIN_MS;
    const count = isNew ? 1 : before.count + 1;
    if (isNew)
      onNotice(
        `${detail}; others that it sends are refused too until there is room, and ` +
          "are counted in /v1/problems",
      );
    refusals.delete(kind);
    const requests = count === 1 ? "one request was" : `${count} requests were`;
    const counted = `${detail}; ${requests} refused, this one last`;
    const problem: Problem = {
      key: formatReportKey(id),
      reason: "over_limit",
      detail: counted,
      receivedAt: clock(),
      size,
    };
    refusals.set(kind, { problem, count });
    const [oldest] = refusals.keys();
    if (refusals.size > MAX_REFUSALS && oldest !== undefined) refusals.delete(oldest);
    throw new AccessError(code, detail, { retryAfterS: seconds });
  }

  function findRate(caller: Caller): { rate: Rate; most: number } {
    const isBound = caller.host !== undefined;
    const most = isBound ? Math.min(HOST_WRITES_A_MINUTE, limits.writesAMinute) : limits.writesAMinute;
    const known = isBound ? hostRates.get(caller.id) : rates.get(nameParty(caller));
    if (known) return { rate: known, most };
    const rate = { writes: most, refused: 0, at: clock() };
    if (isBound) hostRates.set(caller.id, rate);
    else rates.set(nameParty(caller), rate);
    return { rate, most };
  }

  function take(caller: Caller, id: string, wanted: number): void {
    const { rate, most } = findRate(caller);
    const writes = Math.min(wanted, most);
    const now = clock();
    const since = (Math.max(0, now - rate.at) * most) / 60_000;
    rate.writes = Math.min(most, rate.writes + since);
    rate.refused = Math.max(0, rate.refused - since);
    rate.at = now;
    if (rate.writes >= writes) {
      rate.writes -= writes;
      return;
    }
    // One after the other: those who were refused before come again as well, and must not all do so
    // in the same second.
    rate.refused = Math.min(most, rate.refused + writes);
    const seconds = Math.min(MAX_WAIT_S, Math.ceil(((rate.refused - rate.writes) * 60) / most));
    const detail =
      `${nameCaller(caller)} has written as much as it may: ${most} reports, departures and ` +
      "enrolments a minute";
    refuse(nameParty(caller), id, {
      code: "too_many_requests",
      detail,
      seconds: Math.max(1, seconds),
      size: 0,
    });
  }

  function expire(account: Account): void {
    const now = clock();
    for (const [id, { bytes, at }] of account.hosts) {
      if (now - at <= EXPIRY_MS) return;
      account.hosts.delete(id);
      account.bytes -= bytes;
    }
  }

  return {
    take: (caller, id) => take(caller, id, 1),
    claim(caller, id, given) {
      if (given !== undefined && given >= BYTES_OF_A_WRITE)
        take(caller, id, Math.floor(given / BYTES_OF_A_WRITE));
      const [name, who] = findAccount(caller);
      const account = accounts.get(name) ?? { hosts: new Map(), bytes: 0 };
      accounts.set(name, account);
      expire(account);
      const known = account.hosts.get(id);
      const held = known?.bytes ?? 0;
      const bytes = given ?? held;
      if (!known && account.hosts.size >= limits.hosts) {
        const detail =
          `${who} may write the reports of ${limits.hosts} hosts a day, and has; see ` +
          "max_key_hosts in docs/settings.md";
        refuse(name, id, { code: "over_limit", detail, seconds: FULL_RETRY_S, size: bytes });
      }
      // A host that is there goes on to report, as long as it takes no more room than before.
      if (bytes > held && account.bytes - held + bytes > limits.bytes) {
        const detail =
          `${who} may hold ${limits.bytes} bytes of reports, and does; see ` +
          "max_key_bytes in docs/settings.md";
        refuse(name, id, { code: "over_limit", detail, seconds: FULL_RETRY_S, size: bytes });
      }
      account.hosts.delete(id);
      account.hosts.set(id, { bytes, at: clock() });
      account.bytes += bytes - held;
    },
    list: () =>
      [...refusals.values()]
        .map(({ problem }) => problem)
        .filter(({ receivedAt }) => clock() - receivedAt <= EXPIRY_MS),
  };
}

interface RefusedWrite {
  readonly code: "too_many_requests" | "over_limit";
  readonly detail: string;
  readonly seconds: number;
  readonly size: number;
}

function nameCaller({ kind, id, name, host }: Caller): string {
  if (kind === "identity") return name;
  return host === undefined ? `the key ${id} (${name})` : `the key of ${host}`;
}

/**
 * Hosts with keys of their own count together, since whoever holds an enrolment key may have any
 * number of them; but not with those of which EC2 says that they exist.
 */
function findAccount(caller: Caller): readonly [name: string, who: string] {
  if (!caller.enrolment) return [nameParty(caller), nameCaller(caller)];
  return readProof(caller.enrolment) === undefined
    ? ["enrolled", "all hosts together that enrolled by an enrolment key"]
    : ["proven", "all hosts together that enrolled by EC2's word"];
}
