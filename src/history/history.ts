// History: the past as it was recorded, read over the log and over whatever else holds entries.
import type { Clock } from "../report/clock.ts";
import type { ReadStore } from "../store/store.ts";
import type { Change } from "./change.ts";
import { readFromDays } from "./closed-days.ts";
import { type EntryHead, type EntrySource, isBreak, readFromLog } from "./entry-source.ts";
import { openLog } from "./log.ts";
import { applyForReceipts, type EntryReceipts, readAllReceipts } from "./receipts.ts";
import { type Gap, isUntold, type Recorded, type Untold } from "./recorded.ts";
import { GAP_INTERVALS } from "./recorder.ts";
import { applyStep, BrokenStep, makeReplayState, type ReplayState, readState } from "./replay.ts";
import { isWhole } from "./step.ts";

/** A stretch of history: after `since` up to `until`, both ms since the epoch. */
export interface Span {
  /** Exclusive. */
  readonly since: number;
  /** Only entries of a higher number. */
  readonly afterEntry?: number;
  /** Inclusive. */
  readonly until: number;
}

/** The changes of one entry. Where nothing could be read, `changes` is empty and `gap` says so. */
export interface EntryChanges {
  readonly entry: number;
  readonly at: number;
  readonly changes: readonly Change[];
  /** Changes beyond the bounds, which are not kept. */
  readonly dropped: number;
  readonly gap?: Gap;
}

export interface HistoryStatus {
  /** Of the first entry and the last; ms since the epoch. Undefined where nothing is recorded. */
  readonly since?: number;
  readonly until?: number;
  readonly entries: number;
  /** In the store. */
  readonly bytes: number;
  /** The last entry's: how often its recorder looks; ms. */
  readonly everyMs?: number;
  readonly gaps: readonly Gap[];
}

export interface History {
  /**
   * The roll of the newest entry not after an instant; ms since the epoch. @throws whatever the
   * store throws
   */
  viewAt(at: number, signal?: AbortSignal): Promise<Recorded | Untold>;
  /** The same of several instants, ascending. Segments are shared by those of one day. */
  viewsAt(instants: readonly number[], signal?: AbortSignal): AsyncIterable<Recorded | Untold>;
  readChanges(span: Span, signal?: AbortSignal): AsyncIterable<EntryChanges>;
  /** Begins with the roll as it was at `since`, where that is known. */
  readReceipts(span: Span, signal?: AbortSignal): AsyncIterable<EntryReceipts>;
  /** How far it reaches, at little cost. @returns undefined where nothing is recorded */
  reach(signal?: AbortSignal): Promise<HistoryReach | undefined>;
  status(signal?: AbortSignal): Promise<HistoryStatus>;
}

/** From when until when something is recorded. */
export interface HistoryReach {
  /** Of the first entry and the last that can be read; ms since the epoch. */
  readonly since: number;
  readonly until: number;
  /** Where the last entry is older, no recorder has written since; ms. */
  readonly quietMs: number;
}

export interface HistoryOptions {
  readonly store: Pick<ReadStore, "get" | "list">;
  readonly clock: Clock;
  /** Where entries are read; the store's closed days and log where nothing is said. */
  readonly source?: EntrySource;
}

