// Runs every step of a spec and makes the report. The runner alone catches, times and records how
// each step went.
import { setMaxListeners } from "node:events";
import { formatUpdateDate } from "../report/update-date.ts";
import { listFields } from "../specs/checks.ts";
import type { CollectorName, OptionsOf, Step } from "../specs/schema.ts";
import type { Spec } from "../specs/spec.ts";
import { assembleReport, type SpecEditionNote, type StepRecord } from "./assembly.ts";
import type { Collected, Origin, Unread } from "./collected.ts";
import type { Collectors, HostAccess } from "./collector.ts";
import { type Fingerprint, readFingerprint } from "./fingerprint.ts";
import { HostIdentityError } from "./identity.ts";
import { recordReads, type StepReads } from "./reads.ts";
import { collectors as allCollectors } from "./registry.ts";
import {
  createUnfinishedFileFinder,
  type UnfinishedFile,
  type UnfinishedFileFinder,
} from "./unfinished-files.ts";

/** How long a whole run may take, in milliseconds. */
const DEFAULT_DEADLINE_MS = 60_000;
/** Steps that run at once: a spec with a hundred programs must not start them all together. */
const CONCURRENCY = 8;
/** How long a step that was told to end has for it. A program has half of this after SIGTERM. */
const DEFAULT_STEP_GRACE_MS = 2000;
/**
 * How long a file that is being written is waited for where there is no earlier result, and how
 * often it is looked at; ms.
 */
const SETTLE_MS = 3000;
const SETTLE_EVERY_MS = 250;

export interface RunOptions {
  /** Version of the program, for `rollcall.agent`. */
  readonly agentVersion: string;
  /** What parseSpec gave with the spec. */
  readonly specDigest: string;
  /** What the report says of published specs. */
  readonly edition?: () => SpecEditionNote;
  /** How often the host reports though nothing changed, for whoever does so by itself; ms. */
  readonly heartbeatMs?: number;
  readonly deadlineMs?: number;
  readonly graceMs?: number;
  /** Ends the run early; what was read until then is in the report. */
  readonly signal?: AbortSignal;
  /** Others than those of registry.ts; for tests. */
  readonly collectors?: Collectors;
  /**
   * Results of an earlier run of the same spec, by step: those steps are not run again. The
   * report's date is new all the same.
   */
  readonly reuse?: ReadonlyMap<number, StepResult>;
  /**
   * What stands in, by step, while a file is being written that the step reads: its last result,
   * and files that it waited for then.
   */
  readonly earlier?: ReadonlyMap<number, StepResult>;
  /** Shared by runs that follow each other. */
  readonly unfinishedFiles?: UnfinishedFileFinder;
}

/** A report that is ready to be stored. */
export interface CollectedReport {
  /** The host id, which is `instance_id` in the bytes. */
  readonly id: string;
  /** Where the host runs; empty outside AWS. */
  readonly origin: Origin;
  /** JSON that parseReport accepts under this id. */
  readonly bytes: Buffer;
  /** All that could not be read, in the order of the spec; the bytes may list fewer. */
  readonly unread: readonly Unread[];
  /** How each step went, in the order of the spec. */
  readonly results: readonly StepResult[];
  /** Whether a file was being written; then it is worth looking again in a moment. */
  readonly isUnsettled: boolean;
}

/**
 * Collects a report. A step that fails, hangs or throws costs its own fields only, and the report
 * says so.
 *
 * @throws HostIdentityError if the host cannot say who it is, or not in time: then there is no
 *   report
 */
export async function collectReport(
  spec: Spec,
  host: HostAccess,
  options: RunOptions,
): Promise<CollectedReport> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), options.deadlineMs ?? DEFAULT_DEADLINE_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline.signal]) : deadline.signal;
  // Every step that runs listens to the one signal, and so do programs; ten listeners, Node's
  // alarm, are no leak here.
  setMaxListeners(0, signal);
  try {
    const [results, fingerprint] = await Promise.all([
      runAll(spec.steps, host, signal, options),
      readFingerprint(host, signal),
    ]);
    return makeReport(results, host, { ...options, fingerprint, allowCredentials: spec.allowCredentials });
  } finally {
    clearTimeout(timer);
  }
}

/** A step's record, and what only the host collector tells. */
export interface StepResult extends StepRecord {
  readonly origin?: Origin | undefined;
  readonly error?: unknown;
  /** Something is unread, for the time of the run, or of a search, was over. */
  readonly isLate?: true;
  /**
   * Files that were being written and are waited for. The fields are as they were before, if there
   * was a before.
   */
  readonly unfinished?: readonly UnfinishedFile[];
  /** What was read of files, where a step costs little. */
  readonly reads?: StepReads;
}

interface MakeOptions extends RunOptions {
  readonly allowCredentials: readonly string[];
  readonly fingerprint: Fingerprint;
}

