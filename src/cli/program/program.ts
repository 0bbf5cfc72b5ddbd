// The command line: every command with its flags, examples and help. What a command does is loaded
// only when it runs.
import { type Command, createCommand, InvalidArgumentError, Option } from "commander";
import { SCOPES } from "../../access/scopes.ts";
import { SIGN_IN_SETTINGS } from "../../access/sign-in-settings.ts";
import type { CreateOptions, ListKeysOptions, RevokeOptions } from "../commands/keys.ts";
import type { ReportOptions } from "../commands/report.ts";
import type { ServeOptions } from "../commands/serve.ts";
import type { StartOptions } from "../commands/start.ts";
import { addSettings, explain } from "../settings/flags.ts";
import type { Flags } from "../settings/setting-list.ts";
import type { Io } from "./io.ts";
import { addAgent, addDoctor } from "./program-agent.ts";
import { addHistory } from "./program-history.ts";
import { addAws, addCost, addStore } from "./program-operators.ts";
import { addConfig, addPublish } from "./program-publish.ts";
import { addQuestions } from "./program-questions.ts";
import { addSpec } from "./program-spec.ts";
import { VERSION } from "./version.ts";

/** Builds the program over the world that it may touch. */
export function buildProgram(io: Io): Command {
  const program = createCommand("rollcall")
    .description("Which version of each module runs on every host, right now.")
    .version(VERSION)
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError("(rollcall COMMAND --help shows examples)")
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      // Of a stderr that cannot be written nobody can be told; the exit status says it.
      writeErr: (text) => void io.stderr.write(text).catch(() => undefined),
      outputError: (text, write) => write(text.replace(/^error: /, "rollcall: ")),
    })
    .exitOverride();
  for (const add of [
    addStart,
    addServe,
    addReport,
    addAgent,
    addDoctor,
    addQuestions,
    addPublish,
    addHistory,
    addKeys,
    addSpec,
    addStore,
    addAws,
    addCost,
    addConfig,
  ])
    add(program, io);
  explain(
    program,
    `
Start here:
  $ rollcall start                  a server and this machine's agent; prints the curl to paste
  $ rollcall start --demo 500       the same with a fleet to look at
  $ rollcall list                   the fleet as a table
  $ rollcall versions --by env      which version of each module runs where

Settings come from flags, the environment (ROLLCALL_…), and ~/.config/rollcall/config.yaml: ` +
      "docs/settings.md.",
  );
  return program;
}

function addStart(program: Command, io: Io): void {
  const command = program
    .command("start")
    .description(
      "start a server with the embedded store and this machine's agent, and print what to type next",
    )
    .addOption(
      new Option("--demo [HOSTS]", "fill a throw-away store with demo hosts")
        .argParser(parseCount)
        .preset("500"),
    );
  addSettings(command, "store", "alsoRead", "listen", "spec", "within");
  addSettings(command, ...SIGN_IN_SETTINGS, "config");
  explain(
    command,
    `
Examples:
  $ rollcall start
  $ rollcall start --demo 500
  $ rollcall start --store file:/srv/rollcall --spec spec.yaml`,
  );
  command.action(async (options: StartOptions) =>
    (await import("../commands/start.ts")).runStart(options, io),
  );
}

function addServe(program: Command, io: Io): void {
  const command = program
    .command("serve")
    .description("serve the API over a store")
    .option("--tls-cert <FILE>", "PEM certificate; with --tls-key, speak TLS")
    .option("--tls-key <FILE>", "PEM private key")
    .option("--behind-proxy", "a proxy in front ends TLS: allow plain HTTP beyond loopback")
    .option("--no-history", "record no history (as --history-every off)")
    .option(
      "--identity-certificates <FILE>",
      "PEM: AWS's certificates; EC2 instances may enrol with their identity document",
    )
    .option(
      "--identity-caller <URLS>",
      "this server's address as its agents know it; EC2 instances may enrol with a " +
        "GetCallerIdentity that they sign for it",
    )
    .option("--identity-accounts <IDS>", "AWS accounts whose instances may, split by commas")
    .option(
      "--identity-roles <NAMES>",
      "with --identity-caller: only roles with these names, * for any characters",
    )
    .option("--identity-sts <URLS>", "with --identity-caller: endpoints of STS beside AWS's public ones");
  addSettings(command, "store", "alsoRead", "listen", "expect", "within", "maxAge");
  addSettings(command, "keepAlive", "maxKeyHosts", "maxKeyBytes", "maxKeyWrites", "corsOrigins");
  addSettings(command, "historyEvery", "historyIgnore");
  addSettings(command, ...SIGN_IN_SETTINGS, "config");
  explain(
    command,
    `
Examples:
  $ rollcall serve --store file:/srv/rollcall
  $ rollcall serve --store 's3://rollcall?region=eu-west-1' --also-read 's3://app-configs?region=eu-west-1'
  $ rollcall serve --listen 0.0.0.0:8787 --tls-cert cert.pem --tls-key key.pem
  $ rollcall serve --listen 10.0.0.5:8787 --behind-proxy \\
      --jwt-issuer https://login.example.com --jwt-audience rollcall
  $ ROLLCALL_LOG_LEVEL=debug rollcall serve`,
  );
  command.action(async (options: ServeOptions) =>
    (await import("../commands/serve.ts")).runServe(options, io),
  );
}

