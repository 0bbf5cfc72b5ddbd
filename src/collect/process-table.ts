// The processes of a Linux host, out of /proc: which command line, since when. Reading and parsing apart.
import { posix } from "node:path";
import type { HostAccess } from "./collector.ts";
import { readKernelBootTime } from "./identity.ts";

/** Processes looked at, at most. */
const MAX_PROCESSES = 50_000;

/** Read at a time. */
const CONCURRENCY = 32;

/** The kernel tells times in ticks of 10 ms on every architecture that Linux runs on today (time(7), USER_HZ). */
const TICK_MS = 10;

export interface Process {
  readonly pid: string;
  readonly argv: readonly string[];
  /** ms since the epoch, half a second more or less; the same at each look. */
  readonly startedAt: number;
}

/**
 * Lists the processes that have a command line; kernel threads have none.
 *
 * @param program only those that were started under this path, or run the file that it leads to
 */
export async function listProcesses(
  host: HostAccess,
  program: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly processes: readonly Process[] } | { readonly reason: string }> {
  const { files } = host;
  const folder = await files.list("/proc");
  if ("unreadable" in folder) return { reason: folder.reason };
  const bootSecond = await readKernelBootTime(host, signal);
  if (bootSecond === undefined) return { reason: "/proc/stat does not say when the host booted" };
  // The kernel tells the second alone; half a second on is at most half a second wrong. Now less the uptime would be nearer, and another time at each look.
  const bootedAt = bootSecond + 500;
  const traced = program === undefined ? undefined : await files.trace(program);
  const real = traced && "path" in traced ? traced.path : program;

  async function readOne(pid: string): Promise<Process | undefined> {
    const commandLine = await files.read(`/proc/${pid}/cmdline`, signal);
    const argv = "bytes" in commandLine ? parseCommandLine(commandLine.bytes.toString("utf8")) : [];
    if (argv.length === 0) return undefined;
    // A script is its interpreter's first argument (execve(2), "Interpreter scripts").
    const isNamed = [argv[0], argv[1]].some((word) => word !== undefined && (word === program || word === real));
    if (program !== undefined && !isNamed) {
      const link = await files.readLink(`/proc/${pid}/exe`);
      const target = "target" in link ? link.target.replace(/ \(deleted\)$/, "") : undefined;
      if (target !== program && target !== real) return undefined;
    }
    const stat = await files.read(`/proc/${pid}/stat`, signal);
    const ticks = "bytes" in stat ? parseStartTicks(stat.bytes.toString("latin1")) : undefined;
    // It has ended meanwhile.
    return ticks === undefined ? undefined : { pid, argv, startedAt: bootedAt + ticks * TICK_MS };
  }

  const pids = folder.names.filter((name) => /^[1-9][0-9]{0,9}$/.test(name)).slice(0, MAX_PROCESSES);
  const processes: Process[] = [];
  for (let at = 0; at < pids.length && !signal.aborted; at += CONCURRENCY) {
    const found = await Promise.all(pids.slice(at, at + CONCURRENCY).map(readOne));
    processes.push(...found.filter((one) => one !== undefined));
  }
  return signal.aborted ? { reason: "not read to its end: the time is over" } : { processes };
}

/** Arguments end with a NUL each; a process may have written anything else there, often a title with spaces. */
export function parseCommandLine(text: string): readonly string[] {
  const parts = text.replace(/\0+$/, "").split("\0");
  return parts.length === 1 && parts[0] === "" ? [] : parts;
}

/** The 22nd field of /proc/PID/stat (proc_pid_stat(5)); the second, the program's name, may hold spaces and parentheses. */
export function parseStartTicks(stat: string): number | undefined {
  const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  return ticks !== undefined && /^\d{1,15}$/.test(ticks) ? Number(ticks) : undefined;
}

/**
 * Makes a test of command lines: whether they have some words one after the other. A single word may also stand after an `=`.
 *
 * @param match words split by a space; {path}, {name} and {stem} stand for the parts of the file's path
 */
export function compileMatch(match: string, path: string): (argv: readonly string[]) => boolean {
  const { base, name } = posix.parse(path);
  const parts: Readonly<Record<string, string>> = { "{path}": path, "{name}": base, "{stem}": name };
  const words = match.split(" ").map((word) => word.replace(/\{(?:path|name|stem)\}/g, (part) => parts[part] ?? part));
  const [only = ""] = words;
  if (words.length === 1) return (argv) => argv.some((argument) => argument === only || argument.endsWith(`=${only}`));
  return (argv) => argv.some((_, at) => words.every((word, offset) => argv[at + offset] === word));
}
