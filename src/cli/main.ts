#!/usr/bin/env node
// The program `rollcall`: wires the commands to the process, and turns whatever they throw into one line and an exit status.
import { CommanderError } from "commander";
import envPaths from "env-paths";
import { addCompletion } from "./completion.ts";
import { CommandError, UsageError } from "./failure.ts";
import { openIo } from "./io.ts";
import { buildProgram } from "./program.ts";

/** A signal that comes so soon after another is the same: the terminal sends Ctrl-C to all, and npx passes it on as well; ms. */
const SAME_SIGNAL_MS = 1000;

const stop = new AbortController();
let interrupted: number | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (interrupted === undefined) {
      interrupted = performance.now();
      stop.abort();
      return;
    }
    // A second Ctrl-C means it. A second SIGTERM would only cut off the departure; who means it has SIGKILL.
    if (signal === "SIGINT" && performance.now() - interrupted > SAME_SIGNAL_MS) process.exit(130);
  });
}
// Nobody means the end by these, which would be theirs; and Node would open a port for its debugger at the first.
for (const signal of ["SIGUSR1", "SIGUSR2"] as const) process.on(signal, () => undefined);
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
  if (interrupted !== undefined) return 130;
  const message = error instanceof Error ? error.message : String(error);
  await io.stderr.write(`rollcall: ${message}\n`);
  const isExpected = error instanceof UsageError || error instanceof CommandError;
  if (io.env.ROLLCALL_DEBUG || !isExpected) await io.stderr.write(`${error instanceof Error ? error.stack : ""}\n`);
  return error instanceof UsageError ? 2 : 1;
}
