// How many hosts of each account are fresh, silent or set aside: what a watch over the roll is made
// of.
import { judgeAge } from "../report/freshness.ts";
import { parseReportKey, REPORTS_PREFIX } from "../report/key.ts";
import type { ProblemReason } from "../report/problem.ts";
import { keyAt } from "../roll/table.ts";
import type { RollView } from "../roll/view.ts";

/** Hosts, by what became of their last report. */
export interface HostCounts {
  readonly fresh: number;
  /** Older than the window and not yet expired; a host that left is not among them. */
  readonly silent: number;
  /** Whose report cannot be shown as it is, such as one that is no JSON or is too large. */
  readonly setAside: number;
}

/** The hosts of one account. */
export interface AccountCounts extends HostCounts {
  /** An AWS account id, `local`, or "" for reports at the top of a store. */
  readonly account: string;
}

export interface RollCounts extends HostCounts {
  /** Of all accounts that had a host within a day; those with most hosts first. */
  readonly accounts: readonly AccountCounts[];
  /** Of them, those without a fresh host. */
  readonly silentAccounts: readonly AccountCounts[];
}

/** With these the host is shown all the same, by another report or by this one. */
const SHOWN_ALL_THE_SAME: ReadonlySet<ProblemReason> = new Set([
  "superseded",
  "clone",
  "over_limit",
  "backdated",
]);

/**
 * Counts the hosts of a view. What was set aside is counted below `reports/` alone: at the top of a
 * store may lie what is no report.
 *
 * @param windowMs how old a fresh report may be
 */
export function countAccounts(view: RollView, windowMs: number): RollCounts {
  const { reports: table, problems, asOf } = view;
  const counts = new Map<string, { account: string; fresh: number; silent: number; setAside: number }>();
  const count = (key: string, state: keyof HostCounts) => {
    const account = parseReportKey(key)?.account ?? "";
    const known = counts.get(account) ?? { account, fresh: 0, silent: 0, setAside: 0 };
    known[state]++;
    counts.set(account, known);
  };
  for (let at = 0; at < table.rowOf.length; at++) {
    const state = judgeAge(table.receivedAt[at] as number, asOf, windowMs);
    if (state !== "gone") count(keyAt(table, at), state);
  }
  for (const { key, reason, receivedAt } of problems) {
    const isHost = key.startsWith(REPORTS_PREFIX) && parseReportKey(key) !== undefined;
    if (isHost && !SHOWN_ALL_THE_SAME.has(reason) && judgeAge(receivedAt, asOf, windowMs) !== "gone")
      count(key, "setAside");
  }
  const size = ({ fresh, silent, setAside }: HostCounts) => fresh + silent + setAside;
  const accounts = [...counts.values()].sort((a, b) => size(b) - size(a) || (a.account < b.account ? -1 : 1));
  const sum = (state: keyof HostCounts) => accounts.reduce((total, one) => total + one[state], 0);
  return {
    fresh: sum("fresh"),
    silent: sum("silent"),
    setAside: sum("setAside"),
    accounts,
    silentAccounts: accounts.filter(({ fresh }) => fresh === 0),
  };
}
