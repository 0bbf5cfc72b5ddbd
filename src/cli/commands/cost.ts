// rollcall cost: what a month of S3 costs, by operation, from requests that were counted; and what
// the alarms on AWS cost beside it.

import { sanitizeLine } from "../../report/safe-text.ts";
import type { Io } from "../program/io.ts";
import { layOutTable, styleTable } from "../terminal/table.ts";
import { type Cost, computeCost, HOURS_A_MONTH, REPORT_BYTES } from "./cost-model.ts";
import { CLOUDWATCH_PRICES, PRICES, type Region, WATCHED } from "./cost-prices.ts";

export interface CostCommandOptions {
  readonly hosts?: readonly number[];
  readonly questions: number;
  readonly changes: number;
  readonly region: Region;
  readonly alsoRead?: boolean;
  readonly publishedSpecs?: boolean;
  readonly json?: boolean;
}

/** A month of what watches the stack rollcall-reader, free ones or none; rounded to cents. */
const WATCHING_USD =
  Math.round(
    100 * (WATCHED.alarmMetrics * CLOUDWATCH_PRICES.alarmMetric + WATCHED.metrics * CLOUDWATCH_PRICES.metric),
  ) / 100;

const DEFAULT_HOSTS: readonly number[] = [1_000, 10_000, 1_000_000];

/**
 * Counts and prints: a table on a terminal, JSON in a pipe. What it is at stands on stderr
 * meanwhile.
 */
export async function runCost(
  { hosts = DEFAULT_HOSTS, json, ...asked }: CostCommandOptions,
  io: Io,
): Promise<void> {
  const { questions, changes, region, alsoRead = false, publishedSpecs = false } = asked;
  const fleets: Cost[] = [];
  for (const count of hosts) {
    fleets.push(
      await computeCost({
        hosts: count,
        questions,
        changes,
        region,
        alsoRead,
        publishedSpecs,
        signal: io.signal,
        onProgress: async (text) => {
          if (io.stderr.isTerminal) await io.stderr.command(`\r\u001b[K${sanitizeLine(text)}`);
        },
      }),
    );
  }
  if (io.stderr.isTerminal) await io.stderr.command("\r\u001b[K");
  if (json || !io.stdout.isTerminal) {
    const document = {
      region,
      questions_an_hour: questions,
      changes_a_day: changes,
      ...(alsoRead && { also_read: true }),
      ...(publishedSpecs && { published_specs: true }),
      hours_a_month: HOURS_A_MONTH,
      report_bytes: REPORT_BYTES,
      prices_usd: PRICES[region],
      fleets: fleets.map(toJson),
      cloudwatch: {
        alarm_metrics: WATCHED.alarmMetrics,
        metrics: WATCHED.metrics,
        prices_usd: { alarm_metric: CLOUDWATCH_PRICES.alarmMetric, metric: CLOUDWATCH_PRICES.metric },
        usd: WATCHING_USD,
      },
    };
    return await io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }
  const table = layOutTable(
    ["HOSTS", "A MONTH", "PUT", "LIST", "GET", "STORAGE", "LARGEST"],
    fleets.map(({ hosts: count, usd, month: parts, largest }) => [
      formatCount(count),
      ...[usd, parts.put.usd, parts.list.usd, parts.get.usd, parts.storage.usd].map(formatUsd),
      `${largest.toUpperCase()} ${Math.round((parts[largest].usd / usd) * 100)}%`,
    ]),
    io.stdout.columns,
  );
  await io.stdout.writeStyled(`${styleTable(table, io)}\n\n${describe(fleets, asked)}\n`);
}

function toJson({ hosts, counted, month: parts, usd, largest }: Cost): object {
  return {
    hosts,
    usd,
    largest,
    month: parts,
    counted: {
      start: counted.start,
      hour: counted.hour,
      questions: counted.questions,
      ...(counted.specLooks && { spec_looks_a_host_and_month: counted.specLooks }),
    },
  };
}

/** What was counted, and what was multiplied: nobody should take the one for the other. */
function describe(
  fleets: readonly Cost[],
  { questions, changes, region, alsoRead = false }: Omit<CostCommandOptions, "hosts" | "json">,
): string {
  const looks = fleets[0]?.counted.specLooks?.get;
  const counts = fleets.map(({ hosts, counted: { start, hour, questions: simulated } }) => {
    const short =
      simulated < questions ? `; ${simulated} questions stand for ${questions}, so LIST is multiplied` : "";
    const [first, then] = [start, hour].map(
      ({ put, list, get }) => `${formatCount(put)} PUT, ${formatCount(list)} LIST, ${formatCount(get)} GET`,
    );
    return `  ${formatCount(hosts)} hosts: at a server's start ${first}; in the hour ${then}${short}`;
  });
  return [
    `US dollars at AWS's list prices for ${region}: ${questions} questions an hour, ` +
      `each host one report an hour and ${changes} changes a day.`,
    ...(alsoRead
      ? [
          "The same hosts report once an hour to another bucket that is read beside: its LIST and GET are " +
            "in the sum, and its PUT are not.",
        ]
      : []),
    ...(looks === undefined
      ? []
      : [`Each host asks ${formatCount(looks)} times a month for the published spec: GET has that.`]),
    "Counted, with one server that runs the program's own code over a simulated fleet for an hour:",
    ...counts,
    `Multiplied: the start once, the hour ${HOURS_A_MONTH} times; storage is ` +
      `${REPORT_BYTES} bytes a host.`,
    `Not in the table: the alarms of rollcall-reader on AWS, ${formatUsd(WATCHING_USD)} a month for ` +
      `${WATCHED.alarmMetrics} metrics with an alarm and ${WATCHED.metrics} of its own, where the ` +
      "account's ten free ones of each are used up. More: docs/cost.md",
  ].join("\n");
}

function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

function formatUsd(usd: number): string {
  return `$${usd.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}
