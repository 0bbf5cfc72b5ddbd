// The command line, continued: commands for those who run Rollcall.
import { type Command, InvalidArgumentError, Option } from "commander";
import type { AwsInitOptions } from "../commands/aws-init.ts";
import { flagOf, SETTING_NAMES, SETTINGS } from "../commands/aws-settings.ts";
import type { CostCommandOptions } from "../commands/cost.ts";
import { REGIONS } from "../commands/cost-prices.ts";
import type { StoreInitOptions } from "../commands/store-init.ts";
import { addSettings, explain } from "../settings/flags.ts";
import type { Io } from "./io.ts";

export function addStore(program: Command, io: Io): void {
  const store = program.command("store").description("set up what a store lies in");
  const init = store
    .command("init")
    .description("set up a bucket or folder, as often as you like, and say what was done")
    .option("--top-level", "let reports at the top of the store (i-….json) expire too")
    .option("--dry-run", "look, and change nothing")
    .option("--json", "JSON, also on a terminal");
  addSettings(init, "store", "config");
  explain(
    init,
    `
Examples:
  $ rollcall store init --store s3://reports --dry-run
  $ rollcall store init --store 's3://reports/prod?region=ap-northeast-1'
  $ rollcall store init --store 's3://reports?endpoint=https://s3.example.com:9000'
  $ rollcall store init --store file:/srv/rollcall`,
  );
  init.action(async (options: StoreInitOptions) =>
    (await import("../commands/store-init.ts")).runStoreInit(options, io),
  );
}

export function addAws(program: Command, io: Io): void {
  const aws = program.command("aws").description("the whole system on AWS");
  const init = aws
    .command("init")
    .description("ask four questions, and write templates and scripts with which the AWS CLI deploys it")
    .option("--name <NAME>", "begins the names of all that is made (default rollcall)")
    .option("--organization <ID>", "hosts in all accounts of this AWS organization may report")
    .option("--accounts <IDS>", "hosts in these accounts may, split by commas (default: this account's own)")
    .option("--bucket <NAME>", "also read a bucket that holds reports already; nothing is written there")
    .option(
      "--account <ID>",
      "where you deploy, for that bucket's policy (default: the credentials' account)",
    )
    .option("--alarm-email <ADDRESS>", "who hears of alarms")
    .option("--tag <KEY=VALUE>", "of all that is made; may be given again", (tag, before: string[] = []) => [
      ...before,
      tag,
    ])
    .option("--yes", "ask nothing: what no flag says is as before, or as usual")
    .option("--out <FOLDER>", "where to write", "rollcall-aws");
  for (const name of SETTING_NAMES) {
    const { argument, help } = SETTINGS[name];
    init.option(`${flagOf(name)} ${argument}`, help);
  }
  explain(
    init,
    `
Examples:
  $ rollcall aws init
  $ rollcall aws init --organization o-a1b2c3d4e5 --alarm-email ops@example.com --yes
  $ rollcall aws init --accounts 111111111111,222222222222 --out deploy/rollcall
  $ rollcall aws init --yes --require-instance true --allowed-cidrs 203.0.113.0/24 --tag team=platform
  $ rollcall aws init --yes --authorization JWT --jwt-issuer https://login.example.com --jwt-audience rollcall
  $ rollcall aws init --yes --permissions-boundary boundaries/standard --role-path /rollcall/`,
  );
  init.action(async (options: AwsInitOptions) =>
    (await import("../commands/aws-init.ts")).runAwsInit(options, io),
  );
}

/** More hosts than this do not fit one reader's memory. */
const MAX_COST_HOSTS = 2_000_000;

export function addCost(program: Command, io: Io): void {
  const command = program
    .command("cost")
    .description("what a month of S3 costs: counts the requests of a simulated hour at AWS's list prices")
    .addOption(
      new Option(
        "--hosts <N>",
        "how many hosts; may be given again (default 1000, 10000, 1000000)",
      ).argParser((text: string, before: readonly number[] = []) => [
        ...before,
        parseWhole(text, 1, MAX_COST_HOSTS),
      ]),
    )
    .addOption(
      new Option("--questions <N>", "questions an hour")
        .default(60)
        .argParser((text) => parseWhole(text, 0, 3600)),
    )
    .addOption(
      new Option("--changes <N>", "changes a day for each host")
        .default(4)
        .argParser((text) => parseWhole(text, 0, 1000)),
    )
    .option("--also-read", "the same hosts report to another bucket as well, which is read beside")
    .option("--published-specs", "the hosts follow published specs, and ask for them now and then")
    .addOption(new Option("--region <REGION>", "whose prices").choices(REGIONS).default(REGIONS[0]))
    .option("--json", "JSON, also on a terminal");
  explain(
    command,
    `
Examples:
  $ rollcall cost
  $ rollcall cost --hosts 300 --hosts 3000 --questions 10
  $ rollcall cost --hosts 10000 --region us-east-1 --json | jq '.fleets[].usd'`,
  );
  command.action(async (options: CostCommandOptions) =>
    (await import("../commands/cost.ts")).runCost(options, io),
  );
}

function parseWhole(text: string, least: number, most: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most)
    throw new InvalidArgumentError(`It should be a whole number from ${least} to ${most}.`);
  return number;
}
