// The processes of a Linux host, out of /proc: which command line, since when. And what of them
// could not be seen.
import type { HostAccess } from "./collector.ts";
import { readKernelBootTime } from "./identity.ts";
import { isOverwritten, MAX_PROCESSES, parseCommandLine, parseStat, TICK_MS } from "./process-facts.ts";
import { findHiding } from "./process-visibility.ts";
import { isTitle } from "./process-words.ts";
import type { Unreadable } from "./unreadable.ts";

/** Read at a time. */
const CONCURRENCY = 32;
/** Most bytes of one command line, and of all together. */
const MAX_COMMAND_LINE_BYTES = 1024 * 1024;
const MAX_COMMAND_LINES_BYTES = 32 * 1024 * 1024;
/**
 * Waits before those are looked at again that have no words: between fork and exec, and at its end,
 * a process has none for a moment, which is longer where the processors are busy; ms.
 */
const AGAIN_MS = [0, 10, 40, 150, 300];
/** Threads asked for the command line of a process whose first thread has ended. */
const MAX_THREADS = 4;

/** A process, by what any user may see of it. */
export interface ListedProcess {
  readonly pid: string;
  /** Its first thread's name, at most 15 bytes: mostly the program's. */
  readonly name: string;
  /** The process that it was started by, or was handed over to. */
  readonly parent: string;
  /** When it started: ticks of 10 ms since the kernel booted. No stepped clock moves it. */
  readonly startTicks: number;
  /** Which boot of the kernel; undefined where the kernel does not say. */
  readonly bootId: string | undefined;
  /** ms since the epoch, half a second more or less; the same at each look. */
  readonly startedAt: number;
  readonly argv: readonly string[];
  /** Why `argv` is not all of its words; undefined where it is. */
  readonly gap: string | undefined;
  /** It wrote a title over its words: what it was started with cannot be seen. */
  readonly hasTitle: boolean;
  /** Where it is told of: /proc/PID, or one of its threads where the first has ended. */
  readonly folder: string;
}

export interface Process extends ListedProcess {
  /** What /proc/PID/exe says: the program that is loaded, ` (deleted)` after it if it is gone. */
  readonly exe: { readonly target: string } | Unreadable;
}

export interface ProcessTable {
  /**
   * All that have a command line but for this process itself; kernel threads and processes that
   * have ended have none.
   */
  readonly processes: readonly ListedProcess[];
  /** Why there may be processes beside these: a sentence each. Empty where all were seen. */
  readonly unseen: readonly string[];
  /** The process that started this one. */
  readonly starter?: string | undefined;
}

type ReadWords = Pick<ListedProcess, "argv" | "gap" | "hasTitle" | "folder">;

