// What a path held, and when: the looks at it in order, by the clock since boot. Pure.

/**
 * `sha256:…`; `absent`; or, of a file that may not be read or is too large,
 * `facts:SIZE:INODE:MTIME`.
 */
export type Content = string;

export const ABSENT: Content = "absent";

/** Before this boot, or nobody knows how long before: as a time since boot. */
export const BEFORE_BOOT = -1;

/** Looks one after the other that found the same content. Times are ms since boot. */
export interface ContentRun {
  readonly content: Content;
  /** Where the path led at the last of these looks. */
  readonly real: string;
  /** Of the file that was found at the last of them; what is compared before anything is read. */
  readonly identity: string;
  /**
   * The file was so young when it was read that another change may not have moved its times: it is
   * read again.
   */
  readonly isRacy?: boolean | undefined;
  /** The first and the last of these looks. */
  readonly from: number;
  readonly to: number;
  /** Between which times the content came to be: the ctime, if the wall clock can be believed. */
  readonly lo: number;
  readonly hi: number;
  /** The same for people: ms since the epoch. */
  readonly since: number;
  /** The link that was turned. */
  readonly link?: string | undefined;
}

/** A time in which the wall clock was not stepped, as far as was seen. Times are ms since boot. */
export interface ClockEpoch {
  readonly from: number;
  readonly to: number;
  /** Wall clock less boot clock; ms. */
  readonly offset: number;
}

/** Offsets that differ by more are a step; less is how exactly both clocks are read; ms. */
export const STEP_MS = 1000;

/** By so much the kernel's time stamps, and our reading of both clocks, are off; ms. */
const SLACK_MS = 500;

/** A file's times are coarse, 10 ms on most file systems and 2 s on some. */
const RACY_MS = 2000;

/** Looks of one path that are remembered. */
export const MAX_REMEMBERED_LOOKS = 16;

/** When a look was: since boot, and what the wall clock has more; ms. */
export interface ClockReading {
  readonly now: number;
  readonly offset: number;
}

/** What one look found. */
export interface FileObservation {
  readonly content: Content;
  readonly real: string;
  readonly identity: string;
  /**
   * The newest ctime of the file and the links to it, ms since the epoch; undefined for what is not
   * there.
   */
  readonly changedAt: number | undefined;
  /** Of the links on the way the newest, and whether it is newer than the file. */
  readonly newestLink?: { readonly path: string; readonly isNewest: boolean } | undefined;
}

/**
 * Adds a look to a path's history.
 *
 * @param epochs of the wall clock in this boot, the last one being that of the look
 */
export function addObservation(
  runs: readonly ContentRun[],
  observation: FileObservation,
  epochs: readonly ClockEpoch[],
  reading: ClockReading,
): readonly ContentRun[] {
  const last = runs.at(-1);
  const { now, offset } = reading;
  const { content, real, identity, changedAt } = observation;
  const isYoung = changedAt !== undefined && isRacy(changedAt, reading);
  if (last?.content === content) {
    return [...runs.slice(0, -1), { ...last, real, identity, isRacy: isYoung || undefined, to: now }];
  }
  const { lo, hi } = last
    ? placeChange(changedAt, last.to, epochs, reading)
    : placeFirst(changedAt, epochs, reading);
  const isBelieved = lo === hi && changedAt !== undefined;
  const isTurned = last ? last.real !== real : observation.newestLink?.isNewest;
  const link = isTurned ? observation.newestLink?.path : undefined;
  const run: ContentRun = {
    content,
    real,
    identity,
    ...(isYoung && { isRacy: true }),
    from: now,
    to: now,
    lo,
    hi,
    since: Math.round(isBelieved ? changedAt : now + offset),
    ...(link !== undefined && { link }),
  };
  return [...runs, run].slice(-MAX_REMEMBERED_LOOKS);
}

/** Whether a file has just changed: another change now might leave it with the same times. */
export function isRacy(changedAt: number, { now, offset }: ClockReading): boolean {
  return Math.abs(now + offset - changedAt) < RACY_MS;
}

/**
 * Of a change between two looks. Where the wall clock was stepped between them, its ctime says
 * nothing.
 */
