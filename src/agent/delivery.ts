// Delivery: gets the newest report to where it is kept, one send at a time, again and again until
// it is there.
import type { LeaveReason } from "../report/departure.ts";
import { DEFAULT_WINDOW_MS } from "../report/limits.ts";
import { type Backoff, drawWait } from "../store/backoff.ts";
import type { Spool, SpooledReport } from "./spool.ts";

/**
 * Between tries: full jitter, so that a fleet whose store comes back does not come back in step.
 * With the cap, what waits is there within 30 s of the store's return, a try of some seconds
 * included.
 */
const BACKOFF: Backoff = { first: 1000, cap: 25_000 };

/**
 * A report that comes while an older one waits is tried at once, but no sooner than this after the
 * last try; ms.
 */
const HURRY_AFTER_MS = 5000;

/**
 * A try that takes longer is given up; ms. A store that went without a word lets tries hang, and
 * its return must be noticed soon.
 */
const SEND_TIMEOUT_MS = 20_000;
/** A large report on a slow line has more time: so many bytes in a ms. */
const SLOW_LINE = 16;

/** So far the clock may have been set back since a report was made; ms. */
const MAX_AHEAD_MS = 5 * 60_000;

/** As long as a server may ask to be left alone (Retry-After); ms. */
const MAX_DELIVERY_WAIT_MS = 10 * 60_000;

/** A report, and when it was made. */
type DatedReport = SpooledReport & { readonly madeAt: number };

