// Where history reads its entries: the log, and whatever else holds some of the same numbers, such
// as closed days.
import pMap from "p-map";
import { BrokenEntry } from "./entry-format.ts";
import type { ListedEntry, LoggedStep, LogReader } from "./log.ts";
import { isWhole, type Step } from "./step.ts";

/** What is known of an entry without its reports. */
export type EntryHead = Pick<Step, "number" | "at" | "base" | "everyMs" | "gap">;

/**
 * An entry that is there no more, or cannot be understood; those after it do not follow, up to a
 * whole one.
 */
export interface Break {
  readonly number: number;
  readonly broken: string;
}

export function isBreak(read: Step | Break): read is Break {
  return "broken" in read;
}

/** Entries by their numbers. */
export interface EntrySource {
  /** Numbers of the entries that are there, ascending. */
  listNumbers(signal?: AbortSignal): Promise<readonly number[]>;
  /** An entry's head. @returns undefined where it cannot be read */
  readHead(number: number, signal?: AbortSignal): Promise<EntryHead | undefined>;
  /**
   * Reads the entries of some numbers in order, each once: as a Break where it is not there or does
   * not follow the one before.
   *
   * @param wants `all`: reports too; `changes`: what stands in the entries alone
   * @throws whatever the store throws
   */
  read(
    numbers: readonly number[],
    wants: "all" | "changes",
    signal?: AbortSignal,
  ): AsyncIterable<Step | Break>;
  /**
   * Between which numbers, both included, the newest entry not after an instant is, as far as is
   * known without reading.
   */
  narrow?(at: number): { readonly from: number; readonly to: number };
  /** Bytes in the store, as far as a listing tells. */
  measure(signal?: AbortSignal): Promise<number>;
}

/** Entries read at a time. */
const CONCURRENCY = 32;

/** The log as a source. */
export function readFromLog(log: LogReader): EntrySource {
  let listed = new Map<number, ListedEntry>();

  async function list(signal?: AbortSignal): Promise<void> {
    listed = new Map((await log.list(0, signal)).map((entry) => [entry.number, entry]));
  }

  async function readOne(number: number, signal?: AbortSignal): Promise<LoggedStep | Break> {
    const entry = listed.get(number);
    if (!entry) return { number, broken: `entry ${number} is not there` };
    try {
      return await log.read(entry, signal);
    } catch (error) {
      if (error instanceof BrokenEntry) return { number, broken: error.message };
      throw error;
    }
  }

  async function complete(logged: LoggedStep, signal?: AbortSignal): Promise<Step | Break> {
    try {
      return await log.complete(logged, signal);
    } catch (error) {
      if (error instanceof BrokenEntry) return { number: logged.step.number, broken: error.message };
      throw error;
    }
  }

  return {
    async listNumbers(signal) {
      await list(signal);
      return [...listed.keys()];
    },

    async readHead(number, signal) {
      const read = await readOne(number, signal);
      return "broken" in read ? undefined : read.step;
    },

    async *read(numbers, wants, signal) {
      let before: LoggedStep | undefined;
      for (let from = 0; from < numbers.length; from += CONCURRENCY) {
        const some = numbers.slice(from, from + CONCURRENCY);
        const reads = await pMap(some, (number) => readOne(number, signal), { concurrency: CONCURRENCY });
        for (const read of reads) {
          if ("broken" in read) {
            before = undefined;
            yield read;
            continue;
          }
          const { step } = read;
          const isNext = mayFollow(read, before);
          before = read;
          if (!isNext)
            yield { number: step.number, broken: `entry ${step.number} names another entry before it` };
          else yield wants === "all" ? await complete(read, signal) : step;
        }
      }
    },

    async measure(signal) {
      const pieces = await log.measurePieces(signal);
      return [...listed.values()].reduce((sum, { bytes }) => sum + bytes, pieces);
    },
  };
}

/** Of one that is not there the digest is not known. */
function mayFollow({ step, previous }: LoggedStep, before: LoggedStep | undefined): boolean {
  if (isWhole(step) || before?.step.number !== step.number - 1) return true;
  return previous === before.digest;
}
