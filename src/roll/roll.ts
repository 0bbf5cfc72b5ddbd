// The reader: keeps every report of its stores in memory, packed, and brings it up to date by one
// listing of each and the bodies that changed.
import { setMaxListeners } from "node:events";
import type { Clock } from "../report/clock.ts";
import type { PutOutcome, ReadStore, Store } from "../store/store.ts";
import { createClockCheck } from "./clock-check.ts";
import type { Progress } from "./refresh.ts";
import { makeRollState } from "./roll-state.ts";
import type { SnapshotMode } from "./snapshot.ts";
import type { Source } from "./source.ts";
import { cutToHostInAll, openSources, readHostInAll, sumProgress } from "./sources.ts";
import { buildView, hasHost, type RollView } from "./view.ts";

/**
 * How long after a refresh its view is used again. Short enough that nobody waits for news, long
 * enough that a crowd costs one listing.
 */
const DEFAULT_MAX_AGE_MS = 1000;

/** A refresh begins so many of its own durations before the view is too old. */
const AHEAD = 1.5;

/**
 * A refresh that somebody joins so long after it began has stood still with its process, as a
 * laptop's does when it sleeps and a Lambda function's between two requests: what it listed is too
 * old, and it is done again. A store that takes longer than this to list is not taken for one.
 */
const STOOD_STILL_MS = 60_000;

/** How often objects that could not be read are tried again although nothing about them changed. */
const RETRY_UNREADABLE_MS = 60_000;

/**
 * A question about one host is answered over a listing at most this old, whose keys of the host are
 * read again; half as old, and the next listing begins while nobody waits for it. What a listing
 * alone can tell, such as a host's move to another key, is seen as late.
 */
const HOST_LISTING_AGE_MS = 60_000;

export interface Roll {
  /**
   * The reports as they are now: the listing behind it ended at most maxAgeMs ago, or as long ago
   * as it took. Questions that come while a refresh runs share it.
   *
   * @throws whatever the store throws when it cannot list or read completely. What has been read by
   *   then is kept for the next refresh.
   */
  view(): Promise<RollView>;

  /**
   * The view that `view` would give without waiting, if it has given it before; undefined
   * otherwise.
   */
  peek(): RollView | undefined;

  /**
   * One host's reports as they are now, at a cost that does not follow the fleet's: where they are
   * known to lie they are read again, over a listing that may be older, and the view says so
   * (listedAt). Where no report of the host is found so, it is `view`: that a host is not there is
   * only said after a new listing.
   *
   * @param account only what lies under this account counts as found; whatever account by default
   * @returns a view of this host alone, or of all; no cache of answers may follow it
   * @throws whatever the store throws
   */
  viewHost(id: string, account?: string): Promise<RollView>;

  /**
   * What is known at this moment, complete or not: over the last complete view whatever the running
   * or failed refresh has read.
   */
  partialView(reason: string): RollView;

  /** How far the running refresh, or else the last one, has come; undefined before the first. */
  progress(): Progress | undefined;

  /**
   * Where several stores are read: the URLs of those that the running refresh, or else the last
   * one, has not read completely.
   */
  unread(): readonly string[];

  /**
   * Takes in a report that this process has just put, so that the next view holds it without a
   * listing; unless a newer one stands in its place.
   */
  note(entry: PutOutcome, body: Uint8Array): void;

  /**
   * Takes in a departure that this process has just put. @param key of the report that it takes
   * away
   */
  noteDeparture(key: string, receivedAt: number): void;

  /** Resolves when no snapshot is being written. */
  settle(): Promise<void>;

  /** Ends a running refresh, and waits for a snapshot that is being written. */
  close(): Promise<void>;
}

export interface RollOptions {
  /** The store that is written, and read first. */
  readonly store: Store;
  /**
   * Others that are read beside it, and never written. Each host stands once, with its newest
   * report, in whatever store that lies.
   */
  readonly alsoRead?: readonly ReadStore[];
  readonly clock: Clock;
  /**
   * How old the listing behind a view may be; ms. Above the default, a snapshot that is no older is
   * answered from before anything is listed.
   */
  readonly maxAgeMs?: number;
  /**
   * Whether to begin from the snapshot in the store, and to keep it up to date; neither by default.
   */
  readonly snapshot?: SnapshotMode;
  /** How often the snapshot is written at most; ms. */
  readonly snapshotEveryMs?: number;
  /**
   * Whether a refresh may begin while nobody waits for it; true by default. Not where the process
   * stands still between questions.
   */
  readonly refreshesAhead?: boolean;
  /**
   * Told of what went wrong without harm to any answer, such as a snapshot that could not be
   * written.
   */
  readonly onNotice?: (notice: string, error?: unknown) => void;
}

