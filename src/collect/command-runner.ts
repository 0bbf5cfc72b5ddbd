// Runs one program with a bound on its time, its output and its children.
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { formatDuration } from "../specs/duration.ts";
import { resolveBelow } from "./host-files.ts";
import { maskText } from "./mask.ts";
import { MAX_PROCESSES } from "./process-facts.ts";
import { stripEscapeSequences } from "./text.ts";

/** Most bytes of output that are kept; a program that prints more is ended. */
const MAX_OUTPUT_BYTES = 1024 * 1024;
const MAX_STDERR_LINE = 200;
/**
 * How long a program that was asked to end has for it, and how long an ended one's output may stay
 * open.
 */
const DEFAULT_STOP_GRACE_MS = 500;

export interface Command {
  /** The program by its absolute path on the host, and its arguments. */
  readonly argv: readonly string[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A program's output, or in one sentence why there is none. */
export type CommandOutcome =
  | { readonly stdout: Buffer; readonly stderr: Buffer }
  | { readonly failure: string };

/** Runs a command to its end. Never rejects for what the program is or does. */
export type CommandRunner = (command: Command) => Promise<CommandOutcome>;

export interface CommandRunnerOptions {
  /** "/" on the real machine; else the folder below which programs are looked for. */
  readonly root: string;
  /** All that the program gets of an environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly graceMs?: number;
}

/**
 * By this variable a run's processes are known, in whatever session they are; what clears its
 * environment gets away.
 */
const MARK = "ROLLCALL_RUN";

/**
 * Makes a runner. The program runs without a shell, reads nothing, and leads a process group of its
 * own, so that what it starts ends with it: SIGTERM, then SIGKILL after the grace. What has left
 * the group by then (setsid) is found by its environment.
 */
export function makeCommandRunner(options: CommandRunnerOptions): CommandRunner {
  const graceMs = options.graceMs ?? DEFAULT_STOP_GRACE_MS;
  return (command) => {
    const [program = "", ...args] = command.argv;
    if (command.signal.aborted) return Promise.resolve({ failure: "not run: the time is over" });
    return new Promise((resolve) => {
      let child: ChildProcess;
      const mark = randomUUID();
      try {
        child = start(resolveBelow(options.root, program), args, {
          cwd: options.root,
          env: { ...options.environment, [MARK]: mark },
          stdio: ["ignore", "pipe", "pipe"],
          detached: true,
          shell: false,
        });
      } catch (error) {
        // Arguments that the system cannot take (too long, say) are thrown, not emitted.
        resolve({ failure: explainStart(error) });
        return;
      }
      watch(child, command, graceMs, (outcome, isForced) => {
        resolve(isForced ? killMarked(`${MARK}=${mark}`).then(() => outcome) : outcome);
      });
    });
  };
}

/** What execvp(3) runs scripts by that have no `#!` line. */
const SHELL = "/bin/sh";

/**
 * Starts a program. Node leaves a script without `#!` to execvp(3), and Bun says ENOEXEC: then the
 * same is done here.
 */
function start(path: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  try {
    return spawn(path, args, options);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOEXEC")) throw error;
    return spawn(SHELL, [path, ...args], options);
  }
}

/**
 * Follows a child until it has ended, and settles exactly once: with its outcome, and whether it
 * was ended by force.
 */
function watch(
  child: ChildProcess,
  command: Command,
  graceMs: number,
  settle: (outcome: CommandOutcome, isForced: boolean) => void,
): void {
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const sizes = { stdout: 0, stderr: 0 };
  const timers: NodeJS.Timeout[] = [];
  let failure: string | undefined;
  let isOver = false;

  const finish = (outcome: CommandOutcome): void => {
    if (isOver) return;
    isOver = true;
    for (const timer of timers) clearTimeout(timer);
    command.signal.removeEventListener("abort", onAbort);
    child.stdout?.destroy();
    child.stderr?.destroy();
    // What did not heed SIGTERM and outlived the program must not outlive its report.
    if (failure !== undefined) signalGroup(child, "SIGKILL");
    settle(outcome, failure !== undefined);
  };
  const stop = (reason: string): void => {
    if (isOver || failure !== undefined) return;
    failure = reason;
    signalGroup(child, "SIGTERM");
    timers.push(setTimeout(() => signalGroup(child, "SIGKILL"), graceMs));
    // Not even SIGKILL ends a process that waits in the kernel, on a dead network disk say; the
    // report does not wait for it.
    timers.push(setTimeout(() => finish({ failure: reason }), graceMs * 2));
  };
  const onAbort = (): void => stop("ended: the time of the whole run is over");
  const conclude = (code: number | null, signal: NodeJS.Signals | null): void => {
    const stderr = Buffer.concat(output.stderr);
    if (failure !== undefined) finish({ failure });
    else if (code === 0) finish({ stdout: Buffer.concat(output.stdout), stderr });
    else finish({ failure: explainEnd(code, signal, stderr) });
  };

  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.on("data", (chunk: Buffer) => {
      sizes[name] += chunk.length;
      if (sizes[name] > MAX_OUTPUT_BYTES) stop(`printed more than ${MAX_OUTPUT_BYTES} bytes`);
      else output[name].push(chunk);
    });
  }
  timers.push(
    setTimeout(() => stop(`did not end within ${formatDuration(command.timeoutMs)}`), command.timeoutMs),
  );
  command.signal.addEventListener("abort", onAbort, { once: true });
  child.once("error", (error) => finish({ failure: explainStart(error) }));
  child.once("close", conclude);
  child.once("exit", (code, signal) => {
    // A grandchild may keep the output open long after the program has ended; what came until then
    // is the answer.
    timers.push(
      setTimeout(() => {
        signalGroup(child, "SIGKILL");
        conclude(code, signal);
      }, graceMs),
    );
  });
}

/** Processes that are looked at, at a time. */
const CONCURRENCY = 64;

/**
 * Kills the processes whose environment has an entry. Where it may not be read, as another user's,
 * they stay.
 */
async function killMarked(entry: string): Promise<void> {
  const pids = (await readdir("/proc").catch(() => []))
    .filter((name) => /^[1-9]\d*$/.test(name))
    .slice(0, MAX_PROCESSES);
  const kill = async (pid: string): Promise<void> => {
    const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    if (environment.split("\0").includes(entry)) send(Number(pid), "SIGKILL");
  };
  for (let at = 0; at < pids.length; at += CONCURRENCY)
    await Promise.all(pids.slice(at, at + CONCURRENCY).map(kill));
}

function signalGroup({ pid }: Pick<ChildProcess, "pid">, signal: NodeJS.Signals): void {
  if (pid !== undefined) send(-pid, signal);
}

/** @param target a process, or a group as a negative number */
function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    // ESRCH: the group has ended by itself. EPERM: it has become another user's (setuid); then
    // nothing can be done.
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}

function explainStart(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  switch (code) {
    case "ENOENT":
      return "there is no such program (or the interpreter in its first line is missing)";
    case "EACCES":
    case "EPERM":
      return "may not be run by this user";
    case "E2BIG":
      return "its arguments are too long";
    default:
      return `cannot be run: ${code}`;
  }
}

function explainEnd(code: number | null, signal: NodeJS.Signals | null, stderr: Buffer): string {
  const ending = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
  const line =
    stripEscapeSequences(stderr.subarray(0, 4096).toString("utf8")).trimStart().split("\n")[0] ?? "";
  // Before it is cut: half a credential is not known for one.
  const shown = maskText(line)
    .replace(/[\p{Cc}\p{Cs}]/gu, " ")
    .trim()
    .slice(0, MAX_STDERR_LINE);
  return shown === "" ? ending : `${ending}: ${shown}`;
}