function addReport(program: Command, io: Io): void {
  const command = program
    .command("report")
    .description("look at this host once and push the report")
    .option("--print", "print the report and push nothing")
    .option(
      "--legacy-key",
      "write the old form: INSTANCE_ID.json at the top of the store, with no more fields",
    )
    .option("--root <FOLDER>", "a folder that stands in for the host's /, for containers and tests");
  addSettings(command, "spec", "store", "server", "keyFile", "enrolKeyFile", "state", "roleIds", "config");
  explain(
    command,
    `
Examples:
  $ rollcall report --print
  $ rollcall report --spec spec.yaml --store file:/srv/rollcall
  $ rollcall report --legacy-key --store 's3://app-configs?region=eu-west-1'
  $ ROLLCALL_KEY=rc_… rollcall report --spec spec.yaml --server https://rollcall.example.com`,
  );
  command.action(async (options: ReportOptions) =>
    (await import("../commands/report.ts")).runReport(options, io),
  );
}

function addKeys(program: Command, io: Io): void {
  const keys = program.command("keys").description("make, list and revoke API keys, and shut hosts out");
  const create = keys
    .command("create")
    .description("make an API key and print it, this once")
    .addOption(
      new Option("--scope <SCOPE...>", "what the key may do; may be given again")
        .choices(SCOPES)
        .makeOptionMandatory(),
    )
    .option("--name <NAME>", "what the key is for, shown in lists")
    .option("--host <ID>", "with the scopes ingest and enrol: the one host that it is for")
    .option(
      "--expires <WHEN>",
      "when it ends: in 90d or 12h, or at a date such as 2027-01-31; without it, when it is revoked",
    );
  addSettings(create, "store", "server", "keyFile", "config");
  explain(
    create,
    `
Examples:
  $ rollcall keys create --scope read --name people
  $ (umask 077; rollcall keys create --scope ingest --name hosts > hosts.key)
  $ rollcall keys create --scope read --name grafana --expires 90d
  $ ROLLCALL_KEY=rc_… rollcall keys create --scope read --server https://rollcall.example.com`,
  );
  create.action(async (options: CreateOptions) =>
    (await import("../commands/keys.ts")).runKeysCreate(options, io),
  );

  const list = keys
    .command("list")
    .description(
      "list API keys, without their secrets, when they were last used, and enrolled and denied hosts",
    )
    .option("--json", "JSON, also on a terminal");
  addSettings(list, "store", "server", "keyFile", "config");
  explain(
    list,
    `
Examples:
  $ rollcall keys list
  $ rollcall keys list --json | jq -r '.[] | select(.scopes[] == "admin") | .id'`,
  );
  list.action(async (options: ListKeysOptions) =>
    (await import("../commands/keys.ts")).runKeysList(options, io),
  );

  const revoke = keys
    .command("revoke")
    .description("revoke an API key, or an enrolled host's own")
    .argument("<ID>", "the key's or host's id, as lists show it")
    .option(
      "--machine <MACHINE>",
      "of a host: the machine that alone may enrol next, as /v1/problems names it",
    );
  addSettings(revoke, "store", "server", "keyFile", "config");
  explain(
    revoke,
    `
Examples:
  $ rollcall keys revoke abcdefghijkl
  $ rollcall keys revoke i-0123456789abcdef0
  $ rollcall keys revoke i-0123456789abcdef0 --machine 0123456789abcdef`,
  );
  addDenials(keys, io);
  revoke.action(async (id: string, options: RevokeOptions) =>
    (await import("../commands/keys.ts")).runKeysRevoke(id, options, io),
  );
}

function addDenials(keys: Command, io: Io): void {
  const deny = keys
    .command("deny")
    .description(
      "shut a host out for good: no report of it is taken, and it does not enrol, with whatever key",
    )
    .argument("<HOST>", "the host's id");
  addSettings(deny, "store", "server", "keyFile", "config");
  explain(
    deny,
    `
Examples:
  $ rollcall keys deny i-0123456789abcdef0`,
  );
  deny.action(async (host: string, options: Flags) =>
    (await import("../commands/keys.ts")).runKeysDeny(host, options, io),
  );

  const allow = keys
    .command("allow")
    .description("let a host in again that was denied")
    .argument("<HOST>", "the host's id");
  addSettings(allow, "store", "server", "keyFile", "config");
  explain(
    allow,
    `
Examples:
  $ rollcall keys allow i-0123456789abcdef0`,
  );
  allow.action(async (host: string, options: Flags) =>
    (await import("../commands/keys.ts")).runKeysAllow(host, options, io),
  );
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 100_000)
    throw new InvalidArgumentError("It should be a number of hosts from 1 to 100000.");
  return count;
}
