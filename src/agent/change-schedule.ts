// The change schedule: when to look at what changed. The first change is looked at once, a deploy
// when it pauses, and a file that never rests now and then. Pure but for the clock that is passed
// in.

/** A change is often the first of several: a file is emptied, then written; ms. */
const SETTLE_MS = 100;

/**
 * What goes on is looked at when it has paused for so long, and when it has lasted for so long; ms.
 * Both double as looks bring news again and again.
 */
const QUIET_MS = 1000;
const LONGEST_MS = 4000;
const MOST_MS = 60_000;

/**
 * Looks with news that are forgotten again; each counts for so long, ms. A look without news counts
 * for a tenth.
 */
const FORGET_MS = 60_000;
const NO_NEWS = 0.1;

/** So many looks with news at a path or glob, and pauses have to be longer. */
const CALM_LOOKS = 10;

/**
 * A file that changes on and on for so long, ms, with pauses shorter than this, or whose changes
 * were news so often, is restless: nothing else waits for it.
 */
const RESTLESS_MS = 5000;
const RUN_GAP_MS = 2000;
const RESTLESS_LOOKS = 6;

/** Files that are told apart, at most. */
const MAX_SOURCES = 1000;

/** Changes that wait to be looked at. */
export interface ChangeSchedule {
  /**
   * Takes note of a change. @param source the file that changed. @returns whether it is the first
   * one of its file that waits
   */
  note(changed: string, source: string): boolean;
  /** When something is to be looked at; Infinity if nothing waits. */
  readonly dueAt: number;
  /** Takes what is due, or all that waits: paths and globs, each once. */
  take(all: boolean): readonly string[];
  /** Told of the look at what was taken last: whether it brought news. */
  judge(hasNews: boolean): void;
}

/** Counts what is forgotten as time goes by. */
interface DecayingCount {
  value: number;
  at: number;
}

interface ChangedFile {
  readonly news: DecayingCount;
  /** Since when it changes on and on, and when it changed last. */
  runFrom: number;
  lastAt: number;
}

interface PendingChange {
  readonly given: Set<string>;
  readonly firstAt: number;
  lastAt: number;
  /** It came after a pause, and is looked at at once. */
  readonly isFirst: boolean;
  isRestless: boolean;
}

/** Makes a schedule. @param monotonic ms from some fixed instant */
export function createChangeSchedule(monotonic: () => number): ChangeSchedule {
  const sources = new Map<string, ChangedFile>();
  const givens = new Map<string, DecayingCount>();
  const waiting = new Map<string, PendingChange>();
  let taken: DecayingCount[] = [];
  /** When anything changed last that is not restless. */
  let lastAt = Number.NEGATIVE_INFINITY;

  function read(count: DecayingCount | undefined): number {
    return count ? Math.max(0, count.value - (monotonic() - count.at) / FORGET_MS) : 0;
  }

  function findSource(name: string): ChangedFile {
    const known = sources.get(name);
    if (known) return known;
    if (sources.size >= MAX_SOURCES) {
      for (const [other, { news }] of sources)
        if (!waiting.has(other) && read(news) === 0) sources.delete(other);
    }
    const now = monotonic();
    const source = { news: { value: 0, at: now }, runFrom: now, lastAt: now };
    sources.set(name, source);
    return source;
  }

  function findCount(given: string): DecayingCount {
    const count = givens.get(given) ?? { value: 0, at: monotonic() };
    givens.set(given, count);
    return count;
  }

  function note(changed: string, file: string): boolean {
    const now = monotonic();
    // Too many to be told apart: they are one.
    const name = sources.has(file) || sources.size < MAX_SOURCES ? file : changed;
    const source = findSource(name);
    if (now - source.lastAt > RUN_GAP_MS) source.runFrom = now;
    source.lastAt = now;
    const isRestless = now - source.runFrom > RESTLESS_MS || read(source.news) >= RESTLESS_LOOKS;
    const one = waiting.get(name);
    if (one) {
      one.given.add(changed);
      one.lastAt = now;
      one.isRestless = isRestless;
    } else {
      const isFirst = !isRestless && now - lastAt >= quiet(read(givens.get(changed)) - CALM_LOOKS);
      waiting.set(name, { given: new Set([changed]), firstAt: now, lastAt: now, isFirst, isRestless });
    }
    if (!isRestless) lastAt = now;
    return !one;
  }

  /** When what waits for each path or glob is due, and when each restless file. */
  function findDue(): { readonly calm: number; readonly restless: number } {
    const spans = new Map<string, { first: number; last: number }>();
    let calm = Number.POSITIVE_INFINITY;
    let restless = Number.POSITIVE_INFINITY;
    for (const [name, one] of waiting) {
      if (one.isRestless) {
        const news = read(sources.get(name)?.news);
        restless = Math.min(
          restless,
          one.lastAt + quiet(news - RESTLESS_LOOKS + 1),
          one.firstAt + longest(news),
        );
        continue;
      }
      if (one.isFirst) calm = Math.min(calm, one.firstAt + SETTLE_MS);
      for (const given of one.given) {
        const span = spans.get(given) ?? { first: one.firstAt, last: one.lastAt };
        spans.set(given, { first: Math.min(span.first, one.firstAt), last: Math.max(span.last, one.lastAt) });
      }
    }
    for (const [given, { first, last }] of spans) {
      const news = read(givens.get(given));
      calm = Math.min(calm, last + quiet(news - CALM_LOOKS), first + longest(news));
    }
    return { calm, restless };
  }

  return {
    note,
    get dueAt() {
      const { calm, restless } = findDue();
      return Math.min(calm, restless);
    },
    take(all) {
      const { calm, restless } = findDue();
      const now = monotonic();
      // What is restless is looked at together, and beside nothing else: neither waits for the
      // other.
      const isDue = ({ isRestless }: PendingChange) => all || now >= (isRestless ? restless : calm);
      const due = [...waiting].filter(([, one]) => isDue(one));
      const counts = due.flatMap(([name, { given, isRestless }]) => [
        findSource(name).news,
        ...(isRestless ? [] : [...given].map(findCount)),
      ]);
      for (const [name] of due) waiting.delete(name);
      taken = [...new Set(counts)];
      return [...new Set(due.flatMap(([, { given }]) => [...given]))];
    },
    judge(hasNews) {
      for (const count of taken) {
        count.value = read(count) + (hasNews ? 1 : NO_NEWS);
        count.at = monotonic();
      }
      taken = [];
    },
  };
}

/** @param more looks with news beyond those that are calm */
function quiet(more: number): number {
  return Math.min(MOST_MS, QUIET_MS * 2 ** Math.max(0, Math.ceil(more)));
}

function longest(news: number): number {
  return Math.min(MOST_MS, LONGEST_MS * 2 ** Math.floor(news));
}