/** Lists the processes: two small files of each. Never rejects for what the host is. */
export async function listProcesses(host: HostAccess, signal: AbortSignal): Promise<ProcessTable> {
  const { files } = host;
  const folder = await files.list("/proc");
  if ("unreadable" in folder) return { processes: [], unseen: [`/proc ${folder.reason}`] };
  const all = folder.names.filter((name) => /^[1-9][0-9]{0,9}$/.test(name));
  const pids = all.slice(0, MAX_PROCESSES);
  const [when, self, hiding] = await Promise.all([
    readBoot(host, signal),
    files.readLink("/proc/self"),
    findHiding(host, all, signal),
  ]);
  const unseen = hiding === undefined ? [] : [hiding];
  if (all.length > pids.length)
    unseen.push(`the host has ${all.length} processes; ${MAX_PROCESSES} are looked at`);

  const refused: string[] = [];
  let reason = "";
  let bytesLeft = MAX_COMMAND_LINES_BYTES;
  let starter: string | undefined;

  async function readOne(pid: string): Promise<ListedProcess | undefined> {
    const stat = await files.readOfProcess(`/proc/${pid}/stat`, 4096, signal);
    const facts = "bytes" in stat ? parseStat(stat.bytes.toString("utf8")) : undefined;
    if (!facts) {
      // What is absent has ended meanwhile.
      if ("unreadable" in stat && stat.unreadable !== "absent") {
        refused.push(pid);
        reason = stat.reason;
      }
      return undefined;
    }
    const hasEnded = (facts.isEnding || facts.state === "Z") && facts.threads <= 1;
    if (facts.isKernel || hasEnded) return undefined;
    if ("target" in self && self.target === pid) {
      starter = facts.parent;
      return undefined;
    }
    const words = await readWords(pid, facts.state === "Z");
    if (!words) return undefined;
    const { name, parent, startTicks } = facts;
    const startedAt = when.bootedAt + startTicks * TICK_MS;
    return { pid, name, parent, startTicks, bootId: when.bootId, startedAt, ...words };
  }

  /**
   * The first thread's words, or another's where that one has ended; undefined where the process
   * has ended.
   */
  async function readWords(pid: string, hasFirstEnded: boolean): Promise<ReadWords | undefined> {
    const own = `/proc/${pid}`;
    if (!hasFirstEnded) return readLine(own);
    const threads = await files.list(`${own}/task`);
    if ("unreadable" in threads) {
      return threads.unreadable === "absent" ? undefined : none(`its threads: each ${threads.reason}`, own);
    }
    for (const thread of threads.names.filter((name) => name !== pid).slice(0, MAX_THREADS)) {
      const read = await readLine(`${own}/task/${thread}`);
      if (read) return read;
    }
    return undefined;
  }

  async function readLine(place: string): Promise<ReadWords | undefined> {
    if (bytesLeft <= 0)
      return none(`all command lines together have more than ${MAX_COMMAND_LINES_BYTES} bytes`, place);
    const line = await files.readOfProcess(`${place}/cmdline`, MAX_COMMAND_LINE_BYTES, signal);
    if ("unreadable" in line)
      return line.unreadable === "absent" ? undefined : none(`its command line ${line.reason}`, place);
    bytesLeft -= line.bytes.length;
    const text = line.bytes.toString("utf8");
    const argv = parseCommandLine(text);
    if (argv.length === 0) return none("its command line is empty", place);
    const gap = line.isWhole ? undefined : `its command line has more than ${MAX_COMMAND_LINE_BYTES} bytes`;
    return { argv, gap, hasTitle: isTitle(argv) || isOverwritten(text), folder: place };
  }

  const processes = await readAll(pids, readOne, host, signal);
  if (signal.aborted) unseen.push("the processes were not looked at to the end: the time is over");
  if (refused.length > 0) unseen.push(explainRefused(refused, reason));
  return { processes, unseen, starter };
}

function none(gap: string, folder: string): ReadWords {
  return { argv: [], gap, hasTitle: false, folder };
}

/** Reads many processes; those that have no words once more, until they have some or have ended. */
async function readAll(
  pids: readonly string[],
  readOne: (pid: string) => Promise<ListedProcess | undefined>,
  host: HostAccess,
  signal: AbortSignal,
): Promise<readonly ListedProcess[]> {
  const processes: ListedProcess[] = [];
  let wordless: ListedProcess[] = [];
  const read = async (some: readonly string[]): Promise<void> => {
    for (const one of await Promise.all(some.map(readOne)))
      if (one) (one.argv.length === 0 ? wordless : processes).push(one);
  };
  for (let at = 0; at < pids.length && !signal.aborted; at += CONCURRENCY)
    await read(pids.slice(at, at + CONCURRENCY));
  for (const ms of AGAIN_MS) {
    const again = wordless.map(({ pid }) => pid);
    if (again.length === 0 || signal.aborted) break;
    if (ms > 0) await host.sleep(ms, signal);
    wordless = [];
    for (let at = 0; at < again.length; at += CONCURRENCY) await read(again.slice(at, at + CONCURRENCY));
  }
  return [...processes, ...wordless];
}

function explainRefused(pids: readonly string[], reason: string): string {
  const [first = ""] = pids;
  return pids.length === 1
    ? `process ${first} ${reason}`
    : `${pids.length} processes, such as ${first}: each ${reason}`;
}

/** When the kernel booted, ms since the epoch, and which boot it is. */
async function readBoot(host: HostAccess, signal: AbortSignal) {
  const second = await readKernelBootTime(host, signal);
  const file = await host.files.read("/proc/sys/kernel/random/boot_id", signal);
  const bootId = "bytes" in file ? file.bytes.toString("latin1").trim() : undefined;
  // The kernel tells the second alone; half a second on is at most half a second wrong. Now less
  // the uptime would be nearer, and another time at each look: it is taken where /proc has no stat
  // (subset=pid), in whole seconds.
  const bootedAt =
    second === undefined ? Math.round(host.clock() / 1000 - host.machine.uptime()) * 1000 : second + 500;
  return { bootedAt, bootId };
}
