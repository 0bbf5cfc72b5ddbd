// The agent: reports at start, when what it reports changes, and on a heartbeat, so that the host stays fresh.
import type { Clock } from "../report/clock.ts";

/** How often the host is looked at again; ms. */
export const POLL_MS = 60_000;

/** How often an unchanged report is sent again; ms. Half the window, so that one lost report silences nobody. */
export const HEARTBEAT_MS = 60 * 60_000;

/** A report as it was collected. */
export interface Collected {
  readonly id: string;
  readonly bytes: Buffer;
  /** The same for reports that differ only in when they were made. */
  readonly digest: string;
}

export interface AgentOptions {
  /** Looks at the host. */
  readonly collect: () => Promise<Collected>;
  /** Sends a report to where it is kept. */
  readonly push: (report: Collected) => Promise<void>;
  readonly clock: Clock;
  /** Waits; ends early, without an error, when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told of each round that failed. The next round tries again. */
  readonly onError: (error: unknown) => void;
  /** Told of each report that was sent. */
  readonly onPush?: (report: Collected) => void;
}

/** Runs until the signal aborts. Never rejects: what fails is told to onError and tried again in the next round. */
export async function runAgent(
  { collect, push, clock, sleep, onError, onPush }: AgentOptions,
  signal: AbortSignal,
): Promise<void> {
  let sent: { digest: string; at: number } | undefined;
  while (!signal.aborted) {
    try {
      const report = await collect();
      const age = sent ? clock() - sent.at : Number.POSITIVE_INFINITY;
      // A clock set back would otherwise keep the agent quiet for as long as it was set back.
      const isDue = age >= HEARTBEAT_MS || age < 0;
      if (!signal.aborted && (isDue || report.digest !== sent?.digest)) {
        await push(report);
        sent = { digest: report.digest, at: clock() };
        onPush?.(report);
      }
    } catch (error) {
      onError(error);
    }
    await sleep(POLL_MS, signal);
  }
}
