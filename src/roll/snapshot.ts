// The snapshot: the roll saved in the store, so that a new process reads a few objects and then
// only the difference.
import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import pMap from "p-map";
import type { Clock } from "../report/clock.ts";
import { REPORTS_PREFIX } from "../report/key.ts";
import { locateSnapshotManifest, locateSnapshotPiece, SNAPSHOT_PREFIX } from "../store/layout.ts";
import { PreconditionFailed, type Store } from "../store/store.ts";
import type { Segment } from "./segment.ts";
import {
  BrokenSnapshot,
  type DatedState,
  decodeIndex,
  decodeManifest,
  decodeSegment,
  encodeIndex,
  encodeManifest,
  encodeSegment,
  MAX_PIECE_BYTES,
  type Manifest,
  type SnapshotPart,
} from "./snapshot-format.ts";
import type { SnapshotTrust } from "./snapshot-trust.ts";
import { keyAt } from "./table.ts";

const gzipBytes = promisify(gzip);
const gunzipBytes = promisify(gunzip);

/** `use` begins from the snapshot, `keep` writes it as well, `off` does neither. */
export type SnapshotMode = "off" | "use" | "keep";

const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;

/** Quick, and within a fifth of the best ratio for reports (docs/benchmarks.md). */
const GZIP = { level: 1 } as const;

/**
 * A snapshot is written at most so often by all readers together: four PUTs each. What is missing
 * in it is read as it always was.
 */
const SAVE_EVERY_MS = 5 * 60_000;

/** After a failure, such as a missing right to write, it is tried again no sooner. */
const PAUSE_MS = 15 * 60_000;

/**
 * Bodies read since the last save that make another one worth while, and the share of the roll that
 * they should be.
 */
const MIN_READ = 100;
const MIN_READ_SHARE = 0.01;

/**
 * A piece that no manifest names is removed this long after it was written: others may be about to
 * name it, or to read it.
 */
const GRACE_MS = 60 * 60_000;

/** A snapshot that takes longer to read is given up: the store itself has everything. */
const LOAD_TIMEOUT_MS = 10_000;

/** Pieces read or written at a time. */
const CONCURRENCY = 16;

export interface Snapshots {
  /** Reads the snapshot. @returns undefined if there is none that can be used */
  load(signal: AbortSignal): Promise<DatedState | undefined>;
  /**
   * Offers a state to be saved; begins to if it is time. @param read bodies that were read to make
   * it
   */
  offer(state: DatedState, read: number): void;
  /** Resolves when nothing is being written. */
  settle(): Promise<void>;
}

export interface SnapshotOptions {
  /** Where the snapshot lies, and below which prefix. */
  readonly store: Store;
  readonly prefix?: string;
  /** Of that store, shared by all that read or write snapshots there. */
  readonly trust: SnapshotTrust;
  readonly clock: Clock;
  readonly mode: SnapshotMode;
  readonly onNotice: (notice: string, error?: unknown) => void;
  readonly saveEveryMs?: number | undefined;
}

