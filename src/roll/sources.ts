// All sources of a roll: the store that is written, and those that are only read beside it.
import type { Clock } from "../report/clock.ts";
import { locateOthersSnapshot } from "../store/layout.ts";
import type { ReadStore, Store } from "../store/store.ts";
import type { Progress, Refreshed } from "./refresh.ts";
import { createSnapshots, type SnapshotMode } from "./snapshot.ts";
import { createSnapshotTrust } from "./snapshot-trust.ts";
import { createSource, type Source } from "./source.ts";
import { keyAt } from "./table.ts";

/** What all sources know of one host, and the keys of its reports. */
async function cutAll(sources: readonly Source[], id: string) {
  const cuts = await Promise.all(sources.map((source) => source.cut(id)));
  const all = cuts.flatMap(({ table }) => Array.from(table.rowOf, (_, at) => keyAt(table, at)));
  return { cuts, keys: [...new Set(all)].sort() };
}

/** What is known of one host, by source. */
export async function cutToHostInAll(sources: readonly Source[], id: string): Promise<Refreshed[]> {
  const { cuts, keys } = await cutAll(sources, id);
  return cuts.map((cut) => cut.under(keys));
}

/**
 * Reads a host's objects again where each source knows them to lie.
 *
 * @returns takes in what is new; undefined where only a listing can tell
 */
export async function readHostInAll(
  sources: readonly Source[],
  id: string,
  signal: AbortSignal,
): Promise<(() => void) | undefined> {
  const { cuts, keys } = await cutAll(sources, id);
  if (keys.length === 0) return undefined;
  const readings = await Promise.all(
    cuts.map(async (cut, at) => {
      const source = sources[at] as Source;
      return { source, found: await source.readAgain(cut, keys, signal) };
    }),
  );
  if (readings.some(({ found }) => !found)) return undefined;
  return () => {
    for (const { source, found } of readings) {
      for (const report of found?.reports.values() ?? []) source.addReport(report);
      for (const [key, receivedAt] of found?.departures ?? []) source.addDeparture(key, receivedAt);
    }
  };
}

export interface SourcesOptions {
  readonly store: Store;
  readonly alsoRead?: readonly ReadStore[];
  readonly clock: Clock;
  readonly snapshot?: SnapshotMode;
  readonly snapshotEveryMs?: number;
  readonly onNotice: (notice: string, error?: unknown) => void;
}

/** The store that is written, and the others; the snapshots of all lie in that one. */
export function openSources(
  { store, alsoRead = [], clock, snapshot: mode = "off", snapshotEveryMs, onNotice }: SourcesOptions,
  onChange: () => void,
): [own: Source, ...others: Source[]] {
  const trust = createSnapshotTrust(store, onNotice);
  const open = (read: ReadStore, prefix?: string): Source =>
    createSource({
      store: read,
      snapshots: createSnapshots({
        store,
        ...(prefix !== undefined && { prefix }),
        trust,
        clock,
        mode,
        saveEveryMs: snapshotEveryMs,
        onNotice,
      }),
      isOneOfSeveral: alsoRead.length > 0,
      onChange,
    });
  return [open(store), ...alsoRead.map((read) => open(read, locateOthersSnapshot(read.location)))];
}

/** How far the reading of all of them is. */
export function sumProgress(sources: readonly Source[]): Progress | undefined {
  const all = sources.flatMap(({ progress }) => progress ?? []);
  if (all.length === 0) return undefined;
  return {
    listed: all.reduce((sum, { listed }) => sum + listed, 0),
    isListed: all.length === sources.length && all.every(({ isListed }) => isListed),
    changed: all.reduce((sum, { changed }) => sum + changed, 0),
    read: all.reduce((sum, { read }) => sum + read, 0),
  };
}
