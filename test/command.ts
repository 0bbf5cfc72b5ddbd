// Runs a command of the program in the test's own process: a start of the built program costs half
// a second of a processor.
import { join } from "node:path";
import { CommanderError } from "commander";
import { CommandError, describeFailure } from "../src/cli/program/failure.ts";
import type { Io, Output } from "../src/cli/program/io.ts";
import { buildProgram } from "../src/cli/program/program.ts";
import { openTerminalWriter } from "../src/cli/terminal/terminal-text.ts";
import { NO_NOTICE } from "../src/cli/terminal/wait-notice.ts";
import type { Finished, RunOptions } from "./program.ts";

/** No terminal. */
const SHAPE = { isTerminal: false, columns: undefined, rows: undefined };

interface CommandOptions extends Pick<RunOptions, "home" | "env" | "cwd"> {
  /** Whether stdout is as one on a full disk. */
  readonly takesNothing?: boolean;
}

/**
 * Runs a command to its end, as the program would in a pipe. For what a test needs before what it
 * tries, and for what it looks at again and again; what is tried is run as a user runs it.
 */
export async function runHere(
  args: readonly string[],
  { home, env = {}, cwd = home, takesNothing = false }: CommandOptions,
): Promise<Finished> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const io: Io = {
    stdout: takesNothing ? openFull() : openPipe(stdout),
    stderr: openPipe(stderr),
    waiting: NO_NOTICE,
    readStdin: async () => Buffer.alloc(0),
    ask: undefined,
    env: { HOME: home, ...env },
    cwd,
    clock: Date.now,
    folders: { config: join(home, ".config/rollcall"), data: join(home, ".local/share/rollcall") },
    signal: new AbortController().signal,
    onHangUp: () => () => undefined,
  };
  const finish = (code: number): Finished => ({
    code,
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
  });
  try {
    await buildProgram(io).parseAsync(["node", "rollcall", ...args]);
    return finish(0);
  } catch (error) {
    // Commander has printed its own message, or the help that was asked for.
    if (error instanceof CommanderError) return finish(error.exitCode === 0 ? 0 : 2);
    const { message, status } = describeFailure(error);
    await io.stderr.write(`rollcall: ${message}\n`);
    return finish(status);
  }
}

/** What the process's own stdout does with what cannot be written (io.ts). */
function openFull(): Output {
  const fail = () => Promise.reject(new CommandError("cannot write: ENOSPC: no space left on device, write"));
  return { write: fail, writeStyled: fail, command: fail, ...SHAPE };
}

function openPipe(chunks: Buffer[]): Output {
  const writing = openTerminalWriter(false, async (text) => void chunks.push(Buffer.from(text)));
  return { ...writing, ...SHAPE };
}
