// rollcall completion: tab completion for bash, zsh, fish and PowerShell, from the commands
// themselves.
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { QUESTIONS } from "../../questions/registry.ts";
import { STORE_SCHEMES } from "../../store/open.ts";
import type { Io } from "../program/io.ts";
import { BASH_SCRIPT } from "./completion-bash.ts";

/** What some flags take, beside the choices that they state themselves. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  store: STORE_SCHEMES.map((scheme) => `${scheme}:`),
  within: ["30m", "2h", "24h"],
};

/**
 * The last line of what is suggested, as cobra's shell scripts read it: a sum of bits. 2: no blank
 * after it; 4: no file names.
 */
const NO_BLANK_NO_FILES = ":6";
const NO_FILES = ":4";

/**
 * Adds the command `completion SHELL`, which prints a script, and `complete`, which that script
 * calls.
 */
export function addCompletion(program: Command, io: Io): void {
  const name = program.name();
  const root = tab(program, { completionCommandName: "completion" });
  for (const command of root.commands.values()) {
    for (const [flag, values] of Object.entries(VALUES)) {
      const option = command.options.get(flag);
      if (option) {
        option.handler = (complete) => {
          for (const value of values) complete(value, "");
        };
      }
    }
  }
  program.commands
    .find((command) => command.name() === "complete")
    ?.action(async (words: string[]) => {
      const suggested = await suggest(words, io);
      if (suggested.length === 0) return root.parse(words);
      const last = suggested.every((one) => one.endsWith("=")) ? NO_BLANK_NO_FILES : NO_FILES;
      await io.stdout.write(`${[...suggested, last].join("\n")}\n`);
    });
  program.commands
    .find((command) => command.name() === "completion")
    ?.description("print a script for tab completion")
    .addHelpText(
      "after",
      `
Examples:
  $ source <(rollcall completion bash)      # in ~/.bashrc
  $ source <(rollcall completion zsh)       # in ~/.zshrc
  $ rollcall completion fish | source       # in ~/.config/fish/config.fish`,
    )
    .action(async (shell: string) => {
      await io.stdout.write(
        shell === "bash" ? BASH_SCRIPT : catchPrinted(() => root.setup(name, name, shell)),
      );
    });
}

/** Filters of a question. */
async function suggest([command, ...words]: readonly string[], io: Io): Promise<readonly string[]> {
  const question = QUESTIONS.find(({ names }) => names.command === command);
  if (words.length === 0 || !question?.parameters.some(({ anyName }) => anyName)) return [];
  return await (await import("./name-completion.ts")).suggestNames(question, words, io);
}

/** What a library prints by `console.log`, which says nothing of a disk that is full. */
function catchPrinted(print: () => void): string {
  const { log } = console;
  let text = "";
  console.log = (line: string) => {
    text += `${line}\n`;
  };
  try {
    print();
  } finally {
    console.log = log;
  }
  return text;
}