/** Makes the one who reads and writes the snapshot. */
export function createSnapshots(options: SnapshotOptions): Snapshots {
  const { store, prefix = SNAPSHOT_PREFIX, trust, clock, mode, onNotice } = options;
  const { saveEveryMs = SAVE_EVERY_MS } = options;
  const manifestKey = locateSnapshotManifest(prefix);
  /** @param name of the piece: the hash of its bytes */
  const locatePiece = (name: string): string => locateSnapshotPiece(prefix, name);
  /** Segments of this process that lie in the store. */
  const saved = new WeakMap<Segment, SnapshotPart>();
  let ours: string | undefined;
  let savedAt = Number.NEGATIVE_INFINITY;
  let sweptAt = Number.NEGATIVE_INFINITY;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let readSince = 0;
  let saving: Promise<void> | undefined;

  async function readManifest(
    signal?: AbortSignal,
  ): Promise<{ manifest: Manifest; etag: string } | undefined> {
    const found = await store.get(manifestKey, { maxBytes: MAX_MANIFEST_BYTES, signal });
    return found && { manifest: decodeManifest(found.body), etag: found.etag };
  }

  async function readPiece({ name, bytes }: SnapshotPart, signal: AbortSignal): Promise<Buffer> {
    const found = await store.get(locatePiece(name), { maxBytes: bytes, signal });
    if (!found) throw new BrokenSnapshot("a piece of it is gone");
    if (hash(found.body) !== name) throw new BrokenSnapshot("a piece of it is damaged");
    return await gunzipBytes(found.body, { maxOutputLength: MAX_PIECE_BYTES });
  }

  async function read(signal: AbortSignal): Promise<DatedState | undefined> {
    const found = await readManifest(signal);
    if (!found) return undefined;
    const { manifest, etag } = found;
    // Before anything of it is decoded.
    if (await trust.look(signal)) return undefined;
    const index = readPiece(manifest.index, signal);
    // Its failure is met below; until then it must not count as unhandled.
    index.catch(() => undefined);
    const segments = await pMap(
      manifest.segments,
      async (piece) => {
        const segment = decodeSegment(await readPiece(piece, signal));
        saved.set(segment, piece);
        return segment;
      },
      { concurrency: CONCURRENCY },
    );
    const state = decodeIndex(await index, segments);
    ours = etag;
    savedAt = manifest.asOf;
    return state;
  }

  async function writePiece(bytes: Buffer): Promise<SnapshotPart> {
    const body = await gzipBytes(bytes, GZIP);
    const piece = { name: hash(body), bytes: body.length };
    await store.put(locatePiece(piece.name), body);
    return piece;
  }

  async function saveSegment(segment: Segment): Promise<SnapshotPart> {
    const piece = saved.get(segment) ?? (await writePiece(encodeSegment(segment)));
    saved.set(segment, piece);
    return piece;
  }

  async function save(state: DatedState): Promise<void> {
    // A manifest that cannot be understood is another version's, or broken: it is replaced.
    const current = await store.get(manifestKey, { maxBytes: MAX_MANIFEST_BYTES });
    const theirs = current && readAsOf(current.body);
    if (current && current.etag !== ours && theirs !== undefined && state.asOf - theirs < saveEveryMs) {
      // Another reader keeps it.
      savedAt = theirs;
      return;
    }
    const isTakeover = current?.etag !== ours;
    if (isTakeover) await dropMissing(state);
    const segments = await pMap(state.table.segments, saveSegment, { concurrency: CONCURRENCY });
    const index = await writePiece(encodeIndex(state));
    const manifest = encodeManifest({ asOf: state.asOf, index, segments });
    const condition = current ? { ifMatch: current.etag } : { ifNoneMatch: "*" as const };
    const written = await store.put(manifestKey, manifest, condition);
    ours = written.etag;
    savedAt = state.asOf;
    readSince = 0;
    // Between our look and our manifest another reader may have removed pieces that only we knew to
    // be of use.
    if (isTakeover && (await dropMissing(state)) > 0)
      await pMap(state.table.segments, saveSegment, { concurrency: CONCURRENCY });
    await sweep(new Set([index, ...segments].map(({ name }) => locatePiece(name))), written.lastModified);
  }

  /** Forgets that segments were saved whose pieces are no longer there. @returns how many */
  async function dropMissing({ table }: DatedState): Promise<number> {
    const present = new Set<string>();
    for await (const page of store.list(prefix)) for (const { key } of page) present.add(key);
    const missing = table.segments.filter((segment) => {
      const piece = saved.get(segment);
      return piece && !present.has(locatePiece(piece.name));
    });
    for (const segment of missing) saved.delete(segment);
    return missing.length;
  }

  /**
   * Removes pieces that no manifest has named for some time: by this machine's clock and by the
   * store's, since by one that is ahead a piece that another reader is about to name would seem
   * old.
   *
   * @param writtenAt when the store has just received something, by its word
   */
  async function sweep(inUse: ReadonlySet<string>, writtenAt: number): Promise<void> {
    const now = clock();
    if (now - sweptAt < GRACE_MS) return;
    sweptAt = now;
    // A folder's files bear the time of those who wrote them, so its file system is asked.
    const latest = Math.min(now, store.now ? await store.now() : writtenAt);
    for await (const page of store.list(prefix)) {
      const old = page.filter(
        ({ key, lastModified }) => key !== manifestKey && !inUse.has(key) && latest - lastModified > GRACE_MS,
      );
      await pMap(old, ({ key }) => store.delete(key), { concurrency: CONCURRENCY });
    }
  }

  return {
    async load(signal) {
      if (mode === "off") return undefined;
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(LOAD_TIMEOUT_MS)]);
      setMaxListeners(0, bounded);
      try {
        // A writer may have replaced it while we read, and its old pieces may be gone: then the new
        // one will do.
        return await read(bounded).catch((error: unknown) => {
          if (error instanceof BrokenSnapshot) return read(bounded);
          throw error;
        });
      } catch (error) {
        signal.throwIfAborted();
        onNotice("the snapshot cannot be used; reading every report instead", error);
        return undefined;
      }
    },

    offer(state, read) {
      readSince += read;
      const now = clock();
      const isWorthwhile = readSince >= Math.max(MIN_READ, state.table.rowOf.length * MIN_READ_SHARE);
      const isDue = state.asOf - savedAt >= saveEveryMs || state.asOf < savedAt;
      if (mode !== "keep" || saving || !isWorthwhile || !isDue || now < pausedUntil) return;
      // Of another store its top says nothing of who may write here.
      const top = prefix === SNAPSHOT_PREFIX ? findTop(state) : undefined;
      if (top !== undefined) trust.lose(top);
      if (trust.isLost) return;
      saving = save(state)
        .catch((error: unknown) => {
          // Another reader was quicker: its snapshot is as good.
          if (error instanceof PreconditionFailed) return;
          pausedUntil = clock() + PAUSE_MS;
          onNotice("the snapshot could not be written; the next try is in 15 minutes", error);
        })
        .finally(() => {
          saving = undefined;
        });
    },

    async settle() {
      await saving;
    },
  };
}

/** The key of a report at the top of the store: they come before all others, or after. */
function findTop({ table }: DatedState): string | undefined {
  const count = table.rowOf.length;
  if (count === 0) return undefined;
  return [keyAt(table, 0), keyAt(table, count - 1)].find((key) => !key.startsWith(REPORTS_PREFIX));
}

function readAsOf(body: Buffer): number | undefined {
  try {
    return decodeManifest(body).asOf;
  } catch (error) {
    if (error instanceof BrokenSnapshot) return undefined;
    throw error;
  }
}

function hash(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
