// The command line, continued: commands that publish, and that check the configuration.
import type { Command } from "commander";
import type { ConfigCheckOptions } from "../commands/config-check.ts";
import type { PublishOptions } from "../commands/publish.ts";
import { addSettings, explain } from "../settings/flags.ts";
import type { Io } from "./io.ts";

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
  addSettings(command, "store", "alsoRead", "expect", "within", "config");
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
