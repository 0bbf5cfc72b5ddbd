#!/usr/bin/env node
// The program `rollcall`: wires the commands to the process, and turns whatever they throw into one line and an exit status.
import { CommanderError } from "commander";
import envPaths from "env-paths";
import { addCompletion } from "./completion.ts";
import { CommandError, UsageError } from "./failure.ts";
import { openIo } from "./io.ts";
import { buildProgram } from "./program.ts";

const stop = new AbortController();
let interrupted: NodeJS.Signals | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // The second one means it.
    if (interrupted) process.exit(130);
    interrupted = signal;
    stop.abort();
  });
}
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    // The reader of our pipe has seen enough (`| head`).
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}

const io = openIo({ folders: envPaths("rollcall", { suffix: "" }), signal: stop.signal });
const program = buildProgram(io);
addCompletion(program, io);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = await tell(error);
}

/** Says what went wrong on stderr. @returns the exit status: 1 failed, 2 called wrongly, 130 interrupted */
async function tell(error: unknown): Promise<number> {
  // Commander has printed its own message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (interrupted) return 130;
  const message = error instanceof Error ? error.message : String(error);
  await io.stderr.write(`rollcall: ${message}\n`);
  const isExpected = error instanceof UsageError || error instanceof CommandError;
  if (io.env.ROLLCALL_DEBUG || !isExpected) await io.stderr.write(`${error instanceof Error ? error.stack : ""}\n`);
  return error instanceof UsageError ? 2 : 1;
}
