// The processes of a Linux host, out of /proc: which command line, since when. Reading and parsing apart.
import { posix } from "node:path";
import type { HostAccess } from "./collector.ts";
import type { Unreadable } from "./host-files.ts";
import { readKernelBootTime } from "./identity.ts";

/** Processes looked at, at most. */
const MAX_PROCESSES = 50_000;

/** Read at a time. */
const CONCURRENCY = 32;

/** The kernel tells times in ticks of 10 ms on every architecture that Linux runs on today (time(7), USER_HZ). */
const TICK_MS = 10;

export interface Process {
  readonly pid: string;
  /** The process that it was started by, or was handed over to. */
  readonly parent: string;
  /** When it started: ticks of 10 ms since the kernel booted. No stepped clock moves it. */
  readonly startTicks: number;
  /** Which boot of the kernel; undefined where the kernel does not say. */
  readonly bootId: string | undefined;
  /** ms since the epoch, half a second more or less; the same at each look. */
  readonly startedAt: number;
  readonly argv: readonly string[];
  /** What /proc/PID/exe says: the program that is loaded, ` (deleted)` after it if it is gone. */
  readonly exe: { readonly target: string } | Unreadable;
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
  const bootFile = await files.read("/proc/sys/kernel/random/boot_id", signal);
  const bootId = "bytes" in bootFile ? bootFile.bytes.toString("latin1").trim() : undefined;
  const traced = program === undefined ? undefined : await files.trace(program);
  const real = traced && "path" in traced ? traced.path : program;

  async function readOne(pid: string): Promise<Process | undefined> {
    const commandLine = await files.read(`/proc/${pid}/cmdline`, signal);
    const argv = "bytes" in commandLine ? parseCommandLine(commandLine.bytes.toString("utf8")) : [];
    if (argv.length === 0) return undefined;
    // A script is its interpreter's first argument (execve(2), "Interpreter scripts").
    const isNamed = [argv[0], argv[1]].some((word) => word !== undefined && (word === program || word === real));
    const exe = await files.readLink(`/proc/${pid}/exe`);
    if (program !== undefined && !isNamed) {
      const target = "target" in exe ? exe.target.replace(/ \(deleted\)$/, "") : undefined;
      if (target !== program && target !== real) return undefined;
    }
    const stat = await files.read(`/proc/${pid}/stat`, signal);
    const facts = "bytes" in stat ? parseStat(stat.bytes.toString("latin1")) : undefined;
    // It has ended meanwhile.
    return facts && { pid, ...facts, bootId, startedAt: bootedAt + facts.startTicks * TICK_MS, argv, exe };
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

/** The 4th and 22nd fields of /proc/PID/stat (proc_pid_stat(5)); the second, the program's name, may hold spaces and parentheses. */
export function parseStat(stat: string): { readonly parent: string; readonly startTicks: number } | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [, parent = ""] = fields;
  const ticks = fields[19] ?? "";
  return /^\d{1,10}$/.test(parent) && /^\d{1,15}$/.test(ticks) ? { parent, startTicks: Number(ticks) } : undefined;
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
