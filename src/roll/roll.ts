// The reader: keeps every report of a store in memory, packed, and brings it up to date by one
// listing and the bodies that changed.
import { setMaxListeners } from "node:events";
import type { Clock } from "../report/clock.ts";
import type { PutOutcome, Store } from "../store/store.ts";
import { createClockCheck } from "./clock-check.ts";
import { compactTable } from "./compaction.ts";
import { cutToHost, readHostAgain } from "./one-host.ts";
import { createRefresh, type Progress, type Refreshed } from "./refresh.ts";
import { isSame, makeRollState } from "./roll-state.ts";
import { createSnapshots, type SnapshotMode } from "./snapshot.ts";
import {
  addDeparture,
  addReport,
  isEmpty,
  makeUnlisted,
  overlayUnlisted,
  type UnlistedReport,
} from "./unlisted.ts";
import { buildView, hasHost, type RollView } from "./view.ts";
import { REFRESH_YIELDER } from "./yielder.ts";

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

/** Reports beyond the last listing that wait for the next view; more are taken in at once. */
const MAX_UNLISTED = 1000;

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
  readonly store: Store;
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
  const {
    store,
    clock,
    maxAgeMs = DEFAULT_MAX_AGE_MS,
    snapshotEveryMs,
    onNotice = () => undefined,
  } = options;
  const { snapshot = "off", refreshesAhead = true } = options;
  const snapshots = createSnapshots({ store, clock, mode: snapshot, saveEveryMs: snapshotEveryMs, onNotice });
  const clockCheck = createClockCheck({ store, clock });
  const stop = new AbortController();
  // Every question about one host listens to it.
  setMaxListeners(0, stop.signal);
  const state = makeRollState();

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
    const loaded = await snapshots.load(stop.signal);
    if (!loaded) return;
    adopt(loaded);
    state.listedAt = loaded.asOf;
    // Nobody asked for the very latest, so the snapshot's own listing will do.
    if (maxAgeMs > DEFAULT_MAX_AGE_MS) state.asOf = state.refreshedAt = loaded.asOf;
  }

  function adopt(refreshed: Refreshed): void {
    if (!isSame(state.known, refreshed)) state.version++;
    state.known = refreshed;
  }

  async function refresh(): Promise<void> {
    if (!state.isLoaded) {
      await load();
      if (isRecent()) return;
    }
    const startedAt = clock();
    takeUnlisted();
    state.unlistedMeanwhile = makeUnlisted();
    const isFirst = state.asOf === Number.NEGATIVE_INFINITY;
    const retryUnreadable = startedAt - state.triedUnreadableAt > RETRY_UNREADABLE_MS;
    const one = createRefresh({
      store,
      ...state.known,
      now: startedAt,
      retryUnreadable,
      signal: stop.signal,
    });
    state.running = one;
    try {
      const refreshed = await one.run();
      adopt(compact(overlayUnlisted(refreshed, state.unlistedMeanwhile)));
      if (retryUnreadable) state.triedUnreadableAt = startedAt;
      takeClockWarnings(await clockCheck.findClockWarnings(state.known.table, one.gone(), clock()));
      state.asOf = state.listedAt = startedAt;
      state.refreshedAt = clock();
      // The first one reads every body and says nothing of how long the next will take.
      state.refreshMs = isFirst ? 0 : state.refreshedAt - startedAt;
      snapshots.offer({ ...state.known, asOf: state.asOf }, one.progress().read);
    } catch (error) {
      const { table, departures } = one.soFar();
      adopt(compact(overlayUnlisted({ ...state.known, table, departures }, state.unlistedMeanwhile)));
      throw error;
    } finally {
      state.lastProgress = one.progress();
      state.running = undefined;
    }
  }

  /** An answer with other warnings is another answer. */
  function takeClockWarnings(found: readonly string[]): void {
    if (found.join() === state.clockWarnings.join()) return;
    state.version++;
    state.clockWarnings = found;
    for (const warning of found) onNotice(warning);
  }

  function takeUnlisted(): void {
    if (isEmpty(state.unlisted)) return;
    adopt(overlayUnlisted(state.known, state.unlisted));
    state.unlisted = makeUnlisted();
  }

  function addUnlistedReport(report: UnlistedReport): void {
    addReport(state.unlisted, report);
    if (state.running) addReport(state.unlistedMeanwhile, report);
    if (state.unlisted.reports.size > MAX_UNLISTED && !state.running) takeUnlisted();
  }

  function addUnlistedDeparture(key: string, receivedAt: number): void {
    addDeparture(state.unlisted, key, receivedAt);
    if (state.running) addDeparture(state.unlistedMeanwhile, key, receivedAt);
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
    if (state.current?.version !== state.version)
      state.current = {
        ...buildView(state.known, { asOf: state.asOf, version: state.version, now: clock() }),
        clockWarnings: state.clockWarnings,
      };
    else if (state.current.asOf !== state.asOf) state.current = { ...state.current, asOf: state.asOf };
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
    const host = await cutToHost(state.known, state.unlisted, id, REFRESH_YIELDER);
    const found = await readHostAgain(store, host, REFRESH_YIELDER, stop.signal);
    // A listing that came meanwhile may have seen what is newer, within the store's same second.
    if (!found || state.listedAt > now) return undefined;
    for (const report of found.reports.values()) addUnlistedReport(report);
    for (const [key, receivedAt] of found.departures) addUnlistedDeparture(key, receivedAt);
    // From what is known by now: another question may have read what is newer still.
    const view = await buildHostView(id, now);
    return state.listedAt < now ? { ...view, listedAt: state.listedAt } : view;
  }

  async function buildHostView(id: string, at: number): Promise<RollView> {
    const host = await cutToHost(state.known, state.unlisted, id, REFRESH_YIELDER);
    // Versions of their own, below those of complete views.
    state.hostVersion--;
    const { hasFuture: _, ...view } = buildView(host, {
      asOf: at,
      version: state.hostVersion,
      now: clock(),
    });
    return { ...view, clockWarnings: state.clockWarnings };
  }

  return {
    view,

    async viewHost(id, account) {
      await load();
      const host = await viewKnownHost(id);
      return host && hasHost(host, id, account) ? host : await view();
    },

    peek() {
      const now = clock();
      if (!isRecent(now) || !isEmpty(state.unlisted)) return undefined;
      refreshAhead(now);
      return state.current &&
        !state.current.hasFuture &&
        state.current.version === state.version &&
        state.current.asOf === state.asOf
        ? state.current
        : undefined;
    },

    partialView(reason) {
      if (!state.running) takeUnlisted();
      const refreshed = state.running?.soFar() ?? state.known;
      const { changed = 0, read = 0 } = state.running?.progress() ?? state.lastProgress ?? {};
      // A version of its own: no cache may take it for a complete view.
      state.version++;
      const now = clock();
      // The last whole listing, which may be the snapshot's.
      const wholeAt = Math.max(state.asOf, state.listedAt);
      const view = buildView(refreshed, {
        asOf: wholeAt === Number.NEGATIVE_INFINITY ? now : wholeAt,
        version: state.version,
        now,
      });
      return { ...view, clockWarnings: state.clockWarnings, partial: { reason, missing: changed - read } };
    },

    progress: () => state.running?.progress() ?? state.lastProgress,

    note(entry, body) {
      if (entry.isOvertaken) return;
      addUnlistedReport({ entry, body: Buffer.from(body), isRead: false });
    },

    noteDeparture: addUnlistedDeparture,

    settle: () => snapshots.settle(),

    async close() {
      stop.abort(new Error("the reader was closed"));
      await state.refreshing?.catch(() => undefined);
      await snapshots.settle();
    },
  };
}

function compact(state: Refreshed): Refreshed {
  return { ...state, table: compactTable(state.table) };
}
