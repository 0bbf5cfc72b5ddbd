// The agent: decides when to look at the host again, hands each report that says something new to
// the delivery, and leaves when told to.
import type { StepSelection } from "../collect/rounds.ts";
import { createChangeSchedule } from "./change-schedule.ts";
import type { Delivery } from "./delivery.ts";
import { findSlot, waitAtStart, waitForSlot } from "./schedule.ts";
import type { SpooledReport } from "./spool.ts";
import { createTokenBucket } from "./token-bucket.ts";
import type { WatchTargets } from "./watch-trace.ts";

/**
 * How often files are looked at though nothing told of a change: not every file system tells; ms.
 */
export const POLL_MS = 60_000;

/**
 * Reports that changes may cause, however many files never rest: the store must not be filled with
 * them; ms.
 */
const REPORTS = { size: 30, everyMs: 30_000 };

/** How soon a file that is being written is looked at again; ms. */
const UNSETTLED_MS = 300;

/**
 * After a look that failed the next one comes this soon, then after twice as long, up to a poll;
 * ms.
 */
const FIRST_RETRY_MS = 2000;

/**
 * By the wall clock no report is older than this when the next one is sent; ms. Half an hour is
 * left before the host is silent.
 */
const MAX_REPORT_AGE_MS = 90 * 60_000;

/**
 * A report, and whether files were being written that it depends on: then it says what they were
 * before, and they are looked at again.
 */
export interface AgentReport extends SpooledReport {
  readonly isUnsettled?: boolean;
}

/** What the agent reports about. */
export interface ObservedHost {
  /** Looks at the host. */
  collect(wanted: StepSelection, signal: AbortSignal): Promise<AgentReport>;
  readonly watched: WatchTargets;
}

export interface AgentOptions {
  readonly host: ObservedHost;
  readonly delivery: Delivery;
  /** Makes a watch that tells of what changed. */
  readonly watch: (onChange: (changed: string, source: string) => void) => {
    update(watched: WatchTargets): Promise<void>;
    close(): void;
  };
  readonly clock: () => number;
  /** Milliseconds from some fixed instant; never goes back. */
  readonly monotonic: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Since the machine booted; ms. */
  readonly uptime: number;
  /** Waits; ends early, without an error, when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told when a look at the host failed. The next one comes with the next poll. */
  readonly onError: (error: unknown) => void;
  /** Told after each look. @param nextHeartbeatMs from now */
  readonly onCollected?: (report: AgentReport, nextHeartbeatMs: number) => void;
}

/** When what is next, by the monotonic clock; ms. Infinity where nothing waits for it. */
interface DueTimes {
  heartbeat: number;
  /** All that is read is looked at, though nothing told of a change. */
  poll: number;
  /** A report that says something new and had to wait may be sent. */
  held: number;
  /** Files that were being written are looked at again. */
  settle: number;
}

/** Runs until the signal aborts. Never rejects. */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { host, delivery, clock, monotonic, random, uptime, sleep, onError, onCollected } = options;
  const reports = createTokenBucket(REPORTS, monotonic);
  const changes = createChangeSchedule(monotonic);
  const wakeup = createWakeup(signal);
  const watch = options.watch((changed, source) => {
    if (changes.note(changed, source)) wakeup.wake();
  });
  /** The last report that was handed over, and when: ms since the epoch. */
  let offered: { readonly digest: string; readonly time: number } | undefined;
  const due: DueTimes = {
    heartbeat: Number.POSITIVE_INFINITY,
    poll: 0,
    held: Number.POSITIVE_INFINITY,
    settle: Number.POSITIVE_INFINITY,
  };
  let failures = 0;

  async function collectAndDecide(wanted: StepSelection): Promise<void> {
    try {
      // First, so that nothing changes between the look and the watch.
      const { watched } = host;
      await watch.update(watched);
      const report = await host.collect(wanted, signal);
      // There is another spec.
      if (host.watched !== watched) await watch.update(host.watched);
      failures = 0;
      changes.judge(report.digest !== offered?.digest);
      due.settle = report.isUnsettled ? monotonic() + UNSETTLED_MS : Number.POSITIVE_INFINITY;
      if (!signal.aborted) decide(report);
    } catch (error) {
      if (signal.aborted) return;
      changes.judge(false);
      // At boot the metadata service, say, may need another moment.
      due.poll = Math.min(due.poll, monotonic() + FIRST_RETRY_MS * 2 ** failures++);
      onError(error);
    }
  }

  function decide(report: AgentReport): void {
    const now = monotonic();
    // Where the machine slept, its monotonic clock did too.
    const hasSlept = offered !== undefined && clock() - offered.time > MAX_REPORT_AGE_MS;
    const isDue = offered === undefined || now >= due.heartbeat || hasSlept;
    const isNew = report.digest !== offered?.digest;
    const heldMs = isDue || !isNew ? 0 : reports.take();
    due.held = heldMs > 0 ? now + heldMs : Number.POSITIVE_INFINITY;
    if (isDue || (isNew && heldMs === 0)) {
      offered = { digest: report.digest, time: clock() };
      due.heartbeat = now + waitForSlot(findSlot(report.id), clock());
      delivery.offer(report);
    }
    onCollected?.(report, due.heartbeat - now);
  }

  /** Waits until it is time, or something changed. @returns what to look at */
  async function awaitNext(): Promise<StepSelection> {
    while (!signal.aborted) {
      // While nothing can be made of the host, its heartbeat would fail as well.
      const other = failures > 0 ? due.poll : Math.min(due.poll, due.heartbeat, due.held, due.settle);
      const waitMs = Math.min(other, changes.dueAt) - monotonic();
      if (waitMs <= 0) break;
      await wakeup.wait(waitMs, sleep);
    }
    const poll = monotonic() >= due.poll;
    if (poll) due.poll = monotonic() + POLL_MS;
    return { poll, changed: changes.take(poll) };
  }

  await sleep(waitAtStart(uptime, random()), signal);
  let wanted: StepSelection = { all: true };
  due.poll = monotonic() + POLL_MS;
  while (!signal.aborted) {
    await collectAndDecide(wanted);
    if (!signal.aborted) wanted = await awaitNext();
  }
  watch.close();
}

/** Ends a wait early. */
function createWakeup(signal: AbortSignal) {
  let waking = new AbortController();
  signal.addEventListener("abort", () => waking.abort(), { once: true });
  return {
    wake: () => waking.abort(),
    /** Waits for the time, or less if it rings or has rung since the last wait. */
    async wait(ms: number, sleep: AgentOptions["sleep"]): Promise<void> {
      await sleep(ms, waking.signal);
      if (!signal.aborted) waking = new AbortController();
    },
  };
}
