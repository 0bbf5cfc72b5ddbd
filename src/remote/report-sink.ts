// Sinks: a host's report and departure on their way into a store or to a server, for the agent
// and for `rollcall report`.
import type { ReportSink } from "../agent/delivery.ts";
import type { SpooledReport } from "../agent/spool.ts";
import type { HostAccess } from "../collect/collector.ts";
import { readFingerprint } from "../collect/fingerprint.ts";
import type { Environment } from "../network/proxy.ts";
import type { Clock } from "../report/clock.ts";
import { formatDeparture, type LeaveReason } from "../report/departure.ts";
import { formatDepartureKey, formatReportKey } from "../report/key.ts";
import { cutHash } from "../report/reporting-machine.ts";
import { formatSpan } from "../report/span-text.ts";
import { formatUpdateDate } from "../report/update-date.ts";
import { openStore } from "../store/open.ts";
import { placeDeparture, placeReport } from "../store/placement.ts";
import { type Store, StoreError, Unavailable } from "../store/store.ts";
import { type KnownCaller, openBucketCaller } from "./bucket-caller.ts";
import { createClient, isInTheClear } from "./client.ts";
import type { HostKey } from "./host-key.ts";
import { RemoteError, ServerRefusal } from "./remote-error.ts";
import type { RoleId } from "./role-ids.ts";
import type { Target } from "./target.ts";

export interface ReportSinkOptions {
  readonly target: Target;
  readonly key: HostKey;
  /** Whose reports go through it. */
  readonly host: HostAccess;
  /** Told of what the user should know, a line at a time. */
  readonly onNotice: (notice: string) => void;
  /** How often a server is asked again before a send fails; whoever repeats sends itself says 0. */
  readonly retries?: number;
  readonly clock: Clock;
  /** What a store's relative URL is relative to. */
  readonly cwd: string;
  /** Where an S3 store finds keys, region and endpoint. */
  readonly env: Environment;
  /** The agent's state folder, where what STS said of this host is kept. */
  readonly folder: string;
  /** The ids of hosts' roles, where they are set. */
  readonly roleIds: readonly RoleId[];
}

/** Opens the sink of a target. @throws RemoteError where its store cannot be opened */
export async function openReportSink(options: ReportSinkOptions): Promise<ReportSink> {
  const { target, key, host, onNotice, retries, clock, cwd, env, folder, roleIds } = options;
  if (target.kind === "store") {
    const store = await explainStoreFailure(target.url, () => openStore(target.url, { clock, cwd, env }));
    return createStoreSink(store, { clock, host, onNotice, folder, roleIds });
  }
  const { url } = target;
  if (isInTheClear(url)) onNotice(`the API key travels to ${url.host} in the clear; use https`);
  const noteClock = createSkewWatch(url.origin, clock, onNotice);
  const onRetry = (reason: string) => onNotice(`${reason}; trying again`);

  async function request(
    id: string,
    query: string,
    init: RequestOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const client = createClient({ url, key: undefined, signal, onRetry, retries });
    const ask = async (keyHeaders: Readonly<Record<string, string>>): Promise<void> => {
      const headers = { ...init.headers, ...keyHeaders };
      const answer = await client.request(`/v1/reports/${encodeURIComponent(id)}${query}`, {
        ...init,
        headers,
      });
      noteClock(Date.parse(answer.headers.get("date") ?? ""));
    };
    const headers = await key.headersFor(id, signal);
    try {
      await ask(headers);
    } catch (error) {
      if (!(error instanceof RemoteError)) throw nameTimeout(error, url.origin);
      if (!(error instanceof ServerRefusal && error.status === 401)) throw error;
      const hint = key.refused();
      // Whoever reports once, as cron does, has no later try at which it could enrol anew.
      const renewed = hint === undefined ? await key.headersFor(id, signal) : headers;
      if (renewed["x-api-key"] === headers["x-api-key"])
        throw hint === undefined ? error : new ServerRefusal(`${error.message}; ${hint}`, 401);
      await ask(renewed).catch((second: unknown) => {
        throw second instanceof RemoteError ? second : nameTimeout(second, url.origin);
      });
    }
  }

  return {
    location: url.origin,
    send: ({ id, bytes }, signal) =>
      request(
        id,
        "",
        { method: "PUT", body: bytes, headers: { "content-type": "application/json" } },
        signal,
      ),
    leave: (id, reason, signal) =>
      request(id, `?reason=${reason}`, { method: "DELETE", headers: {} }, signal),
    close: () => Promise.resolve(),
  };
}

