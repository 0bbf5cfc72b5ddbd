// The command line, continued: commands for those who ask what runs where.
import { type Command, InvalidArgumentError, Option } from "commander";
import { STATES } from "../../questions/query.ts";
import type { ConfigCheckOptions } from "../commands/config-check.ts";
import type { CoverageOptions } from "../commands/coverage.ts";
import type { PublishOptions } from "../commands/publish.ts";
import type { VersionsOptions } from "../commands/versions.ts";
import { addSettings, explain } from "../settings/flags.ts";
import type { Io } from "./io.ts";

export function addVersions(program: Command, io: Io): void {
  const command = program
    .command("versions")
    .description(
      "which version of each module runs on how many hosts: a matrix on a terminal, JSON in a pipe",
    )
    .argument(
      "[FIELD | FIELD=VALUE...]",
      "fields to count, else all that hold versions; and filters by field or label",
    )
    .option("--by <NAMES>", "divide by labels or fields, split by commas: env, service, instance_type")
    .option("--hosts", "name the hosts of each value")
    .option("--behind", "only what is behind the newest of its variant")
    .addOption(new Option("--state <STATE>", "which reports by age").choices(STATES))
    .option("--partial", "where the store cannot be read completely, answer with what is there and say so")
    .option("--json", "one JSON array, also on a terminal")
    .option("--table", "a table, also in a pipe")
    .addOption(new Option("--watch [SECONDS]", "look again and again").argParser(parseSeconds).preset("2"));
  addSettings(command, "store", "server", "keyFile", "within", "maxAge", "config");
  explain(
    command,
    `
Examples:
  $ rollcall versions
  $ rollcall versions processes.module_A_filename --by env
  $ rollcall versions processes.module_A_filename env=prod --by service --behind
  $ rollcall versions app_version instance_life_cycle=spot --hosts
  $ rollcall versions processes.module_A_filename --watch
  $ rollcall versions processes.module_A_filename --json | jq -r '.[] | select(.behind) | .value'`,
  );
  command.action(
    async (
      words: string[],
      { state, ...options }: VersionsOptions & { readonly state?: (typeof STATES)[number] },
    ) =>
      (await import("../commands/versions.ts")).runVersions(
        words,
        { ...options, ...(state && { filterState: state }) },
        io,
      ),
  );
}

export function addCoverage(program: Command, io: Io): void {
  const command = program
    .command("coverage")
    .description(
      "who reported, who fell silent, who left; and who is missing, where the expected hosts are known",
    )
    .option(
      "--expect-ec2 [REGIONS]",
      "expect the instances that run in these regions, by EC2's DescribeInstances (default AWS_REGION)",
    )
    .option("--exit-code", "exit with 1 if expected hosts did not report, or nobody says which are expected")
    .option("--json", "JSON, also on a terminal");
  addSettings(command, "expect", "store", "server", "keyFile", "within", "maxAge", "config");
  explain(
    command,
    `
Examples:
  $ rollcall coverage
  $ rollcall coverage --expect hosts.txt
  $ aws ec2 describe-instances | rollcall coverage --expect -
  $ rollcall coverage --expect-ec2 ap-northeast-1,us-east-1 --exit-code
  $ rollcall coverage --json | jq -r '.silent[].id'`,
  );
  command.action(async (options: CoverageOptions) =>
    (await import("../commands/coverage.ts")).runCoverage(options, io),
  );
}

export function addPublish(program: Command, io: Io): void {
  const command = program
    .command("publish")
    .description(
      "publish what runs where: a page in DocBase, Markdown files, a webhook, Slack, or standard output",
    )
    .argument("[NAME]", "a publisher of the configuration")
    .option("--list", "list the publishers")
    .option("--dry-run", "say what would be done, and change nothing")
    .option("--json", "JSON, also on a terminal");
  addSettings(command, "store", "expect", "within", "config");
  explain(
    command,
    `
Examples:
  $ rollcall publish --list
  $ rollcall publish wiki --dry-run
  $ rollcall publish wiki

Publishers are in the configuration file: docs/publish.md.`,
  );
  command.action(async (name: string | undefined, options: PublishOptions) =>
    (await import("../commands/publish.ts")).runPublish(name, options, io),
  );
}

export function addConfig(program: Command, io: Io): void {
  const config = program.command("config").description("check the configuration");
  const check = config
    .command("check")
    .description(
      "find every mistake in the configuration file and the files that it names, and show what is in force",
    )
    .option("--json", "JSON, also on a terminal");
  addSettings(check, "config");
  explain(
    check,
    `
Examples:
  $ rollcall config check
  $ rollcall config check --config /etc/rollcall/config.yaml`,
  );
  check.action(async (options: ConfigCheckOptions) =>
    (await import("../commands/config-check.ts")).runConfigCheck(options, io),
  );
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds < 0.1 || seconds > 3600)
    throw new InvalidArgumentError("write seconds, from 0.1 to 3600.");
  return seconds;
}
