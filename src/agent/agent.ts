// The agent: decides when to look at the host again, hands each report that says something new to the delivery, and leaves when told to.
import type { Wanted } from "../collect/rounds.ts";
import type { Delivery } from "./delivery.ts";
import { findSlot, waitAtStart, waitForSlot } from "./schedule.ts";
import type { Spooled } from "./spool.ts";
import { createTokenBucket } from "./token-bucket.ts";
import type { Watched } from "./watch.ts";

/** How often files are looked at though nothing told of a change: not every file system tells; ms. */
export const POLL_MS = 60_000;

/** A change is often the first of several: a file is emptied, then written; ms. */
const SETTLE_MS = 100;

/** Looks at the host that changes may cause: so many at once, then one in so long; ms. A file that never rests must not keep a core busy. */
const LOOKS = { size: 20, everyMs: 5000 };

/** Reports that changes may cause: a value that never rests must not fill the store; ms. */
const REPORTS = { size: 10, everyMs: 60_000 };

/** After a look that failed the next one comes this soon, then after twice as long, up to a poll; ms. */
const FIRST_RETRY_MS = 2000;

/** By the wall clock no report is older than this when the next one is sent; ms. Half an hour is left before the host is silent. */
const MAX_AGE_MS = 90 * 60_000;

/** What the agent reports about. */
export interface Subject {
  /** Looks at the host. */
  collect(wanted: Wanted, signal: AbortSignal): Promise<Spooled>;
  readonly watched: Watched;
}

export interface AgentOptions {
  readonly subject: Subject;
  readonly delivery: Delivery;
  /** Makes a watch that tells of what changed. */
  readonly watch: (onChange: (changed: string) => void) => { update(watched: Watched): Promise<void>; close(): void };
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
  readonly onLook?: (report: Spooled, nextHeartbeatMs: number) => void;
}

/** Runs until the signal aborts. Never rejects. */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { subject, delivery, clock, monotonic, random, uptime, sleep, onError, onLook } = options;
  const looks = createTokenBucket(LOOKS, monotonic);
  const reports = createTokenBucket(REPORTS, monotonic);
  const bell = createBell(signal);
  const watch = options.watch((changed) => bell.ring(changed));
  /** The last report that was handed over, and when: ms since the epoch. */
  let offered: { readonly digest: string; readonly time: number } | undefined;
  let heartbeatAt = Number.POSITIVE_INFINITY;
  let nextPollAt = 0;
  /** When a report may be sent that says something new and had to wait. */
  let heldUntil = Number.POSITIVE_INFINITY;
  let failures = 0;

  async function look(wanted: Wanted): Promise<void> {
    try {
      // First, so that nothing changes between the look and the watch.
      const { watched } = subject;
      await watch.update(watched);
      const report = await subject.collect(wanted, signal);
      // There is another spec.
      if (subject.watched !== watched) await watch.update(subject.watched);
      failures = 0;
      if (!signal.aborted) decide(report);
    } catch (error) {
      if (signal.aborted) return;
      // At boot the metadata service, say, may need another moment.
      nextPollAt = Math.min(nextPollAt, monotonic() + FIRST_RETRY_MS * 2 ** failures++);
      onError(error);
    }
  }

  function decide(report: Spooled): void {
    const now = monotonic();
    // Where the machine slept, its monotonic clock did too.
    const hasSlept = offered !== undefined && clock() - offered.time > MAX_AGE_MS;
    const isDue = offered === undefined || now >= heartbeatAt || hasSlept;
    const isNew = report.digest !== offered?.digest;
    const heldMs = isDue || !isNew ? 0 : reports.take();
    heldUntil = heldMs > 0 ? now + heldMs : Number.POSITIVE_INFINITY;
    if (isDue || (isNew && heldMs === 0)) {
      offered = { digest: report.digest, time: clock() };
      heartbeatAt = now + waitForSlot(findSlot(report.id), clock());
      delivery.offer(report);
    }
    onLook?.(report, heartbeatAt - now);
  }

  /** Waits until it is time, or something changes. @returns what to look at */
  async function awaitNext(): Promise<Wanted> {
    const next = Math.min(nextPollAt, heartbeatAt, heldUntil);
    await bell.wait(Math.max(0, next - monotonic()), sleep);
    if (bell.isRung()) {
      await sleep(SETTLE_MS, signal);
      for (let waitMs = looks.take(); waitMs > 0 && !signal.aborted; waitMs = looks.take()) await sleep(waitMs, signal);
    }
    const poll = monotonic() >= nextPollAt;
    if (poll) nextPollAt = monotonic() + POLL_MS;
    return { poll, changed: bell.answer() };
  }

  await sleep(waitAtStart(uptime, random()), signal);
  let wanted: Wanted = { all: true };
  nextPollAt = monotonic() + POLL_MS;
  while (!signal.aborted) {
    await look(wanted);
    if (!signal.aborted) wanted = await awaitNext();
  }
  watch.close();
}

/** Gathers what changed until somebody asks. */
function createBell(signal: AbortSignal) {
  let rung = new Set<string>();
  let wake = new AbortController();
  signal.addEventListener("abort", () => wake.abort(), { once: true });
  return {
    ring(changed: string): void {
      rung.add(changed);
      wake.abort();
    },
    isRung: () => rung.size > 0,
    /** Waits for the time, or less if it rings. */
    async wait(ms: number, sleep: AgentOptions["sleep"]): Promise<void> {
      if (rung.size === 0 && ms > 0) await sleep(ms, wake.signal);
    },
    answer(): readonly string[] {
      const answer = [...rung];
      rung = new Set();
      if (!signal.aborted) wake = new AbortController();
      return answer;
    },
  };
}
