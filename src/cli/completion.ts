// rollcall completion: tab completion for bash, zsh, fish and PowerShell, from the commands themselves.
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { STATES } from "../answers/query.ts";
import { SCOPES } from "../api/keys.ts";

/** The values that some flags take. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  state: STATES,
  scope: SCOPES,
  store: ["file:", "memory:"],
  within: ["30m", "2h", "24h"],
};

/** Adds the command `completion SHELL`, which prints a script, and which that script calls. */
export function addCompletion(program: Command): void {
  const root = tab(program, { completionCommandName: "completion" });
  for (const command of root.commands.values()) {
    for (const [name, values] of Object.entries(VALUES)) {
      const option = command.options.get(name);
      if (option) {
        option.handler = (complete) => {
          for (const value of values) complete(value, "");
        };
      }
    }
  }
}
