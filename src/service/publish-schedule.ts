// Publishing on a schedule, beside a server: each publisher in its own time, one run of it at once,
// and one after however long a pause.
import type { Logger } from "pino";
import { createHistory } from "../history/history.ts";
import type { PublisherConfig, PublishersConfig } from "../publish/config.ts";
import { MAX_RUN_MS, RUN_GRACE_MS, RunTimedOut, runWithin } from "../publish/limit.ts";
import { runPublication } from "../publish/publication.ts";
import { PublishError } from "../publish/publisher.ts";
import { openPublisher, type ReadSecret } from "../publish/registry.ts";
import { readExpectation } from "../questions/coverage.ts";
import { createFieldReader } from "../questions/field-values.ts";
import type { Labels } from "../questions/labels.ts";
import { createPast } from "../questions/past-sources.ts";
import type { QuestionSources } from "../questions/question.ts";
import type { Clock } from "../report/clock.ts";
import type { Roll } from "../roll/roll.ts";
import { SHARED_YIELDER } from "../roll/yielder.ts";
import { LeaseTaken } from "../store/lease.ts";
import { type Store, StoreError } from "../store/store.ts";

export interface ScheduleOptions {
  readonly publishers: PublishersConfig;
  readonly roll: Pick<Roll, "view" | "viewHost">;
  readonly store: Store;
  readonly labels: Labels;
  readonly windowMs: number;
  readonly readExpected: (() => Promise<ReadonlySet<string>>) | undefined;
  /** What the server refused at its door, which its answers count. */
  readonly clones: QuestionSources["clones"];
  readonly bounds?: QuestionSources["bounds"];
  readonly readSecret: ReadSecret;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Waits; ends early when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A signal that aborts after some ms, at which a run is given up. */
  readonly startTimer?: (ms: number) => AbortSignal;
}

/**
 * After its start a server lets the roll come up first, and two servers that start together do not
 * publish together; ms.
 */
const FIRST_WAIT_MS = 60_000;

/** Publishes until the signal aborts. Failures are logged, never fatal. */
export async function runPublishSchedule(options: ScheduleOptions, signal: AbortSignal): Promise<void> {
  const scheduled = Object.entries(options.publishers).filter(([, { every }]) => every !== undefined);
  await Promise.all(
    scheduled.map(([name, config]) => keepPublishing(name, config, config.every ?? 0, options, signal)),
  );
}

async function keepPublishing(
  name: string,
  config: PublisherConfig,
  every: number,
  options: ScheduleOptions,
  signal: AbortSignal,
): Promise<void> {
  const { sleep, random, log, startTimer } = options;
  /**
   * Whether a run that was given up still hangs. A second one beside it would hang as well, and
   * hold another of the process's few threads.
   */
  let isHanging = false;
  await sleep(random() * Math.min(FIRST_WAIT_MS, every), signal);
  while (!signal.aborted) {
    if (isHanging) log.warn({ publisher: name }, "not published: the run before still hangs");
    else {
      const runMs = Math.min(every, MAX_RUN_MS);
      const run = (ends: AbortSignal) => publishOnce(name, config, runMs, options, ends);
      const { outcome, ended } = runWithin(runMs + RUN_GRACE_MS, signal, run, startTimer);
      await outcome.catch((error: unknown) => {
        logFailure(name, error, log);
        if (!(error instanceof RunTimedOut)) return;
        isHanging = true;
        void ended.then(() => {
          isHanging = false;
        });
      });
    }
    // A tenth less or more, so that several do not stay in step.
    await sleep(every * (0.9 + random() * 0.2), signal);
  }
}

async function publishOnce(
  name: string,
  config: PublisherConfig,
  runMs: number,
  options: ScheduleOptions,
  signal: AbortSignal,
): Promise<void> {
  const { roll, store, labels, windowMs, clones, bounds, readSecret, clock, log, random, sleep } = options;
  const readExpected = async () => {
    const expectation = await readExpectation(options.readExpected);
    const { mistake } = expectation;
    if (mistake !== undefined)
      log.warn({ publisher: name, reason: mistake }, "publishes without comparing with the expected hosts");
    return expectation;
  };
  try {
    const outcome = await runPublication({
      name,
      config,
      publisher: await openPublisher(name, config, readSecret),
      store,
      sources: {
        viewAt: () => roll.view(),
        viewHost: (id, account) => roll.viewHost(id, account),
        labels,
        // A new one each time: between two runs an hour passes, and the memory is of more use
        // elsewhere.
        reader: createFieldReader(),
        windowMs,
        readExpected,
        clones,
        bounds,
        clock,
        past: createPast(createHistory({ store, clock })),
        yielder: SHARED_YIELDER,
      },
      context: {
        clock,
        sleep,
        random,
        signal,
        deadline: clock() + runMs,
        isDryRun: false,
        onStep: (step) => log.debug({ publisher: name }, step),
        write: async (text) => log.info({ publisher: name }, text),
      },
    });
    const { left } = outcome;
    if (left === undefined) log.info({ publisher: name, ...outcome }, "published");
    else log.warn({ publisher: name, ...outcome }, "published in part");
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof LeaseTaken) log.info({ publisher: name }, error.message);
    else logFailure(name, error, log);
  }
}

/**
 * What a publisher or the store says is said in words for the one who runs the server; anything
 * else is a defect, whose stack is of use.
 */
function logFailure(name: string, error: unknown, log: Logger): void {
  const isTold = error instanceof PublishError || error instanceof StoreError;
  const cause = isTold ? { reason: error.message } : { err: error };
  log.warn({ publisher: name, ...cause }, "publishing failed; it is tried again at its next time");
}