function placeChange(
  changedAt: number | undefined,
  since: number,
  epochs: readonly ClockEpoch[],
  { now, offset }: ClockReading,
) {
  const window = { lo: since, hi: now };
  const isSteady = epochs.every((epoch) => epoch.to < since || Math.abs(epoch.offset - offset) <= STEP_MS);
  if (changedAt === undefined || !isSteady) return window;
  const at = changedAt - offset;
  if (at < since - SLACK_MS || at > now + SLACK_MS) return window;
  const placed = Math.min(Math.max(at, since), now);
  return { lo: placed, hi: placed };
}

/**
 * Of content that was there at the first look: by each epoch in which the wall clock may have
 * stamped it.
 */
function placeFirst(
  changedAt: number | undefined,
  epochs: readonly ClockEpoch[],
  { now, offset }: ClockReading,
) {
  if (changedAt === undefined) return { lo: BEFORE_BOOT, hi: now };
  const candidates = epochs.flatMap((epoch, index) => {
    const at = changedAt - (index === epochs.length - 1 ? offset : epoch.offset);
    const earliest = epochs[index - 1]?.to ?? Number.NEGATIVE_INFINITY;
    const latest = epochs[index + 1]?.from ?? now;
    return at >= earliest - SLACK_MS && at <= latest + SLACK_MS
      ? [Math.min(Math.max(at, BEFORE_BOOT), now)]
      : [];
  });
  if (candidates.length === 0) return { lo: BEFORE_BOOT, hi: now };
  return { lo: Math.min(...candidates), hi: Math.max(...candidates) };
}

/** What a path held at some time. */
export type ContentAtTime =
  /** `isByClock`: no look says so, but the ctime of what was found later. */
  | { readonly content: Content; readonly isByClock: boolean; readonly index: number }
  /**
   * Something else than the run `before` which it was there, by the clock; `perhaps` what was seen
   * before that.
   */
  | { readonly other: number; readonly perhaps: Content | undefined }
  | undefined;

/** Finds out what a path held at a time since boot; undefined if it cannot be told. */
export function findContentAt(runs: readonly ContentRun[], at: number): ContentAtTime {
  const index = runs.findLastIndex(({ from }) => from <= at);
  const run = runs[index];
  const next = runs[index + 1];
  if (run && (!next || at <= run.to)) return { content: run.content, isByClock: false, index };
  if (!next) return undefined;
  if (next.hi <= at) return { content: next.content, isByClock: true, index: index + 1 };
  if (next.lo > at) return { other: index + 1, perhaps: run?.content };
  return undefined;
}

/** `unclear`: at least one of the two could not be read. */
export function compareContents(a: Content, b: Content): "same" | "other" | "unclear" {
  if (a === b) return "same";
  const isFacts = (content: Content) => content.startsWith("facts:");
  if (!isFacts(a) && !isFacts(b)) return "other";
  if (a === ABSENT || b === ABSENT) return "other";
  const [, sizeA] = a.split(":");
  const [, sizeB] = b.split(":");
  return isFacts(a) && isFacts(b) && sizeA !== sizeB ? "other" : "unclear";
}

/** Puts together what two observers saw of one path in one boot. */
export function mergeRuns(ours: readonly ContentRun[], theirs: readonly ContentRun[]): readonly ContentRun[] {
  const merged: ContentRun[] = [];
  for (const run of [...ours, ...theirs].sort((a, b) => a.from - b.from || a.to - b.to)) {
    const last = merged.at(-1);
    if (last?.content !== run.content) merged.push(run);
    else
      merged[merged.length - 1] = {
        ...(run.to > last.to ? run : last),
        from: last.from,
        to: Math.max(last.to, run.to),
        lo: last.lo,
        hi: last.hi,
        since: last.since,
        link: last.link,
      };
  }
  // The newest look is what is there now.
  const newest = merged.reduce<ContentRun | undefined>(
    (found, run) => (found && found.to >= run.to ? found : run),
    undefined,
  );
  if (newest && merged.at(-1) !== newest)
    merged.push({ ...newest, from: newest.to, lo: merged.at(-1)?.to ?? newest.lo, hi: newest.to });
  return merged.slice(-MAX_REMEMBERED_LOOKS);
}