/** Where reports go. */
export interface ReportSink {
  /** For people. */
  readonly location: string;
  /**
   * Sends a report. It has ended for good when the promise settles: nothing of it arrives later
   * than what is sent next.
   *
   * @throws an error that may have `retryAfterMs`: how long the other side asks to be left alone
   */
  send(report: SpooledReport, signal: AbortSignal): Promise<void>;
  /** Sends a departure likewise. @param id the host's */
  leave(id: string, reason: LeaveReason, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface DeliveryState {
  /** When the last report got there, ms since the epoch, and its digest. */
  readonly sent: { readonly at: number; readonly digest: string } | undefined;
  /** Since when a report waits, ms since the epoch; and what went wrong last. */
  readonly waiting:
    | { readonly since: number; readonly failures: number; readonly reason: string }
    | undefined;
}

export interface Delivery {
  /** Takes what an earlier process could not send, unless it is of no use any more. */
  restore(): Promise<void>;
  /**
   * Takes a report; one that waits is dropped for it. It is sent at once unless the last try failed
   * within the last seconds.
   */
  offer(report: SpooledReport): void;
  readonly state: DeliveryState;
  /** Ends tries: one that runs has so long to end, ms. What waits stays in the spool. */
  stop(graceMs: number): Promise<void>;
  /** Resolves when nothing waits. */
  settle(): Promise<void>;
}

export interface DeliveryOptions {
  readonly sink: ReportSink;
  readonly spool: Spool;
  /** ms since the epoch. */
  readonly clock: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Waits; ends early, without an error, when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** In which boot of which machine reports are made: what waits from another is dropped. */
  readonly madeOn?: string;
  /** Told of a report that will not be sent, and why. */
  readonly onDropped?: (why: string) => void;
  /** Told when a report got there. */
  readonly onSent: (report: SpooledReport) => void;
  /** Told of what failed, and when it is tried again; ms. Undefined: it was not about sending. */
  readonly onFailure: (error: unknown, waitMs: number | undefined) => void;
}

/** What a delivery has in hand. Times are ms since the epoch. */
interface DeliveryWork {
  /** The report that is to be sent, and since when one waits. */
  pending: { readonly report: DatedReport; readonly since: number } | undefined;
  sent: DeliveryState["sent"];
  /** Tries in a row that failed, and why the last one did. */
  failures: number;
  reason: string;
  /** Whether something lies in the spool. */
  isSpooled: boolean;
  /** Sends until nothing is pending. */
  running: Promise<void> | undefined;
  /** Aborted by a newer report: it ends the wait for the next try. */
  news: AbortController;
}

/** Makes a delivery. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { sink, spool, clock, random, sleep, onSent, onFailure, madeOn, onDropped } = options;
  const stopping = new AbortController();
  const aborting = new AbortController();
  const work: DeliveryWork = {
    pending: undefined,
    sent: undefined,
    failures: 0,
    reason: "",
    isSpooled: false,
    running: undefined,
    news: new AbortController(),
  };

  async function keep(report: DatedReport): Promise<void> {
    try {
      await spool.save(report);
      work.isSpooled = true;
    } catch (error) {
      // A full disk, say. The report is in memory, and the next one will be collected anyway.
      onFailure(error, undefined);
    }
  }

  async function dropKept(): Promise<void> {
    if (!work.isSpooled) return;
    await spool.clear().then(
      () => {
        work.isSpooled = false;
      },
      (error: unknown) => onFailure(error, undefined),
    );
  }

  /**
   * To whoever stores it a report that arrives is fresh: one that says how the host was long ago
   * would pass for news.
   */
  function findAge({ madeAt }: DatedReport): string | undefined {
    const ageMs = clock() - madeAt;
    return ageMs > DEFAULT_WINDOW_MS ? `it was made ${Math.round(ageMs / 60_000)} min ago` : undefined;
  }

  /** Why what another process left is of no use. */
  function findStaleness(report: DatedReport): string | undefined {
    if (report.madeAt - clock() > MAX_AHEAD_MS) return "it was made in the future, by this host's clock";
    return report.madeOn === madeOn
      ? findAge(report)
      : "it was made by another machine, or before this one booted";
  }

  /** A newer one comes with the next look. */
  async function drop(report: DatedReport, why: string): Promise<void> {
    if (work.pending?.report === report) work.pending = undefined;
    onDropped?.(why);
    if (!work.pending) await dropKept();
  }

  async function trySend(report: DatedReport): Promise<void> {
    // An older report in the spool must not survive a newer one that got there.
    if (work.isSpooled) await keep(report);
    const timeoutMs = SEND_TIMEOUT_MS + Math.ceil(report.bytes.length / SLOW_LINE);
    await sink.send(report, AbortSignal.any([aborting.signal, AbortSignal.timeout(timeoutMs)]));
    work.sent = { at: clock(), digest: report.digest };
    work.failures = 0;
    if (work.pending?.report === report) work.pending = undefined;
    onSent(report);
    if (!work.pending) await dropKept();
  }

  async function sendPending(): Promise<void> {
    while (work.pending && !stopping.signal.aborted) {
      const { report } = work.pending;
      work.news = new AbortController();
      const staleness = findAge(report);
      if (staleness !== undefined) {
        await drop(report, staleness);
        continue;
      }
      try {
        await trySend(report);
      } catch (error) {
        work.failures++;
        work.reason = error instanceof Error ? error.message : String(error);
        await keep(work.pending?.report ?? report);
        if (stopping.signal.aborted) return;
        const askedMs = readAskedWait(error);
        const waitMs = drawWait(work.failures, random(), BACKOFF, askedMs);
        onFailure(error, waitMs);
        await pause(waitMs, Math.max(HURRY_AFTER_MS, askedMs));
      }
    }
  }

  /**
   * Waits before the next try; what is new ends the wait early, but not before its least part is
   * over.
   */
  async function pause(waitMs: number, leastMs: number): Promise<void> {
    await sleep(Math.min(waitMs, leastMs), stopping.signal);
    if (waitMs > leastMs) await sleep(waitMs - leastMs, AbortSignal.any([stopping.signal, work.news.signal]));
  }

  function begin(): void {
    work.running ??= sendPending().finally(() => {
      work.running = undefined;
      // One may have come after the last look.
      if (work.pending && !stopping.signal.aborted) begin();
    });
  }

  function take(report: DatedReport): void {
    work.pending = { report, since: work.pending?.since ?? clock() };
    work.news.abort();
    begin();
  }

  function offer(report: SpooledReport): void {
    take({ ...report, madeAt: clock(), ...(madeOn !== undefined && { madeOn }) });
  }

  return {
    async restore() {
      const spooled = await spool.load().catch((error: unknown) => onFailure(error, undefined));
      if (!spooled) return;
      work.isSpooled = true;
      const report = { ...spooled, madeAt: spooled.madeAt ?? clock() };
      const staleness = findStaleness(report);
      if (staleness === undefined) take(report);
      else await drop(report, staleness);
    },
    offer,
    get state() {
      const { sent, pending, failures, reason } = work;
      return {
        sent,
        waiting: pending && failures > 0 ? { since: pending.since, failures, reason } : undefined,
      };
    },
    async stop(graceMs) {
      stopping.abort();
      const timer = setTimeout(() => aborting.abort(new Error("the agent stops")), graceMs);
      await work.running;
      clearTimeout(timer);
    },
    async settle() {
      await work.running;
    },
  };
}

/** @returns ms; 0 where nobody asks */
function readAskedWait(error: unknown): number {
  const { retryAfterMs } = (error ?? {}) as { readonly retryAfterMs?: unknown };
  return typeof retryAfterMs === "number" ? Math.min(retryAfterMs, MAX_DELIVERY_WAIT_MS) : 0;
}
