// The collector processes: many files, and of each whether a process runs with it, and has it as it is now.
import { formatLocal } from "../report/update-date.ts";
import type { OptionsOf } from "../spec/schema.ts";
import type { Collected, Unread } from "./collected.ts";
import type { Collector, HostAccess } from "./collector.ts";
import { compileMatch, listProcesses, type Process } from "./process-table.ts";
import { makeSelector } from "./select.ts";
import type { JsonValue } from "./value.ts";

/** A file that was written while its process started may have been read by it; ms. */
const TOLERANCE_MS = 1000;

/**
 * - `running`: with the file and the program as they are on disk.
 * - `restart_pending`: the file or the program changed after the process started.
 * - `not_running`: there is a file, and no process.
 */
type ProcessState = "running" | "restart_pending" | "not_running";

/** No file is an empty array, as for the collector files. */
export const processesCollector: Collector<OptionsOf["processes"]> = {
  inputs: ({ glob, program }) => ({ paths: program === undefined ? [] : [program], globs: glob }),

  async collect(options, host, signal): Promise<Collected> {
    const found = await host.files.glob(options.glob, signal);
    if ("unreadable" in found) return { fields: [], unread: [{ what: options.glob.join(", "), reason: found.reason }] };
    const table = await listProcesses(host, options.program, signal);
    if ("reason" in table) return { fields: [], unread: [{ what: "/proc", reason: table.reason }] };
    const select = makeSelector(options.fields);
    const entries: JsonValue[] = [];
    const unread: Unread[] = [];
    for (const path of found.paths) {
      const file = await host.files.read(path, signal);
      if ("unreadable" in file) {
        unread.push({ what: path, reason: file.reason });
        continue;
      }
      const selection = select({ bytes: file.bytes, format: options.format, path });
      const process = findProcess(table.processes, options.match, path);
      const judged = process ? await judge(process, path, options.program, host) : { state: "not_running" as const };
      entries.push({
        ...Object.fromEntries(selection.fields),
        state: judged.state,
        ...(process && { started_at: formatLocal(process.startedAt) }),
      });
      for (const { what, reason } of selection.unread) unread.push({ what: `${what} of ${path}`, reason });
      if ("doubt" in judged) unread.push({ what: `program of ${path}`, reason: judged.doubt });
    }
    return { fields: [[options.into, entries]], unread };
  },
};

/** Of several, such as a server and its workers, the one that started first: the others came from it. */
function findProcess(processes: readonly Process[], match: string, path: string): Process | undefined {
  const matches = compileMatch(match, path);
  return processes
    .filter(({ argv }) => matches(argv))
    .reduce<Process | undefined>((first, one) => (first && first.startedAt <= one.startedAt ? first : one), undefined);
}

/** Compares what a process started with to what is on disk now. */
async function judge(
  { pid, argv, startedAt }: Process,
  configPath: string,
  program: string | undefined,
  { files }: HostAccess,
): Promise<{ readonly state: ProcessState; readonly doubt?: string }> {
  const isNewer = (traced: Awaited<ReturnType<typeof files.trace>>) =>
    "changedAt" in traced && traced.changedAt > startedAt + TOLERANCE_MS;
  if (isNewer(await files.trace(configPath))) return { state: "restart_pending" };
  const link = await files.readLink(`/proc/${pid}/exe`);
  const loaded = "target" in link ? link.target : undefined;
  // proc_pid_exe(5): the file that the process runs has been removed, or another was put in its place.
  if (loaded?.endsWith(" (deleted)")) return { state: "restart_pending" };
  if (loaded !== undefined && isNewer(await files.trace(loaded))) return { state: "restart_pending" };
  // By the name that it was started under, another file is found now: a link leads to another release.
  const named = program ?? (argv[0]?.startsWith("/") ? argv[0] : undefined);
  if (named !== undefined) {
    const traced = await files.trace(named);
    // Of a script, the interpreter is what is loaded.
    const isScript = argv[1] !== undefined && (argv[1] === named || ("path" in traced && argv[1] === traced.path));
    const isOther = !isScript && loaded !== undefined && "path" in traced && traced.path !== loaded;
    if (isOther || isNewer(traced)) return { state: "restart_pending" };
    return { state: "running" };
  }
  if (loaded !== undefined) return { state: "running" };
  return {
    state: "running",
    doubt: "whether it changed cannot be told: /proc/PID/exe may not be read by this user; name it in `program`",
  };
}
