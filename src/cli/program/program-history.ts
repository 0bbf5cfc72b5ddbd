// rollcall history: the past, as it is recorded in the store.
import { type Command, Option } from "commander";
import { REGIONS } from "../commands/cost-prices.ts";
import type { HistoryStatusOptions } from "../commands/history.ts";
import { addSettings, explain } from "../settings/flags.ts";
import type { Flags } from "../settings/setting-list.ts";
import type { Io } from "./io.ts";

export function addHistory(program: Command, io: Io): void {
  const history = program
    .command("history")
    .description("the past as it is recorded: record it, see how much there is");
  const record = history
    .command("record")
    .description(
      "compare the roll with what is recorded, and record what is new, once: for a timer, without a server",
    );
  addSettings(record, "store", "alsoRead", "expect", "historyEvery", "historyIgnore", "config");
  explain(
    record,
    `
Say how often the timer comes, so that a gap is told where it did not.

Examples:
  $ rollcall history record --history-every 5m
  */5 * * * * rollcall history record --store s3://rollcall --history-every 5m`,
  );
  record.action(async (options: Flags) =>
    (await import("../commands/history.ts")).runHistoryRecord(options, io),
  );

  const status = history
    .command("status")
    .description("since when history is recorded, how much it is, what is missing, and what a month costs")
    .addOption(new Option("--region <REGION>", "whose prices").choices(REGIONS).default(REGIONS[0]))
    .option("--json", "JSON, also on a terminal");
  addSettings(status, "store", "config");
  explain(
    status,
    `
Examples:
  $ rollcall history status
  $ rollcall history status --json | jq '.gaps[]'`,
  );
  status.action(async (options: HistoryStatusOptions) =>
    (await import("../commands/history.ts")).runHistoryStatus(options, io),
  );
}
