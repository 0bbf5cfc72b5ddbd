// Runs the built program and real tools as a user would, for the end-to-end tests.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../dist/main.js", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  readonly cwd?: string;
  /** The program, if not the one that runs on Node. */
  readonly program?: string;
}

/** A folder that stands in for a user's home, removed at the end. */
export async function makeHome(): Promise<{ home: string; remove: () => Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), "rollcall-test-"));
  return { home, remove: () => rm(home, { recursive: true, force: true }) };
}

/** Starts the built program. Nothing of the developer's own settings reaches it. */
export function startProgram(args: readonly string[], options: RunOptions): ChildProcess {
  return options.program === undefined
    ? startTool(process.execPath, [PROGRAM, ...args], options)
    : startTool(options.program, args, options);
}

/** Starts any program with a clean environment. */
function startTool(
  command: string,
  args: readonly string[],
  { home, env = {}, cwd = home }: RunOptions,
): ChildProcess {
  const { PATH = "" } = process.env;
  return spawn(command, args, {
    cwd,
    env: { PATH, HOME: home, LANG: "C.UTF-8", TZ: "Asia/Tokyo", NO_COLOR: "1", ...env },
  });
}

/** Waits for the end and gathers the output. */
function finish(child: ChildProcess, input?: string | Buffer): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on("data", (bytes: Buffer) => stdout.push(bytes));
    child.stderr?.on("data", (bytes: Buffer) => stderr.push(bytes));
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

/** Runs the built program to its end. */
export function run(args: readonly string[], options: RunOptions): Promise<Finished> {
  return finish(startProgram(args, options), options.input);
}

/** Runs a line of shell, as a user would paste it. */
export function runShell(line: string, options: RunOptions): Promise<Finished> {
  return finish(startTool("bash", ["-c", line], options), options.input);
}

/**
 * Waits until a running program has written what the pattern matches; fails with all of its output
 * if it ends before.
 */
export function waitForOutput(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = "";
    const look = (bytes: Buffer): void => {
      text += bytes.toString();
      const match = pattern.exec(text);
      if (match) resolve(match);
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.on("error", reject);
    child.on("close", (code) => reject(new Error(`ended with ${code} before it wrote ${pattern}:\n${text}`)));
  });
}

/** Sends a signal and waits for the end. */
export function stop(child: ChildProcess, signal: NodeJS.Signals = "SIGINT"): Promise<number | null> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    child.on("close", (code) => resolve(code));
    child.kill(signal);
  });
}

/**
 * A port of this process's own, below those that systems give to whoever asks for any: for servers
 * that take none but the one that they are told. @param place from 0 to 7: what runs at the same
 * time takes different ones
 */
export function findPort(place: number): number {
  return 12_000 + ((process.pid * 8) % 20_000) + place;
}
