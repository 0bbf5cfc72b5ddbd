// The command line of specs: help with writing them, and publishing them.
import { type Command, InvalidArgumentError, Option } from "commander";
import type { PushOptions, RollbackOptions } from "../commands/spec-editions.ts";
import { addSettings, explain } from "../settings/flags.ts";
import type { Flags } from "../settings/setting-list.ts";
import type { Io } from "./io.ts";

export function addSpec(program: Command, io: Io): void {
  const spec = program
    .command("spec")
    .description("check collection specs, and publish them, signed, for all hosts");
  const check = spec
    .command("check")
    .description("explain a spec's mistakes with line and column")
    .argument("<FILE>", "the spec, or - for stdin");
  explain(
    check,
    `
Examples:
  $ rollcall spec check spec.yaml`,
  );
  check.action(async (file: string) => (await import("../commands/spec.ts")).runSpecCheck(file, io));
  const schema = spec.command("schema").description("print the JSON Schema of specs, for editors");
  explain(
    schema,
    `
Examples:
  $ rollcall spec schema > spec.v1.json`,
  );
  schema.action(async () => (await import("../commands/spec.ts")).runSpecSchema(io));
  addEditions(spec, io);
}

/** Specs that are published for all hosts. */
function addEditions(spec: Command, io: Io): void {
  const keygen = spec
    .command("keygen")
    .description("make a pair of keys that sign specs: the private one into a file, the public one printed")
    .argument("<FILE>", "where the private key goes");
  explain(
    keygen,
    `
Examples:
  $ rollcall spec keygen spec-key.pem
  ed25519:…`,
  );
  keygen.action(async (file: string) =>
    (await import("../commands/spec-editions.ts")).runSpecKeygen(file, io),
  );

  const push = spec
    .command("push")
    .description("publish a spec, signed, for all hosts or some")
    .argument("<FILE>", "the spec, or - for stdin")
    .addOption(
      new Option(
        "--canary <SHARE>",
        "only this share of the hosts; the others keep the spec before",
      ).argParser(parseShare),
    )
    .option(
      "--filter <FIELD=VALUE...>",
      "only hosts whose own fact has this value; * is any run of characters",
    );
  addSigning(push);
  explain(
    push,
    `
Examples:
  $ rollcall spec push spec.yaml --key spec-key.pem --store s3://reports
  $ rollcall spec push spec.yaml --key spec-key.pem --canary 10%
  $ rollcall spec push spec.yaml --key spec-key.pem --filter 'instance_name=staging_*'`,
  );
  push.action(async (file: string, options: PushOptions) =>
    (await import("../commands/spec-editions.ts")).runSpecPush(file, options, io),
  );

  const rollback = spec
    .command("rollback")
    .description("publish again what the edition before said")
    .addOption(new Option("--to <EDITION>", "what this one said").argParser(parseEdition));
  addSigning(rollback);
  explain(
    rollback,
    `
Examples:
  $ rollcall spec rollback --key spec-key.pem
  $ rollcall spec rollback --to 4 --key spec-key.pem`,
  );
  rollback.action(async (options: RollbackOptions) =>
    (await import("../commands/spec-editions.ts")).runSpecRollback(options, io),
  );

  const editions = spec
    .command("editions")
    .description("list what was published")
    .option("--json", "JSON, also on a terminal");
  addSettings(editions, "store", "config");
  explain(
    editions,
    `
Examples:
  $ rollcall spec editions
  $ rollcall spec editions --json | jq '.[0].parts'`,
  );
  editions.action(async (options: Flags & { json?: boolean }) =>
    (await import("../commands/spec-editions.ts")).runSpecEditions(options, io),
  );
}

function addSigning(command: Command): void {
  command.requiredOption("--key <FILE>", "the private key, as rollcall spec keygen made it");
  command.option("--expires <DAYS>", "hosts take it up until then (default 90d)");
  addSettings(command, "store", "config");
}

function parseShare(text: string): number {
  const share = Number(/^(\d{1,3}(?:\.\d{1,3})?)%$/.exec(text)?.[1]);
  if (!(share > 0 && share <= 100)) throw new InvalidArgumentError("It should be a share such as 10%.");
  return share;
}

function parseEdition(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError("It should be the number of an edition.");
  return Number(text);
}
