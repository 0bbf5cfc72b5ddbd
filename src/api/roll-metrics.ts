// The roll as CloudWatch's metrics: lines of a function's log in the embedded metric format, from
// which CloudWatch takes the numbers (CloudWatch guide, "Specification: Embedded metric format").
import type { AccountCounts, HostCounts, RollCounts } from "../questions/account-counts.ts";

/** Where the metrics stand in CloudWatch; infra/roll-alarms.ts names them too. */
const NAMESPACE = "Rollcall";

/**
 * Accounts that are named in the line of the whole roll, silent ones first: a line a minute is paid
 * for by its bytes.
 */
export const MAX_NAMED_ACCOUNTS = 100;

export interface RollMetricsOptions {
  /** The value of the dimension Stack, which tells several rolls of a region apart. */
  readonly stack: string;
  /** When the counts are of; ms since the epoch. */
  readonly asOf: number;
  /** ms since the epoch. */
  readonly now: number;
  /** Accounts that get metrics of their own, those with most hosts first; each costs two. */
  readonly accountMetrics: number;
}

interface Metric {
  readonly name: string;
  /** One of CloudWatch's units ("MetricDatum"). */
  readonly unit: "Count" | "Percent" | "Milliseconds";
  /** Undefined for what cannot be told, which has no data point then. */
  readonly value: number | undefined;
}

/**
 * Writes the lines: one of the whole roll, and one for each account that has metrics of its own.
 *
 * `NotFreshPercent` is the share of the hosts heard of within a day that are not fresh now. Where
 * nobody was heard of it has no data point: a new store is not a roll that shrank, and an alarm
 * keeps the state that it has.
 */
export function writeRollMetrics(counts: RollCounts, options: RollMetricsOptions): string[] {
  const { stack, asOf, now, accountMetrics } = options;
  const { fresh, silent, setAside, accounts, silentAccounts } = counts;
  const all = fresh + silent + setAside;
  const write = (dimensions: Readonly<Record<string, string>>, metrics: readonly Metric[], rest: object) => {
    const told = metrics.filter(({ value }) => value !== undefined);
    return JSON.stringify({
      _aws: {
        Timestamp: now,
        CloudWatchMetrics: [
          {
            Namespace: NAMESPACE,
            Dimensions: [Object.keys(dimensions)],
            Metrics: told.map(({ name, unit }) => ({ Name: name, Unit: unit })),
          },
        ],
      },
      ...dimensions,
      ...Object.fromEntries(told.map(({ name, value }) => [name, value])),
      ...rest,
    });
  };
  const named = [...silentAccounts, ...accounts.filter((one) => one.fresh > 0)].slice(0, MAX_NAMED_ACCOUNTS);
  const whole = write(
    { Stack: stack },
    [
      ...listHostMetrics(counts),
      { name: "SetAsideHosts", unit: "Count", value: setAside },
      {
        name: "NotFreshPercent",
        unit: "Percent",
        value: all === 0 ? undefined : (100 * (silent + setAside)) / all,
      },
      { name: "SilentAccounts", unit: "Count", value: silentAccounts.length },
      { name: "RollAge", unit: "Milliseconds", value: Math.max(0, now - asOf) },
    ],
    {
      accounts: Object.fromEntries(named.map((one) => [nameAccount(one), pickCounts(one)])),
      accounts_in_all: accounts.length,
      ...(named.length < accounts.length && { accounts_not_named: accounts.length - named.length }),
      ...(accountMetrics > 0 &&
        accounts.length > accountMetrics && { accounts_without_metrics: accounts.length - accountMetrics }),
    },
  );
  const each = accounts
    .slice(0, accountMetrics)
    .map((one) => write({ Stack: stack, Account: nameAccount(one) }, listHostMetrics(one), {}));
  return [whole, ...each];
}

function listHostMetrics({ fresh, silent }: HostCounts): Metric[] {
  return [
    { name: "FreshHosts", unit: "Count", value: fresh },
    { name: "SilentHosts", unit: "Count", value: silent },
  ];
}

/** CloudWatch takes no empty value: the top of an old bucket names no account. */
function nameAccount({ account }: AccountCounts): string {
  return account === "" ? "unknown" : account;
}

function pickCounts({ fresh, silent, setAside }: AccountCounts): object {
  return { fresh, silent, set_aside: setAside };
}