/** Makes a reader. Nothing is read until the first view. */
export function createRoll(options: RollOptions): Roll {
  const { store, alsoRead = [], clock, maxAgeMs = DEFAULT_MAX_AGE_MS, onNotice = () => undefined } = options;
  const { refreshesAhead = true } = options;
  const clockCheck = createClockCheck({ store, clock });
  const stop = new AbortController();
  // Every question about one host listens to it.
  setMaxListeners(0, stop.signal);
  const state = makeRollState();
  const [own, ...others] = openSources({ ...options, onNotice }, () => {
    state.version++;
  });
  const sources: readonly Source[] = [own, ...others];
  const locations = alsoRead.length > 0 ? sources.map(({ location }) => location) : undefined;

  /**
   * A store whose listing takes seconds rests for as long before it is asked again; a clock set
   * back makes every view stale.
   */
  function isRecent(now = clock()): boolean {
    const age = now - state.refreshedAt;
    return age >= 0 && age <= Math.max(maxAgeMs, state.refreshMs);
  }

  /**
   * Where questions come all the time, nobody waits: the next refresh begins before the view is too
   * old.
   */
  function refreshAhead(now: number): void {
    const restMs = Math.max(maxAgeMs, state.refreshMs);
    if (
      state.refreshMs === 0 ||
      now - state.refreshedAt < Math.max(restMs / 2, restMs - AHEAD * state.refreshMs)
    )
      return;
    startRefreshAhead();
  }

  function startRefreshAhead(): void {
    if (!refreshesAhead || state.refreshing !== undefined) return;
    // If it fails, the view stands until it is too old, and then those who ask hear of it.
    startRefresh().catch(() => undefined);
  }

  function startRefresh(): Promise<void> {
    state.refreshing ??= refresh().finally(() => {
      state.refreshing = undefined;
    });
    return state.refreshing;
  }

  /** @param now when the question came */
  async function refreshOrJoin(now: number): Promise<void> {
    const isJoined = state.refreshing !== undefined;
    await startRefresh();
    if (isJoined && now - state.asOf > Math.max(STOOD_STILL_MS, 2 * state.refreshMs)) await startRefresh();
  }

  function load(): Promise<void> {
    state.loading ??= loadOnce().finally(() => {
      state.isLoaded = true;
    });
    return state.loading;
  }

  async function loadOnce(): Promise<void> {
    const loaded = await Promise.all(sources.map((source) => source.load(stop.signal)));
    const asOf = Math.min(...loaded.map((at) => at ?? Number.NEGATIVE_INFINITY));
    state.listedAt = asOf;
    // Nobody asked for the very latest, so the snapshot's own listing will do.
    if (maxAgeMs > DEFAULT_MAX_AGE_MS) state.asOf = state.refreshedAt = asOf;
  }

  async function refresh(): Promise<void> {
    if (!state.isLoaded) {
      await load();
      if (isRecent()) return;
    }
    const startedAt = clock();
    const isFirst = state.asOf === Number.NEGATIVE_INFINITY;
    const retryUnreadable = startedAt - state.triedUnreadableAt > RETRY_UNREADABLE_MS;
    const refreshing = { now: startedAt, retryUnreadable, signal: stop.signal };
    // Each to its end: what one store gave is kept, whatever another does.
    const outcomes = await Promise.allSettled(sources.map((source) => source.refresh(refreshing)));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    if (retryUnreadable) state.triedUnreadableAt = startedAt;
    const tables = sources.map(({ known }) => known.table);
    const gone = sources.map((source) => source.gone);
    takeClockWarnings(await clockCheck.findClockWarnings(tables, gone, clock()));
    state.asOf = state.listedAt = startedAt;
    state.refreshedAt = clock();
    // The first one reads every body and says nothing of how long the next will take.
    state.refreshMs = isFirst ? 0 : state.refreshedAt - startedAt;
    for (const source of sources) source.offer(state.asOf);
  }

  /** An answer with other warnings is another answer. */
  function takeClockWarnings(found: readonly string[]): void {
    if (found.join() === state.clockWarnings.join()) return;
    state.version++;
    state.clockWarnings = found;
    for (const warning of found) onNotice(warning);
  }

  function takeUnlisted(): void {
    for (const source of sources) source.takeUnlisted();
  }

  async function view(): Promise<RollView> {
    const now = clock();
    if (isRecent(now)) refreshAhead(now);
    else await refreshOrJoin(now);
    takeUnlisted();
    const { current } = state;
    // A future-dated report becomes an ordinary one as time passes, and the other way round where
    // the clock is set back, so that a later view of the same objects may hold other reports: what
    // was answered of the one is no answer of the other.
    const isOther = current?.hasFuture ? current.asOf !== state.asOf : (current?.asOf ?? 0) > state.asOf;
    if (current?.version === state.version && isOther) state.version++;
    if (state.current?.version !== state.version) {
      const { asOf, version, clockWarnings } = state;
      const states = sources.map(({ known }) => known);
      state.current = { ...buildView(states, { asOf, version, now: clock(), locations }), clockWarnings };
    } else if (state.current.asOf !== state.asOf) state.current = { ...state.current, asOf: state.asOf };
    return state.current;
  }

  /** Whether the last listing still tells where a host's objects are. */
  function knowsKeys(now: number): boolean {
    const age = now - state.listedAt;
    return age >= 0 && age <= Math.max(HOST_LISTING_AGE_MS, 2 * Math.max(maxAgeMs, state.refreshMs));
  }

  /** @returns undefined where only a listing can tell */
  async function viewKnownHost(id: string): Promise<RollView | undefined> {
    const now = clock();
    if (!knowsKeys(now)) return undefined;
    if (isRecent(now)) return await buildHostView(id, state.asOf);
    if (now - state.listedAt > HOST_LISTING_AGE_MS / 2) startRefreshAhead();
    const takeReadings = await readHostInAll(sources, id, stop.signal);
    // A listing that came meanwhile may have seen what is newer, within the store's same second.
    if (!takeReadings || state.listedAt > now) return undefined;
    takeReadings();
    // From what is known by now: another question may have read what is newer still.
    const view = await buildHostView(id, now);
    return state.listedAt < now ? { ...view, listedAt: state.listedAt } : view;
  }

  async function buildHostView(id: string, at: number): Promise<RollView> {
    const host = await cutToHostInAll(sources, id);
    // Versions of their own, below those of complete views.
    state.hostVersion--;
    const { hasFuture: _, ...view } = buildView(host, {
      asOf: at,
      version: state.hostVersion,
      now: clock(),
      locations,
    });
    return { ...view, clockWarnings: state.clockWarnings };
  }

  const unread = (): readonly string[] =>
    locations ? sources.filter(({ isBehind }) => isBehind).map(({ location }) => location) : [];

  return {
    view,

    async viewHost(id, account) {
      await load();
      const host = await viewKnownHost(id);
      return host && hasHost(host, id, account) ? host : await view();
    },

    peek() {
      const now = clock();
      if (!isRecent(now) || sources.some(({ hasUnlisted }) => hasUnlisted)) return undefined;
      refreshAhead(now);
      return state.current &&
        !state.current.hasFuture &&
        state.current.version === state.version &&
        state.current.asOf === state.asOf
        ? state.current
        : undefined;
    },

    partialView(reason) {
      const known = sources.map((source) => source.soFar());
      // A version of its own: no cache may take it for a complete view.
      state.version++;
      const now = clock();
      // The last whole listing, which may be the snapshot's.
      const wholeAt = Math.max(state.asOf, state.listedAt);
      const view = buildView(known, {
        asOf: wholeAt === Number.NEGATIVE_INFINITY ? now : wholeAt,
        version: state.version,
        now,
        locations,
      });
      const { changed = 0, read = 0 } = sumProgress(sources) ?? {};
      const away = unread();
      const named = away.length > 0 ? `${reason}; not read completely: ${away.join(", ")}` : reason;
      const { clockWarnings } = state;
      return { ...view, clockWarnings, partial: { reason: named, missing: changed - read } };
    },

    progress: () => sumProgress(sources),

    unread,

    note(entry, body) {
      if (!entry.isOvertaken) own.addReport({ entry, body: Buffer.from(body), isRead: false });
    },

    noteDeparture: own.addDeparture,

    async settle() {
      await Promise.all(sources.map((source) => source.settle()));
    },

    async close() {
      stop.abort(new Error("the reader was closed"));
      await state.refreshing?.catch(() => undefined);
      await Promise.all(sources.map((source) => source.settle()));
    },
  };
}
