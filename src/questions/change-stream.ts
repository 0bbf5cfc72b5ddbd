// The changes of a stretch of time, entry by entry of the history, those among them that follow
// from receipts: who fell silent, who returned.
import type { Change } from "../history/change.ts";
import type { History } from "../history/history.ts";
import { type Gap, isUntold } from "../history/recorded.ts";
import { parseReportKey } from "../report/key.ts";
import { type DescribeHost, describeHosts } from "./host-description.ts";
import { type Past, readLabelsOf } from "./past.ts";
import { type Silence, SilenceWatch } from "./silences.ts";

/** The changes of one entry, in an order that is always the same. */
export interface ChangeEntry {
  readonly entry: number;
  /** ms since the epoch. */
  readonly at: number;
  /** Of the entry before it, or where reading began. */
  readonly before: number;
  readonly changes: readonly Change[];
  /** Changes of it that were beyond the recorder's bounds. */
  readonly dropped: number;
  readonly gap?: Gap | undefined;
}

export interface StreamOptions {
  /** Exclusive; ms since the epoch. */
  readonly since: number;
  readonly until: number;
  /** After how long a host is silent, ms; undefined where nobody asks who is. */
  readonly windowMs: number | undefined;
  readonly past: Past;
  readonly signal: AbortSignal;
}

/** Reads them in the order of time. */
export async function* streamChanges(options: StreamOptions): AsyncGenerator<ChangeEntry> {
  const { since, until, windowMs, past, signal } = options;
  const { history } = past;
  let before = since;
  const span = { since, until };
  const derived = windowMs === undefined ? undefined : await openSilences(history, windowMs, options);
  try {
    for await (const { entry, at, changes, dropped, gap } of history.readChanges(span, signal)) {
      const silences = derived ? await derived.upTo(entry, at, changes) : [];
      yield { entry, at, before, dropped, gap, changes: [...changes, ...silences] };
      before = at;
    }
  } finally {
    await derived?.close();
  }
}

/** Reads receipts beside the changes, entry by entry. */
async function openSilences(history: History, windowMs: number, options: StreamOptions) {
  const { since, until, past, signal } = options;
  const watch = new SilenceWatch(windowMs);
  const known = new Map<string, Pick<Change, "instanceName" | "labels">>();
  let describe: DescribeHost | undefined;
  const receipts = history.readReceipts({ since, until }, signal)[Symbol.asyncIterator]();
  let next = await receipts.next();
  const firstAt: number = next.done ? since : next.value.at;

  /** What a change of it said last, else what its report had where reading began. */
  async function describeKey(key: string) {
    const told = known.get(key);
    if (told) return told;
    describe ??= await describeFirst();
    return describe(key) ?? { instanceName: null, labels: {} };
  }

  async function describeFirst(): Promise<DescribeHost> {
    const recorded = await history.viewAt(firstAt, signal);
    return isUntold(recorded)
      ? () => undefined
      : await describeHosts(recorded.view.reports, readLabelsOf(recorded, past));
  }

  async function toChange(entry: number, { key, ...silence }: Silence): Promise<Change> {
    const { id: host = "", account = "" } = parseReportKey(key) ?? {};
    const none = { field: "", before: null, after: null };
    return { entry, key, host, account, ...silence, ...none, ...(await describeKey(key)) };
  }

  return {
    async upTo(entry: number, at: number, changes: readonly Change[]): Promise<Change[]> {
      for (const { key, instanceName, labels } of changes) known.set(key, { instanceName, labels });
      const found: Change[] = [];
      while (!next.done && next.value.at <= at) {
        for (const silence of watch.take(next.value)) found.push(await toChange(entry, silence));
        next = await receipts.next();
      }
      return found;
    },
    close: async () => void (await receipts.return?.()),
  };
}
