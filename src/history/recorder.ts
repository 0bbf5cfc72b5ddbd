// The recorder: compares the roll with what the log says last, and puts the difference as the next
// entry. Any number of them may do so on one store, and may be killed at any moment.
import type { Clock } from "../report/clock.ts";
import type { RollView } from "../roll/view.ts";
import type { Yielder } from "../roll/yielder.ts";
import { PreconditionFailed, type Store } from "../store/store.ts";
import type { DescribeHost } from "./change-list.ts";
import { findDifference } from "./difference.ts";
import { isBreak, readFromLog } from "./entry-source.ts";
import { openLog, putEntry } from "./log.ts";
import { compileNoise } from "./noise.ts";
import type { Gap, RecordedFacts } from "./recorded.ts";
import { applyStep, BrokenStep, makeReplayState, type ReplayState } from "./replay.ts";
import { dayOf } from "./step.ts";

/** An entry is put so many intervals after the last one though nothing changed. */
const STILL_INTERVALS = 3;

/** Entries that are further apart have a gap between them; so much, that a restart makes none. */
export const GAP_INTERVALS = 5;

/** Entries are removed days after they were put; whoever looked this long ago looks again. */
const LOOK_AGAIN_MS = 60 * 60_000;

/** How often a recorder that others are quicker than tries in one go. */
const MAX_TRIES = 5;

/** What one look came to. */
export type Outcome =
  | { readonly kind: "recorded"; readonly number: number; readonly at: number; readonly changes: number }
  /** Nothing is new, or another recorder has just put it. */
  | { readonly kind: "unchanged" }
  /** The roll cannot be believed, and the entry that comes next will say so if that lasts. */
  | { readonly kind: "not_recorded"; readonly reason: string };

export interface Recorder {
  /**
   * Looks once, and records what is new. Calls go one after the other.
   *
   * @throws whatever the view, the facts or the store throw; nothing is lost by it but time
   */
  record(signal?: AbortSignal): Promise<Outcome>;
}

export interface RecorderOptions {
  readonly store: Store;
  readonly view: () => Promise<RollView>;
  readonly facts: () => Promise<RecordedFacts>;
  readonly describeHost: DescribeHost;
  /** Fields that are noise. */
  readonly noise: readonly string[];
  /** How often record is called; ms. */
  readonly everyMs: number;
  readonly clock: Clock;
  readonly yielder: Yielder;
}

/** What a recorder knows of the log. */
interface Head {
  /** 0 where there is no entry. */
  readonly number: number;
  /** Of the newest entry that can be read; ms since the epoch. */
  readonly at: number;
  readonly digest: string;
  /** Whether the state is the one after it. */
  readonly isKnown: boolean;
}

