// What the kernel's files about a process say: their texts, parsed. Pure.

/**
 * The kernel tells times in ticks of 10 ms on every architecture that Linux runs on today (time(7),
 * USER_HZ).
 */
export const TICK_MS = 10;

/** Processes of a host that are looked at, at most. */
export const MAX_PROCESSES = 50_000;

/** What /proc/PID/stat says (proc_pid_stat(5)). */
export interface ProcessStat {
  /** Its first thread's name, at most 15 bytes. */
  readonly name: string;
  /** R, S, D, Z and so on. */
  readonly state: string;
  readonly parent: string;
  /** A thread of the kernel: it has no program and no command line. */
  readonly isKernel: boolean;
  /** It is about to end, and has given its memory back. */
  readonly isEnding: boolean;
  readonly threads: number;
  /** When it started: ticks of 10 ms since the kernel booted. */
  readonly startTicks: number;
}

/** include/linux/sched.h of Linux: PF_EXITING, PF_KTHREAD. */
const EXITING = 0x4;
const KERNEL_THREAD = 0x200000;

/** The second field, the name, may hold spaces and parentheses. */
export function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) return undefined;
  const fields = text
    .slice(close + 2)
    .trimEnd()
    .split(" ");
  const [state = "", parent = ""] = fields;
  const [flags, threads, startTicks] = [fields[6], fields[17], fields[19]].map((field = "") =>
    /^\d{1,15}$/.test(field) ? Number(field) : undefined,
  );
  if (!/^\d{1,10}$/.test(parent) || flags === undefined || threads === undefined || startTicks === undefined)
    return undefined;
  return {
    name: text.slice(open + 1, close),
    state,
    parent,
    isKernel: (flags & KERNEL_THREAD) !== 0,
    isEnding: (flags & EXITING) !== 0,
    threads,
    startTicks,
  };
}

/**
 * Arguments end with a NUL each; a process may have written anything else there, often a title with
 * spaces, padded with NULs.
 */
export function parseCommandLine(text: string): readonly string[] {
  const parts = text.replace(/[\0 ]+$/, "").split("\0");
  return parts.length === 1 && parts[0] === "" ? [] : parts;
}

/**
 * Whether a process wrote over its command line: what is left of the room behind it is NULs, and an
 * argument ends with one.
 */
export function isOverwritten(text: string): boolean {
  return text.endsWith("\0\0");
}

/** What /proc/PID/status says of rights and namespaces (proc_pid_status(5)). */
export interface ProcessStatus {
  /** Its number in each PID namespace, from that of this /proc downwards. */
  readonly namespacePids: readonly string[];
  /** Effective capabilities, as bits. */
  readonly capabilities: bigint;
  /** Group and supplementary groups. */
  readonly groups: readonly string[];
}

export function parseStatus(text: string): ProcessStatus {
  const line = (name: string): readonly string[] => {
    const found = new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(text)?.[1]?.trim() ?? "";
    return found === "" ? [] : found.split(/\s+/);
  };
  const [capabilities = "0"] = line("CapEff");
  return {
    namespacePids: line("NSpid"),
    capabilities: /^[0-9a-f]{1,16}$/.test(capabilities) ? BigInt(`0x${capabilities}`) : 0n,
    groups: [...line("Gid").slice(1, 2), ...line("Groups")],
  };
}

/**
 * The variables that a process was started with; its own changes do not show (proc_pid_environ(5)).
 */
export function parseEnviron(text: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const entry of text.split("\0")) {
    const at = entry.indexOf("=");
    // getenv(3) takes the first of two.
    if (at > 0 && !variables.has(entry.slice(0, at))) variables.set(entry.slice(0, at), entry.slice(at + 1));
  }
  return variables;
}

/** The files that /proc/PID/maps names (proc_pid_maps(5)). */
export function parseMappedFiles(text: string): readonly string[] {
  const files = new Set<string>();
  for (const line of text.split("\n")) {
    const path = /^\S+ \S+ \S+ \S+ \S+ +(\/.*)$/.exec(line)?.[1];
    if (path !== undefined) files.add(path);
  }
  return [...files];
}

/** What a link of /proc says of a file that is gone. */
export function stripDeleted(target: string): string {
  return target.replace(/ \(deleted\)$/, "");
}