/** Opens the history of a store. Nothing is read yet. */
export function createHistory({
  store,
  clock,
  source = readFromDays(store, readFromLog(openLog(store))),
}: HistoryOptions): History {
  /** Place of the newest entry not after an instant, among those whose heads can be read. */
  async function find(
    numbers: readonly number[],
    at: number,
    signal?: AbortSignal,
  ): Promise<{ readonly head: EntryHead; readonly place: number } | undefined> {
    const { from, to } = source.narrow?.(at) ?? { from: 0, to: Number.POSITIVE_INFINITY };
    let [low, high] = [findPlace(numbers, from), findPlace(numbers, to + 1)];
    let found: { readonly head: EntryHead; readonly place: number } | undefined;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const near = await readNear(numbers, middle, low, signal);
      if (!near) low = middle + 1;
      else if (near.head.at <= at) {
        found = near;
        low = middle + 1;
      } else high = near.place;
    }
    return found;
  }

  /** The entry at a place, or the one before that can be read. */
  async function readNear(numbers: readonly number[], from: number, least: number, signal?: AbortSignal) {
    for (let place = from; place >= least; place--) {
      const head = await source.readHead(numbers[place] as number, signal);
      if (head) return { head, place };
    }
    return undefined;
  }

  async function readNext(numbers: readonly number[], from: number, signal?: AbortSignal) {
    for (let place = from; place < numbers.length; place++) {
      const head = await source.readHead(numbers[place] as number, signal);
      if (head) return head;
    }
    return undefined;
  }

  /** Which entry tells an instant. */
  async function locate(
    numbers: readonly number[],
    at: number,
    signal?: AbortSignal,
  ): Promise<EntryHead | Untold> {
    const now = clock();
    if (at > now) return { untold: "it is yet to come", from: now, until: at };
    const found = await find(numbers, at, signal);
    const next = await readNext(numbers, found ? found.place + 1 : 0, signal);
    if (!found)
      return next
        ? { untold: "history begins later", from: 0, until: next.at }
        : { untold: "nothing is recorded", from: 0, until: now };
    return found.head.at === at ? found.head : judgeBetween(found.head, next, at, now);
  }

  /** Brings a state to an entry. @returns why that cannot be */
  async function bring(
    state: ReplayState,
    head: EntryHead,
    numbers: readonly number[],
    signal?: AbortSignal,
  ): Promise<Untold | undefined> {
    const isOn = state.base === head.base && state.number <= head.number;
    const from = isOn ? state.number + 1 : head.base;
    const wanted = Array.from({ length: head.number - from + 1 }, (_, place) => from + place);
    try {
      for await (const step of source.read(wanted, "all", signal)) {
        if (isBreak(step)) throw new BrokenStep(step.broken);
        applyStep(state, step);
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof BrokenStep)) throw error;
      const lastAt = state.at;
      Object.assign(state, makeReplayState());
      const until = await findWhole(numbers, head, signal);
      return { untold: error.message, from: Math.max(0, lastAt), until };
    }
  }

  /** When the next whole entry is, from which on all can be told again. */
  async function findWhole(
    numbers: readonly number[],
    after: EntryHead,
    signal?: AbortSignal,
  ): Promise<number> {
    for (const number of numbers) {
      const head = number > after.number ? await source.readHead(number, signal) : undefined;
      if (head && isWhole(head)) return head.at;
    }
    return clock();
  }

  async function* viewsAt(
    instants: readonly number[],
    signal?: AbortSignal,
  ): AsyncGenerator<Recorded | Untold> {
    const numbers = await source.listNumbers(signal);
    const state = makeReplayState();
    let last: Recorded | undefined;
    for (const at of instants) {
      const head = await locate(numbers, at, signal);
      if (isUntold(head)) {
        yield head;
        continue;
      }
      const untold = last?.number === head.number ? undefined : await bring(state, head, numbers, signal);
      if (untold) yield untold;
      else {
        if (last?.number !== head.number) last = readState(state);
        yield last as Recorded;
      }
    }
  }

  async function chooseNumbers({ since, afterEntry = 0, until }: Span, signal?: AbortSignal) {
    const numbers = await source.listNumbers(signal);
    const [before, last] = [await find(numbers, since, signal), await find(numbers, until, signal)];
    const [first, end] = [before ? before.place + 1 : 0, last ? last.place + 1 : 0];
    const chosen = numbers.slice(first, end).filter((number) => number > afterEntry);
    return { numbers, before, last, chosen };
  }

  async function* readChanges(span: Span, signal?: AbortSignal): AsyncGenerator<EntryChanges> {
    const { numbers, before, last, chosen } = await chooseNumbers(span, signal);
    let lastAt = before?.head.at ?? span.since;
    let broken: string | undefined;
    let lastNumber = before?.head.number ?? chosen[0];
    for await (const step of source.read(chosen, "changes", signal)) {
      if (isBreak(step)) {
        broken = step.broken;
        continue;
      }
      const { number, at, changes, dropped } = step;
      const isMissing = lastNumber !== undefined && number > lastNumber + 1;
      const reason = broken ?? (isMissing ? "entries of the log are missing" : undefined);
      const gap = reason === undefined ? step.gap : { from: lastAt, until: at, reason };
      yield { entry: number, at, changes, dropped, ...(gap && { gap }) };
      [lastAt, lastNumber, broken] = [at, number, undefined];
    }
    const end = last && (await findGapAtEnd(numbers, last, span.until, signal));
    if (end) yield end;
  }

  /** What of a stretch's end only a later entry tells. @param last the newest entry in it */
  async function findGapAtEnd(
    numbers: readonly number[],
    { head, place }: { readonly head: EntryHead; readonly place: number },
    until: number,
    signal?: AbortSignal,
  ): Promise<EntryChanges | undefined> {
    const next = await readNext(numbers, place + 1, signal);
    if (!next || head.at === until) return undefined;
    const told = judgeBetween(head, next, until, clock());
    if (!isUntold(told)) return undefined;
    const gap = { from: told.from, until: told.until, reason: told.untold };
    return { entry: head.number, at: until, changes: [], dropped: 0, gap };
  }

  return {
    async viewAt(at, signal) {
      for await (const view of viewsAt([at], signal)) return view;
      throw new Error("an instant has a view, or a reason why not");
    },

    viewsAt,

    readChanges,

    async *readReceipts(span, signal) {
      const { numbers, before, chosen } = await chooseNumbers(span, signal);
      const state = makeReplayState();
      const isBrought = before && !(await bring(state, before.head, numbers, signal));
      if (isBrought) yield readAllReceipts(state);
      let isKnown = isBrought ?? false;
      for await (const step of source.read(chosen, "all", signal)) {
        isKnown = !isBreak(step) && (isKnown || isWhole(step));
        if (isBreak(step) || !isKnown) continue;
        try {
          yield applyForReceipts(state, step);
        } catch (error) {
          if (!(error instanceof BrokenStep)) throw error;
          isKnown = false;
        }
      }
    },

    async reach(signal) {
      const numbers = await source.listNumbers(signal);
      const first = await readNext(numbers, 0, signal);
      const last = (await readNear(numbers, numbers.length - 1, 0, signal))?.head;
      return first && last && { since: first.at, until: last.at, quietMs: GAP_INTERVALS * last.everyMs };
    },

    async status(signal) {
      const numbers = await source.listNumbers(signal);
      const gaps: Gap[] = [];
      let first: number | undefined;
      const span = { since: Number.NEGATIVE_INFINITY, until: clock() };
      for await (const { at, gap } of readChanges(span, signal)) {
        if (gap && first !== undefined) gaps.push(gap);
        first ??= at;
      }
      const end = numbers.at(-1);
      const last = end === undefined ? undefined : await source.readHead(end, signal);
      return {
        ...(first !== undefined && { since: first }),
        ...(last && { until: last.at, everyMs: last.everyMs }),
        entries: numbers.length,
        bytes: await source.measure(signal),
        gaps,
      };
    },
  };
}

/** Place of the first number that is not below a bound. */
function findPlace(numbers: readonly number[], bound: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] as number) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether an entry tells an instant after it. @param next the entry after it that can be read */
function judgeBetween(
  head: EntryHead,
  next: EntryHead | undefined,
  at: number,
  now: number,
): EntryHead | Untold {
  if (!next) {
    const isStill = at - head.at <= GAP_INTERVALS * head.everyMs;
    return isStill ? head : { untold: "nothing has been recorded since", from: head.at, until: now };
  }
  const { gap } = next;
  if (gap && at > gap.from && at < gap.until) return { untold: gap.reason, from: gap.from, until: gap.until };
  if (next.number !== head.number + 1)
    return { untold: "entries of the log are missing", from: head.at, until: next.at };
  return head;
}