interface RequestOptions {
  readonly method: string;
  readonly body?: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** A clock that is off by less may be off by the time that an answer took; ms. */
const NOTABLE_SKEW_MS = 60_000;

/**
 * Tells of this machine's clock as long as it is wrong: once, and again when it is wrong otherwise.
 * Reports count by the time of receipt (docs/decisions/0003), but what is wrong on a host is best
 * heard of there.
 *
 * @returns to be called with what a server says that the time is, ms since the epoch, as soon as it
 *   has
 */
function createSkewWatch(
  place: string,
  clock: () => number,
  onNotice: (notice: string) => void,
): (told: number) => void {
  let known = 0;
  return (told) => {
    const skew = clock() - told;
    if (Number.isNaN(told) || Math.abs(skew - known) < NOTABLE_SKEW_MS) return;
    known = Math.abs(skew) < NOTABLE_SKEW_MS ? 0 : skew;
    if (known === 0) return onNotice(`this machine's clock agrees with ${place} again`);
    const by = `${formatSpan(Math.abs(skew))} ${skew > 0 ? "ahead of" : "behind"}`;
    onNotice(`this machine's clock is ${by} ${place}; set it right: timedatectl set-ntp true`);
  };
}

export interface StoreSinkOptions {
  readonly clock: Clock;
  /** Whose reports go through it. */
  readonly host: HostAccess;
  readonly onNotice: (notice: string) => void;
  /** The agent's state folder; undefined where nothing is kept. */
  readonly folder?: string;
  readonly roleIds?: readonly RoleId[];
}

/**
 * How far this host's clock may be off the store's before a reboot is taken for another machine;
 * ms.
 */
const TOLERANCE_MS = 60_000;

/** A sink into a store that is open. */
export function createStoreSink(
  store: Store,
  { clock, host, onNotice, folder, roleIds = [] }: StoreSinkOptions,
): ReportSink {
  const noteClock = createSkewWatch(store.location, clock, onNotice);
  const caller = openBucketCaller({ store, host, folder, roleIds, onNotice });
  /** How far this clock is ahead of the store's, as the last report's receipt told; ms. */
  let aheadMs = 0;
  /** Where the last report went: its departure must not take another machine's away. */
  let placed: { readonly id: string; readonly key: string } | undefined;

  /**
   * Where this user may write the host's report: on AWS the bucket's policy allows an instance that
   * one key.
   */
  async function findKey(id: string, signal: AbortSignal): Promise<HostPlace> {
    return toPlace(id, await caller.find(signal));
  }

  /**
   * Writes under the host's key; and, where the bucket refuses that and STS knows better who this
   * is, under the right one.
   */
  async function put(
    id: string,
    write: (place: HostPlace) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const place = await findKey(id, signal);
    try {
      await write(place);
    } catch (error) {
      const isRefused = error instanceof StoreError && error.hop === "policy";
      if (!isRefused || !place.caller || place.caller.from === "STS") throw error;
      const right = await caller.correct(place.caller, signal);
      if (right === "same") throw error;
      if (!right) throw explainRefusal(error, place.caller);
      onNotice(
        `the ${place.caller.from} had ${place.caller.userId} for this host's name in the bucket, and STS ` +
          `has ${right.userId} of ${right.account}; what STS says counts`,
      );
      await write(toPlace(id, right));
    }
  }

  const send = ({ id, bytes }: SpooledReport, signal: AbortSignal): Promise<void> =>
    put(id, (place) => sendTo(place, { id, bytes }, signal), signal);

  async function sendTo(
    { key, isEnforced }: HostPlace,
    { id, bytes }: Pick<SpooledReport, "id" | "bytes">,
    signal: AbortSignal,
  ): Promise<void> {
    // Of an instance's own key the store's rules and EC2 tell that no other machine has it.
    const placement = isEnforced
      ? { key }
      : await placeReport(store, bytes, { key, now: clock() - aheadMs, toleranceMs: TOLERANCE_MS, signal });
    if (placement.other && placed?.key !== placement.key)
      onNotice(
        `another machine (${placement.other.name ?? "no name"}) reports as ${id}; ` +
          `this one's report is beside it, at ${placement.key}`,
      );
    const { lastModified } = await store.put(placement.key, bytes, { signal });
    noteClock(lastModified);
    aheadMs = clock() - lastModified;
    placed = { id, key: placement.key };
  }

  /** Which report an earlier process of this machine has left. */
  async function findOwn(key: string, signal: AbortSignal): Promise<string | undefined> {
    const { machine, boot } = await readFingerprint(host, signal);
    return placeDeparture(store, { key, machine: cutHash(machine), boot: cutHash(boot), signal });
  }

  const leave = (id: string, reason: LeaveReason, signal: AbortSignal): Promise<void> =>
    put(id, (place) => leaveAt(place, id, reason, signal), signal);

  async function leaveAt(
    { key, isEnforced }: HostPlace,
    id: string,
    reason: LeaveReason,
    signal: AbortSignal,
  ): Promise<void> {
    const own = placed?.id === id ? placed.key : isEnforced ? key : await findOwn(key, signal);
    if (own === undefined) return;
    const body = formatDeparture({ id, reason, leftAt: formatUpdateDate(clock()) });
    await store.put(formatDepartureKey(own), body, { signal });
  }

  return {
    location: store.location,
    send: (report, signal) => explainStoreFailure(store.location, () => send(report, signal)),
    leave: (id, reason, signal) => explainStoreFailure(store.location, () => leave(id, reason, signal)),
    close: () => store.close?.() ?? Promise.resolve(),
  };
}

/** Where a host writes. */
interface HostPlace {
  readonly key: string;
  /** Whether the store's rules leave the key to this host. */
  readonly isEnforced: boolean;
  readonly caller: KnownCaller | undefined;
}

function toPlace(id: string, caller: KnownCaller | undefined): HostPlace {
  if (!caller) return { key: formatReportKey(id), isEnforced: false, caller };
  const { account, userId } = caller;
  const isEnforced = userId.endsWith(`:${id}`);
  return { key: formatReportKey(isEnforced ? userId : id, account), isEnforced, caller };
}

function explainRefusal(error: StoreError, { userId, from, role = "" }: KnownCaller): StoreError {
  const hint =
    `; the ${from} had ${userId} for this host, and STS could not be asked: is that the role's id? ` +
    `aws iam get-role --role-name ${role} --query Role.RoleId`;
  return new StoreError(`${error.message}${hint}`, { hop: error.hop, cause: error });
}

/** What the store says of a failure is for the user. @throws RemoteError in its place */
export async function explainStoreFailure<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StoreError)) throw nameTimeout(error, place);
    throw new RemoteError("store", error.message, {
      retryAfterMs: error instanceof Unavailable ? error.retryAfterMs : undefined,
      cause: error,
    });
  }
}

/** Who sends gives up after a time, and the runtimes each say that in words of their own. */
function nameTimeout(error: unknown, place: string): unknown {
  const isLate = error instanceof DOMException && error.name === "TimeoutError";
  return isLate ? new RemoteError("unreachable", `${place} does not answer in time`) : error;
}
