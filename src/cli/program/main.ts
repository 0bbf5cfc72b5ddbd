#!/usr/bin/env node
// The program `rollcall`: wires the commands to the process, and turns whatever they throw into one
// line and an exit status.
import { CommanderError } from "commander";
import { installFetch } from "../../network/fetch.ts";
import { sanitizeLines } from "../../report/safe-text.ts";
import { addCompletion } from "../commands/completion.ts";
import { findFolders } from "../settings/folders.ts";
import { CommandError, describeFailure } from "./failure.ts";
import { type Io, openIo } from "./io.ts";
import { endProcess, STOP_LIMIT_MS } from "./process-end.ts";
import { buildProgram } from "./program.ts";

/**
 * A signal that comes so soon after another is the same: the terminal sends Ctrl-C to all, and npx
 * passes it on as well; ms.
 */
const SAME_SIGNAL_MS = 1000;

/** How long what waits to be written to stderr has at the end; ms. Its reader may stand still. */
const LAST_WORDS_MS = 1000;

/** Commands that run until they are stopped. */
const LONG: readonly string[] = ["start", "serve", "agent"];

/** Whether somebody was told why the program ends. */
let isTold = false;

const stop = new AbortController();
let interrupted: number | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (interrupted === undefined) {
      interrupted = performance.now();
      stop.abort();
      // What waits for a store that never answers hears of no signal.
      setTimeout(() => {
        const failure = new CommandError(`did not stop within ${STOP_LIMIT_MS / 1000} s, and was ended`);
        void tell(failure).then(exit);
      }, STOP_LIMIT_MS).unref();
      return;
    }
    // A second Ctrl-C means it. A second SIGTERM would only cut off the departure; who means it has
    // SIGKILL.
    if (signal === "SIGINT" && performance.now() - interrupted > SAME_SIGNAL_MS) process.exit(130);
  });
}
// Nobody means the end by these, which would be theirs; and Node would open a port for its debugger
// at the first.
for (const signal of ["SIGUSR1", "SIGUSR2"] as const) process.on(signal, () => undefined);
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader of our pipe has seen enough (`| head`). Of all else the command hears that was
  // writing.
  if (error.code === "EPIPE") process.exit(0);
});
// Nobody is left to be told of a stderr that cannot be written.
process.stderr.on("error", () => undefined);

// What nobody waits for fails as what somebody does: in one line.
for (const event of ["uncaughtException", "unhandledRejection"] as const)
  process.on(event, (error: unknown) => void tell(error).then(exit));

try {
  const env = installFetch(
    process.env,
    (warning) => void process.stderr.write(makeHarmless(`warning: ${warning}\n`)),
  );
  const io: Io = openIo({ env, folders: await findFolders(env), signal: stop.signal });
  const program = buildProgram(io);
  addCompletion(program, io);
  const working = program.parseAsync();
  await (isShort(process.argv) ? io.waiting.during("still at work", working) : working);
  // What still holds the process, such as a log line whose reader stands still, must not keep it
  // from ending when it was told to.
  if (stop.signal.aborted) await exit(process.exitCode ?? 0);
} catch (error) {
  // Commander has printed its own message, or the help that was asked for.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else await exit(stop.signal.aborted ? 130 : await tell(error));
}

/** Whether a command comes to an end by itself, so that its silence is a wait. */
function isShort([, , command = "", ...rest]: readonly string[]): boolean {
  return !LONG.includes(command) && !rest.some((word) => word.startsWith("--watch"));
}

/**
 * Says what went wrong on stderr: the first failure alone, since what fails after it fails of the
 * same (each piece of a help that meets a full disk). @returns the exit status: 1 failed, 2 called
 * wrongly
 */
async function tell(error: unknown): Promise<number> {
  const { message, status } = describeFailure(error);
  if (isTold) return status;
  isTold = true;
  const isDebugging = process.env.ROLLCALL_DEBUG || process.env.ROLLCALL_LOG_LEVEL === "debug";
  const stack = isDebugging && error instanceof Error ? `${error.stack}\n` : "";
  await writeLast(`rollcall: ${message}\n${stack}`);
  return status;
}

/** Ends the process whatever still runs, when stderr is written or has had its time. */
async function exit(code: number | string): Promise<never> {
  await writeLast("");
  return await endProcess(code, writeLast);
}

/** What is said before there is an Io, or after it may have failed. */
function makeHarmless(text: string): string {
  return process.stderr.isTTY ? sanitizeLines(text) : text;
}

/** Writes to stderr, whose reader may stand still. */
async function writeLast(text: string): Promise<void> {
  const written = new Promise<void>((resolve) => process.stderr.write(makeHarmless(text), () => resolve()));
  await Promise.race([written, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))]);
}
