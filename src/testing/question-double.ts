// For tests: a question asked as its command asks it.
import { type AskOptions, runQuestion } from "../cli/commands/ask.ts";
import { LAYOUTS } from "../cli/layouts/registry.ts";
import type { Io } from "../cli/program/io.ts";
import { QUESTIONS } from "../questions/registry.ts";

/** Flags of the command, and parameters of its question by their names. */
export type CommandFlags = AskOptions & Readonly<Record<string, unknown>>;

/** Runs `rollcall COMMAND WORDS…`. */
export async function runCommand(
  command: string,
  words: readonly string[],
  flags: CommandFlags,
  io: Io,
): Promise<void> {
  const question = QUESTIONS.find(({ names }) => names.command === command);
  const layout = question && LAYOUTS[question.name];
  if (!layout) throw new Error(`there is no command ${command}`);
  await runQuestion(question, layout, words, flags, io);
}
