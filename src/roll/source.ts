// A source: one store that a roll reads, what is known of it, and how it is brought up to date.
import { type ReadStore, StoreError } from "../store/store.ts";
import { compactTable } from "./compaction.ts";
import { cutToHost, type HostCut, readHostAgain } from "./one-host.ts";
import { createRefresh, type GoneReports, type Progress, type Refresh, type Refreshed } from "./refresh.ts";
import { isSame } from "./roll-state.ts";
import type { Snapshots } from "./snapshot.ts";
import { EMPTY_TABLE } from "./table.ts";
import {
  addDeparture,
  addReport,
  isEmpty,
  makeUnlisted,
  overlayUnlisted,
  type Unlisted,
  type UnlistedReport,
} from "./unlisted.ts";
import { REFRESH_YIELDER } from "./yielder.ts";

/** Reports beyond the last listing that wait for the next view; more are taken in at once. */
const MAX_UNLISTED = 1000;

export interface Source {
  /** The store's URL, for people. */
  readonly location: string;
  /** What the listings, and what was put beyond them, have given so far. */
  readonly known: Refreshed;
  /** The same, and what the running refresh has read. */
  soFar(): Refreshed;
  /** How far the running refresh, or else the last one, has come. */
  readonly progress: Progress | undefined;
  /** Whether the last refresh was begun and did not end well. */
  readonly isBehind: boolean;
  /** What the listing of the last refresh showed of reports that are too old. */
  readonly gone: GoneReports;
  /**
   * Begins from the snapshot. @returns when its listing began, ms since the epoch; undefined where
   * there is none
   */
  load(signal: AbortSignal): Promise<number | undefined>;
  /**
   * Lists and reads everything that changed. What has been read by a failure is kept.
   *
   * @param now ms since the epoch
   * @throws whatever the store throws
   */
  refresh(options: {
    readonly now: number;
    readonly retryUnreadable: boolean;
    readonly signal: AbortSignal;
  }): Promise<void>;
  /** Offers what is known to be saved. @param asOf when its listing began; ms since the epoch */
  offer(asOf: number): void;
  /** Resolves when no snapshot is being written. */
  settle(): Promise<void>;
  /** Whether something is known beyond the listing that the next view must take in. */
  readonly hasUnlisted: boolean;
  takeUnlisted(): void;
  addReport(report: UnlistedReport): void;
  addDeparture(key: string, receivedAt: number): void;
  /** What is known of one host. */
  cut(id: string): Promise<HostCut>;
  /**
   * Reads a host's objects again where they are known to lie.
   *
   * @param keys of the host's reports in all stores: departures from them may lie in any
   * @returns what is new; undefined where only a listing can tell
   * @throws StoreError if the store does not answer
   */
  readAgain(host: HostCut, keys: readonly string[], signal: AbortSignal): Promise<Unlisted | undefined>;
}

export interface SourceOptions {
  readonly store: ReadStore;
  readonly snapshots: Snapshots;
  /** Whether failures say of which store they speak. */
  readonly isOneOfSeveral: boolean;
  /** Told when what is known has become another. */
  readonly onChange: () => void;
}

/** Makes a source. Nothing is read yet. */
export function createSource({ store, snapshots, isOneOfSeveral, onChange }: SourceOptions): Source {
  let known: Refreshed = { table: EMPTY_TABLE, problems: [], problemCount: 0, departures: [] };
  /** Beyond the listing: since the last view, and since the running refresh began. */
  let unlisted = makeUnlisted();
  let unlistedMeanwhile = makeUnlisted();
  let running: Refresh | undefined;
  let lastProgress: Progress | undefined;
  let gone: GoneReports = { count: 0, newest: Number.NEGATIVE_INFINITY };
  let isBehind = false;

  function adopt(refreshed: Refreshed): void {
    const isOther = !isSame(known, refreshed);
    known = refreshed;
    if (isOther) onChange();
  }

  function takeUnlisted(): void {
    if (isEmpty(unlisted)) return;
    adopt(overlayUnlisted(known, unlisted));
    unlisted = makeUnlisted();
  }

  /** Where several stores are read, a failure that does not say whose it is helps nobody. */
  async function naming<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw isOneOfSeveral && error instanceof StoreError ? error.nameStore(store.location) : error;
    }
  }

  return {
    location: store.location,
    get known() {
      return known;
    },
    soFar() {
      if (running) return running.soFar();
      takeUnlisted();
      return known;
    },
    get progress() {
      return running?.progress() ?? lastProgress;
    },
    get isBehind() {
      return isBehind;
    },
    get gone() {
      return gone;
    },

    async load(signal) {
      const loaded = await snapshots.load(signal);
      if (loaded) adopt(loaded);
      return loaded?.asOf;
    },

    async refresh({ now, retryUnreadable, signal }) {
      takeUnlisted();
      unlistedMeanwhile = makeUnlisted();
      isBehind = true;
      const one = createRefresh({ store, ...known, now, retryUnreadable, signal });
      running = one;
      try {
        const refreshed = await naming(one.run());
        adopt(compact(overlayUnlisted(refreshed, unlistedMeanwhile)));
        gone = one.gone();
        isBehind = false;
      } catch (error) {
        const { table, departures } = one.soFar();
        adopt(compact(overlayUnlisted({ ...known, table, departures }, unlistedMeanwhile)));
        throw error;
      } finally {
        lastProgress = one.progress();
        running = undefined;
      }
    },

    offer: (asOf) => snapshots.offer({ ...known, asOf }, lastProgress?.read ?? 0),
    settle: () => snapshots.settle(),

    get hasUnlisted() {
      return !isEmpty(unlisted);
    },
    takeUnlisted,

    addReport(report) {
      addReport(unlisted, report);
      if (running) addReport(unlistedMeanwhile, report);
      if (unlisted.reports.size > MAX_UNLISTED && !running) takeUnlisted();
    },

    addDeparture(key, receivedAt) {
      addDeparture(unlisted, key, receivedAt);
      if (running) addDeparture(unlistedMeanwhile, key, receivedAt);
    },

    cut: (id) => cutToHost(known, unlisted, id, REFRESH_YIELDER),

    readAgain: (host, keys, signal) => naming(readHostAgain(store, host, keys, REFRESH_YIELDER, signal)),
  };
}

function compact(state: Refreshed): Refreshed {
  return { ...state, table: compactTable(state.table) };
}