/** Makes a recorder. Nothing is read until the first look. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { store, everyMs, clock, yielder, describeHost } = options;
  const log = openLog(store);
  const source = readFromLog(log);
  const noiseFields = [...new Set(options.noise)].sort();
  const noise = compileNoise(noiseFields);
  let state: ReplayState = makeReplayState();
  let head: Head | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let queue: Promise<unknown> = Promise.resolve();
  let trouble: string | undefined;

  /** Replays the log from its last whole entry on. */
  async function load(signal?: AbortSignal): Promise<Head> {
    state = makeReplayState();
    const numbers = await source.listNumbers(signal);
    lookedAt = clock();
    const last = numbers.at(-1);
    if (last === undefined) return { number: 0, at: Number.NEGATIVE_INFINITY, digest: "", isKnown: false };
    let newest = await source.readHead(last, signal);
    const isReadable = newest !== undefined;
    for (let at = numbers.length - 2; !newest && at >= 0; at--)
      newest = await source.readHead(numbers[at] as number, signal);
    const [entry] = isReadable ? await log.list(last - 1, signal) : [];
    const digest = entry?.number === last ? (await log.read(entry, signal)).digest : "";
    const at = newest?.at ?? Number.NEGATIVE_INFINITY;
    const isKnown = newest !== undefined && isReadable && (await replay(newest.base, last, signal));
    return { number: last, at, digest, isKnown };
  }

  async function replay(from: number, to: number, signal?: AbortSignal): Promise<boolean> {
    const numbers = Array.from({ length: to - from + 1 }, (_, place) => from + place);
    for await (const step of source.read(numbers, "all", signal)) {
      if (isBreak(step) || !tryStep(() => applyStep(state, step))) return false;
    }
    return state.number === to;
  }

  /** Reads on after the last entry that is known. */
  async function readOn(known: Head, signal?: AbortSignal): Promise<Head> {
    const entries = await log.list(known.number, signal);
    lookedAt = clock();
    const isNext = entries.every(({ number }, place) => number === known.number + place + 1);
    if (!isNext || !known.isKnown || entries.length > 1000) return await load(signal);
    let { at, digest } = known;
    for (const entry of entries) {
      const logged = await log.read(entry, signal).catch(() => undefined);
      if (!logged || logged.previous !== digest) return await load(signal);
      const step = await log.complete(logged, signal);
      if (!tryStep(() => applyStep(state, step))) return await load(signal);
      at = step.at;
      digest = logged.digest;
    }
    return { number: known.number + entries.length, at, digest, isKnown: true };
  }

  async function look(signal?: AbortSignal): Promise<Outcome> {
    const view = await options.view();
    const doubt = view.partial?.reason ?? view.clockWarnings?.[0];
    if (doubt !== undefined) return refuse(doubt);
    const facts = await options.facts();
    let known = await findHead(signal);
    if (clock() < known.at) return refuse("the last entry is of a later time than this clock tells");
    // The same listing as before, or an older one: of a snapshot, say.
    if (view.asOf <= known.at) return { kind: "unchanged" };
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const outcome = await putNext(known, view, facts, signal);
      if (outcome) return outcome;
      known = head = await readOn(known, signal);
      // What another one has just recorded is not recorded once more at once.
      if (view.asOf - known.at < everyMs / 2) break;
    }
    return { kind: "unchanged" };
  }

  async function findHead(signal?: AbortSignal): Promise<Head> {
    if (!head) head = await load(signal);
    else if (Math.abs(clock() - lookedAt) > LOOK_AGAIN_MS) head = await readOn(head, signal);
    return head;
  }

  function refuse(reason: string): Outcome {
    trouble = reason;
    return { kind: "not_recorded", reason };
  }

  /** @returns undefined where another one was quicker */
  async function putNext(
    known: Head,
    view: RollView,
    facts: RecordedFacts,
    signal?: AbortSignal,
  ): Promise<Outcome | undefined> {
    const isOtherNoise = noiseFields.join() !== state.noise.join();
    const isWhole = !known.isKnown || isOtherNoise || dayOf(view.asOf) !== dayOf(known.at);
    const number = known.number + 1;
    const difference = await findDifference(state, {
      view,
      facts,
      everyMs,
      noise,
      noiseFields,
      describeHost,
      yielder,
      isWhole,
      tellsChanges: known.isKnown,
      number,
      gap: findGap(known, view.asOf),
    });
    if (difference.isEmpty && view.asOf - known.at < STILL_INTERVALS * everyMs) return { kind: "unchanged" };
    const { step, rows } = difference;
    try {
      const digest = await putEntry(store, step, rows, known.digest, signal);
      difference.adopt();
      head = { number, at: step.at, digest, isKnown: true };
    } catch (error) {
      if (error instanceof PreconditionFailed) return undefined;
      // Whether it was carried out is not known: the next look begins with what the log says.
      lookedAt = Number.NEGATIVE_INFINITY;
      throw error;
    }
    trouble = undefined;
    lookedAt = clock();
    return { kind: "recorded", number, at: step.at, changes: step.changes.length };
  }

  function findGap({ at, number }: Head, until: number): Gap | undefined {
    if (number === 0 || until - at <= GAP_INTERVALS * everyMs) return undefined;
    const from = at === Number.NEGATIVE_INFINITY ? 0 : at;
    return { from, until, reason: trouble ?? "no recorder ran, or it could not reach the store" };
  }

  return {
    record(signal) {
      const run = queue.then(async () => {
        try {
          return await look(signal);
        } catch (error) {
          trouble = error instanceof Error ? error.message : String(error);
          throw error;
        }
      });
      queue = run.catch(() => undefined);
      return run;
    },
  };
}

function tryStep(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof BrokenStep) return false;
    throw error;
  }
}
