// Judges a process that is tied to a file: whether it runs with the file and the program as they are on disk now.
import type { HostAccess } from "./collector.ts";
import type { Process } from "./process-table.ts";

/** A file that was written while its process started may have been read by it; ms. */
const TOLERANCE_MS = 1000;

/** A process, and all that it is judged by. */
export interface TiedProcess {
  readonly process: Process;
  /** The configuration file, as the glob found it. */
  readonly path: string;
  /** What is judged as the program: the spec's `program`, else the script or executable that the process was started by; absolute. */
  readonly program: string | undefined;
  /** How a reload in place shows, as the spec says. */
  readonly reloads: "workers" | "self" | undefined;
  /** Found files that the configuration includes. */
  readonly also: readonly string[];
  /** The processes of the same program below it. */
  readonly children: readonly Process[];
}

/** One thing that is on disk otherwise than when the process began. */
export interface Change {
  readonly what: "file" | "program" | "link" | "also";
  readonly path: string;
  /** Local ISO time. */
  readonly since: string;
  /** Nothing was remembered, and the clock decided. */
  readonly by?: "clock";
}

export type Judgement =
  | { readonly state: "running" }
  | { readonly state: "restart_pending"; readonly changed: readonly Change[] }
  | { readonly state: "unknown"; readonly reason: string };

/** Compares what a process started with to what is on disk now. */
export async function judgeState(tied: TiedProcess, { files }: HostAccess, _signal: AbortSignal): Promise<Judgement> {
  const { process, path, program } = tied;
  const { argv, startedAt, exe } = process;
  const pending: Judgement = { state: "restart_pending", changed: [] };
  const isNewer = (traced: Awaited<ReturnType<typeof files.trace>>) =>
    "changedAt" in traced && traced.changedAt > startedAt + TOLERANCE_MS;
  if (isNewer(await files.trace(path))) return pending;
  const loaded = "target" in exe ? exe.target : undefined;
  // proc_pid_exe(5): the file that the process runs has been removed, or another was put in its place.
  if (loaded?.endsWith(" (deleted)")) return pending;
  if (loaded !== undefined && isNewer(await files.trace(loaded))) return pending;
  // By the name that it was started under, another file is found now: a link leads to another release.
  if (program !== undefined) {
    const traced = await files.trace(program);
    // Of a script, the interpreter is what is loaded.
    const isScript = argv[1] !== undefined && (argv[1] === program || ("path" in traced && argv[1] === traced.path));
    const isOther = !isScript && loaded !== undefined && "path" in traced && traced.path !== loaded;
    return isOther || isNewer(traced) ? pending : { state: "running" };
  }
  if (loaded !== undefined) return { state: "running" };
  const reason = "whether it changed cannot be told: /proc/PID/exe may not be read by this user; name it in `program`";
  return { state: "unknown", reason };
}
