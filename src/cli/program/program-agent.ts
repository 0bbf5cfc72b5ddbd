// The command line of what runs on hosts: the agent and its status.
import type { Command } from "commander";
import type { AgentCommandOptions } from "../commands/agent.ts";
import type { AgentStatusOptions } from "../commands/agent-status.ts";
import type { DoctorOptions } from "../commands/doctor.ts";
import { addSettings, explain } from "../settings/flags.ts";
import type { Io } from "./io.ts";

/** What decides what this host reports, and where that goes. */
const HOST_SETTINGS = [
  "spec",
  "store",
  "server",
  "keyFile",
  "enrolKeyFile",
  "state",
  "roleIds",
  "specKeys",
  "allowCommands",
  "allowFiles",
  "allowEnvironment",
  "allowCredentials",
  "config",
] as const;

export function addAgent(program: Command, io: Io): void {
  const agent = program
    .command("agent")
    .description("report when this host changes and once an hour; take it out of the roll when it ends")
    .option("--root <FOLDER>", "a folder that stands in for the host's /, for containers and tests");
  addSettings(agent, "legacyStore", ...HOST_SETTINGS);
  explain(
    agent,
    `
Examples:
  $ rollcall agent --store 's3://reports?region=ap-northeast-1' --spec /etc/rollcall/spec.yaml
  $ ROLLCALL_KEY=rc_… rollcall agent --server https://rollcall.example.com --spec spec.yaml
  $ rollcall agent status
  $ rollcall agent status --json | jq -e .running`,
  );
  agent.action(async (options: AgentCommandOptions) =>
    (await import("../commands/agent.ts")).runAgentCommand(options, io),
  );

  const status = agent
    .command("status")
    .description("whether this host's agent runs, and whether its reports get through")
    .option("--json", "JSON, also on a terminal");
  addSettings(status, "state", "config");
  explain(
    status,
    `
Exits with 0 if the agent runs and its reports get through, else with 1.

Examples:
  $ rollcall agent status
  $ rollcall agent status --json | jq -r .sent_at`,
  );
  // Both levels know --state and --config; whichever the user gave counts.
  status.action(async (options: AgentStatusOptions) =>
    (await import("../commands/agent-status.ts")).runAgentStatus(
      { ...agent.opts<AgentStatusOptions>(), ...options },
      io,
    ),
  );
}

export function addDoctor(program: Command, io: Io): void {
  const doctor = program
    .command("doctor")
    .description("check all that this host's report needs on its way, and say what to fix")
    .option("--no-send", "do not try the right to write by sending this host's report")
    .option("--root <FOLDER>", "a folder that stands in for the host's /, for containers and tests")
    .option("--json", "JSON, also on a terminal");
  addSettings(doctor, "alsoRead", ...HOST_SETTINGS);
  explain(
    doctor,
    `
Exits with 1 if a check failed.

Examples:
  $ rollcall doctor --store 's3://reports?region=ap-northeast-1' --spec /etc/rollcall/spec.yaml
  $ rollcall doctor --json | jq '.[] | select(.outcome == "failed")'`,
  );
  doctor.action(async (options: DoctorOptions) =>
    (await import("../commands/doctor.ts")).runDoctor(options, io),
  );
}