function makeReport(
  results: readonly StepResult[],
  { clock }: HostAccess,
  options: MakeOptions,
): CollectedReport {
  const host = results.find((result) => result.collector === "host");
  if (host?.error instanceof HostIdentityError) throw host.error;
  const id = host?.fields.find(([name]) => name === "instance_id")?.[1];
  if (typeof id !== "string") {
    const reason = host?.unread[0]?.reason ?? "the spec has no step host";
    throw new HostIdentityError(`the host's own facts could not be read: ${reason}`, { cause: host?.error });
  }
  const origin = host?.origin ?? {};
  const { bytes, unread } = assembleReport(
    results.map((result) => setDate(result, clock())),
    {
      agentVersion: options.agentVersion,
      specDigest: options.specDigest,
      edition: options.edition?.(),
      heartbeatMs: options.heartbeatMs,
      origin,
      fingerprint: options.fingerprint,
      allowCredentials: options.allowCredentials,
    },
  );
  return {
    id,
    origin,
    bytes,
    unread,
    results,
    isUnsettled: results.some(({ unfinished }) => unfinished !== undefined),
  };
}

/** The host's own facts may be of an earlier run; the date is this one's. */
function setDate(result: StepResult, now: number): StepResult {
  if (result.collector !== "host") return result;
  const fields = result.fields.map(([name, value]) =>
    name === "update_date" ? ([name, formatUpdateDate(now)] as const) : ([name, value] as const),
  );
  return { ...result, fields };
}

/** Runs the steps, some at a time, and returns their results in the steps' order. */
async function runAll(
  steps: readonly Step[],
  host: HostAccess,
  signal: AbortSignal,
  options: RunOptions,
): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  const unfinishedFiles = options.unfinishedFiles ?? createUnfinishedFileFinder(host);
  const queue = [...steps.entries()];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, step] = next;
      const access = host.named ? { ...host, files: host.named(step.collector) } : host;
      results[index] =
        options.reuse?.get(index) ??
        (await runSettled(step, access, signal, {
          ...options,
          unfinishedFiles,
          last: options.earlier?.get(index),
        }));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return results;
}

interface SettledOptions extends RunOptions {
  readonly unfinishedFiles: UnfinishedFileFinder;
  readonly last: StepResult | undefined;
}

/**
 * Runs a step, and again while a file is being written that it reads; its last result, if there is
 * one, stands in until that is over.
 */
async function runSettled(
  step: Step,
  host: HostAccess,
  signal: AbortSignal,
  options: SettledOptions,
): Promise<StepResult> {
  const { unfinishedFiles, last, collectors = allCollectors } = options;
  // What costs more, such as a program, is not run again and again.
  if (collectors[step.collector].isCostly) return runStep(step, host, signal, options);
  if (last?.unfinished && unfinishedFiles.isHeld(last.unfinished)) return last;
  const until = host.monotonic() + SETTLE_MS;
  for (;;) {
    const noted = recordReads(host.files, host.clock());
    const result = await runStep(step, { ...host, files: noted.files }, signal, options);
    const reads = noted.list();
    const unfinished = await unfinishedFiles.judge(reads.files);
    if (unfinished.length === 0) return { ...result, reads };
    const isAwaited = unfinished.some(({ isLasting }) => !isLasting);
    if (last && isAwaited) return { ...last, unfinished };
    if (!isAwaited || host.monotonic() >= until || signal.aborted) return mark(result, unfinished, isAwaited);
    do await wait(SETTLE_EVERY_MS, signal);
    while (unfinishedFiles.isHeld(unfinished) && host.monotonic() < until && !signal.aborted);
  }
}

/** What was read of a file that is being written is told as such. */
function mark(result: StepResult, unfinished: readonly UnfinishedFile[], isAwaited: boolean): StepResult {
  const unread = [...result.unread, ...unfinished.map(({ path, reason }) => ({ what: path, reason }))];
  return { ...result, unread, ...(isAwaited && { unfinished }) };
}

/** Waits; ends early when the signal aborts. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}

async function runStep(
  step: Step,
  host: HostAccess,
  signal: AbortSignal,
  options: RunOptions,
): Promise<StepResult> {
  const start = host.monotonic();
  const record = (collected: Collected, error?: unknown): StepResult => ({
    collector: step.collector,
    wanted: listFields(step),
    fields: collected.fields,
    unread: collected.unread,
    named: collected.named ?? [],
    origin: collected.origin,
    durationMs: host.monotonic() - start,
    error,
    ...(collected.unread.some((one) => signal.aborted || one.isLate) && { isLate: true }),
  });
  const fail = (reason: string, error?: unknown): StepResult =>
    record({ fields: [], unread: [{ what: step.collector, reason }] }, error);
  try {
    const collected = await endWith(
      callCollector(options.collectors ?? allCollectors, step, host, signal),
      signal,
      options.graceMs ?? DEFAULT_STEP_GRACE_MS,
    );
    return collected === undefined ? fail("did not end in time") : record(collected);
  } catch (error) {
    return fail(error instanceof Error ? `failed: ${error.message}` : "failed", error);
  }
}

/** Generic, so that the compiler sees that a step's options are those of its collector. */
async function callCollector<Name extends CollectorName>(
  collectors: Collectors,
  step: { readonly collector: Name; readonly options: OptionsOf[Name] },
  host: HostAccess,
  signal: AbortSignal,
): Promise<Collected> {
  return collectors[step.collector].collect(step.options, host, signal);
}

/**
 * Waits for a promise, but after the signal's abort no longer than the grace; undefined if it has
 * not settled then.
 */
function endWith<T>(promise: Promise<T>, signal: AbortSignal, graceMs: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      timer = setTimeout(() => resolve(undefined), graceMs);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    const tidyUp = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    };
    promise.then(
      (value) => {
        tidyUp();
        resolve(value);
      },
      (error: unknown) => {
        tidyUp();
        reject(error);
      },
    );
  });
}
