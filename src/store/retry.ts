// A store that asks again: what is Unavailable is repeated until it answers or the time for it
// is over.

import { retry } from "../network/retry.ts";
import type { Clock } from "../report/clock.ts";
import { drawWait } from "./backoff.ts";
import { PutOrder } from "./put-order.ts";
import { type OrderedPut, putOnce, type RepeatableStore, readExistingIfAllowed } from "./repeated-put.ts";
import {
  InvalidAnswer,
  PreconditionFailed,
  type PutOptions,
  type PutOutcome,
  type Store,
  type StoreError,
  Unavailable,
} from "./store.ts";

const BACKOFF = { first: 50, cap: 2000 };
const BUDGET_MS = 20_000;

/** Whoever has no way to STS, as in many a private subnet, does not wait long to hear it; ms. */
const IDENTIFY_BUDGET_MS = 4000;

/** A bound that holds whatever the clock does. */
const MAX_STORE_TRIES = 100;

/**
 * What cannot be true so often is no passing fault of a line; a server that is broken is told of
 * within seconds.
 */
const MAX_INVALID_ANSWERS = 8;

export interface RetryOptions {
  readonly clock: Clock;
  /** From 0 to 1; spreads the waits of many. */
  readonly random: () => number;
  /** A text that no other put has: letters, digits and `-`. */
  readonly newMark: () => string;
  /** Resolves after ms, or rejects when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>;
  /**
   * How long one call, or one page of a listing, is repeated; ms. The last try may go beyond it.
   */
  readonly budgetMs?: number;
}

/**
 * Wraps a store. A listing that fails on the way goes on after the last key it gave.
 *
 * A put whose answer was lost may have been carried out, and with a condition its repetition then
 * fails by its own success. So puts are marked (repeated-put.ts). Comparing bodies would not do:
 * two writers may write the same bytes. The repetition of a put without a condition lies over
 * nothing that was put since it began.
 */
export function withRetry(store: RepeatableStore, options: RetryOptions): Store {
  const { newMark, clock } = options;

  const order = new PutOrder();

  /** Whoever meets its own mark has won. */
  async function putOnCondition(key: string, copy: Buffer, conditions: PutOptions): Promise<PutOutcome> {
    const mark = newMark();
    const once = async (attempt: number): Promise<PutOutcome> => {
      try {
        return await store.put(key, copy, { ...conditions, mark });
      } catch (error) {
        if (attempt === 1 || !(error instanceof PreconditionFailed)) throw error;
        // Who may write but not read cannot know better than what the put was told.
        const standing = (await readExistingIfAllowed(store, key))?.existing;
        if (standing?.mark !== mark) throw error;
        if (standing.holds(copy)) return standing.entry;
        // It is ours, and arrived changed.
        return await store.put(key, copy, { ifMatch: standing.entry.etag, signal: conditions.signal, mark });
      }
    };
    return await repeat(once, conditions.signal, options, Number.POSITIVE_INFINITY);
  }

  async function putInOrder(key: string, copy: Buffer, { signal }: PutOptions): Promise<PutOutcome> {
    const put: OrderedPut = { key, body: copy, signal, mark: newMark(), beganAt: clock() };
    const turn = order.begin(key);
    try {
      const once = (attempt: number) =>
        order.place(turn, (isOvertaken) => putOnce(store, put, attempt, isOvertaken, clock()));
      return await repeat(once, signal, options, Number.POSITIVE_INFINITY);
    } finally {
      order.end(turn);
    }
  }

  return {
    location: store.location,
    splitsListings: store.splitsListings ?? false,
    put: (key, body, conditions = {}) => {
      // Repeated is what was given, whatever the caller does with its buffer meanwhile.
      const copy = Buffer.from(body);
      const isConditional = conditions.ifMatch !== undefined || conditions.ifNoneMatch !== undefined;
      return isConditional ? putOnCondition(key, copy, conditions) : putInOrder(key, copy, conditions);
    },
    get: (key, getOptions) => repeat(() => store.get(key, getOptions), getOptions.signal, options),

    async *list(prefix, listOptions = {}) {
      let after = listOptions.after;
      const start = () => store.list(prefix, { ...listOptions, after })[Symbol.asyncIterator]();
      let pages = start();
      const next = async () => {
        try {
          return await pages.next();
        } catch (error) {
          // A generator that has thrown is at its end.
          pages = start();
          throw error;
        }
      };
      for (;;) {
        const { done, value } = await repeat(next, listOptions.signal, options);
        if (done) return;
        after = value.at(-1)?.key ?? after;
        yield value;
      }
    },

    delete: (key) => repeat(() => store.delete(key), undefined, options),
    close: async () => await store.close?.(),
    ...(store.now && { now: () => repeat(async () => (await store.now?.()) as number, undefined, options) }),
    ...(store.presign && {
      presign: async (key, presignOptions) => (await store.presign?.(key, presignOptions)) as string,
    }),
    ...(store.identify && {
      identify: (identifyOptions = {}) =>
        repeat(async () => await store.identify?.(identifyOptions), identifyOptions.signal, {
          ...options,
          budgetMs: Math.min(options.budgetMs ?? BUDGET_MS, IDENTIFY_BUDGET_MS),
        }),
    }),
    ...(store.readSigner && {
      readSigner: () => repeat(async () => await store.readSigner?.(), undefined, options),
    }),
  };
}

/**
 * @param run is told which try it is, from 1
 * @param maxAskedMs so long the store is left alone at most when it asks for it. Who asks a
 *   question of a roll waits for all of it, and some servers ask for minutes with every 503, so
 *   reads come back sooner; a put has whoever sends it to try again, and is given up where time
 *   does not suffice
 */
async function repeat<T>(
  run: (attempt: number) => Promise<T>,
  signal: AbortSignal | undefined,
  { clock, random, wait, budgetMs = BUDGET_MS }: RetryOptions,
  maxAskedMs = BACKOFF.cap,
): Promise<T> {
  const startedAt = clock();
  let invalidAnswers = 0;
  const judge = (error: unknown, attempt: number): number | undefined => {
    if (!(error instanceof Unavailable)) return undefined;
    const drawn = drawWait(attempt, random(), BACKOFF);
    const pause = Math.max(drawn, Math.min(error.retryAfterMs ?? 0, maxAskedMs));
    const spent = clock() - startedAt;
    if (error instanceof InvalidAnswer && ++invalidAnswers >= MAX_INVALID_ANSWERS)
      throw giveUp(error, attempt, spent);
    if (spent + pause > budgetMs || attempt >= MAX_STORE_TRIES) throw giveUp(error, attempt, spent);
    return pause;
  };
  return await retry(run, { judge, wait, signal });
}

function giveUp(last: Unavailable, tries: number, spentMs: number): StoreError {
  const { message, retryAfterMs } = last;
  const often = tries === 1 ? "1 try" : `${tries} tries`;
  const asked =
    retryAfterMs === undefined ? "" : `; it asks to be left alone for ${Math.ceil(retryAfterMs / 1000)} s`;
  const Kind = last instanceof InvalidAnswer ? InvalidAnswer : Unavailable;
  return new Kind(`${message}${asked} (gave up after ${often} in ${(spentMs / 1000).toFixed(1)} s)`, {
    cause: last,
    hop: last.hop,
    retryAfterMs,
  });
}
