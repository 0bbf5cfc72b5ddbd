// The collector processes: many files, and of each whether a process runs with it, and has it as it
// is now.
import { formatLocal } from "../report/update-date.ts";
import type { OptionsOf } from "../specs/schema.ts";
import { type Collected, toUnread, type Unread } from "./collected.ts";
import type { Collector, HostAccess } from "./collector.ts";
import type { NamedCredential } from "./named-credentials.ts";
import { openSearch, type ProcessSearch } from "./process-search.ts";
import { type Judge, type Judgement, openJudge, type TiedProcess } from "./process-state.ts";
import { type ListedProcess, listProcesses } from "./process-table.ts";
import { makeSelector } from "./select.ts";
import type { JsonValue } from "./value.ts";

/** Workers whose program is looked at, of one process. */
const MAX_WORKERS = 256;

/**
 * A process that began so short a time ago may be on its way to another program, or to its end; ms.
 */
const PASSING_MS = 3000;
/**
 * Where such a one is why a state cannot be told, all are looked at again, after these waits in one
 * run; ms.
 */
const AGAIN_MS = [100, 200, 400];

type Options = OptionsOf["processes"];

/** No file is an empty array, as for the collector files. */
export const processesCollector: Collector<Options> = {
  inputs: ({ glob, program, also }) => ({
    paths: program === undefined ? [] : [program],
    globs: [...glob, ...also],
  }),

  async collect(options, host, signal): Promise<Collected> {
    const judgeState = await openJudge(host, signal);
    const found = await host.files.glob(options.glob, signal);
    if ("unreadable" in found) return { fields: [], unread: [toUnread(options.glob.join(", "), found)] };
    const unread: Unread[] = [...found.unread];
    const named: NamedCredential[] = [];
    // Nothing found where not all may be looked at is not the same as nothing there.
    if (found.paths.length === 0 && unread.length > 0) return { fields: [], unread };
    const also = await findAlso(options.also, host, signal);
    const { match: forms, program } = options;
    const lookAround = async () =>
      openSearch(host, await listProcesses(host, signal), { forms, program, paths: found.paths }, signal);
    let search = await lookAround();
    const waits = [...AGAIN_MS];
    const select = makeSelector(options.fields);
    const entries: JsonValue[] = [];
    for (const path of found.paths) {
      const file = await host.files.read(path, signal);
      if ("unreadable" in file) {
        unread.push({ what: path, reason: file.reason });
        continue;
      }
      const selection = await select({ bytes: file.bytes, format: options.format, path }, signal);
      for (const { at, judgement } of selection.named ?? [])
        named.push({ at: [options.into, entries.length, ...at], judgement });
      let { process, judged, about } = await judge(path, also, { options, search, judgeState });
      while (
        about.some(({ startedAt }) => startedAt > host.clock() - PASSING_MS) &&
        waits.length > 0 &&
        !signal.aborted
      ) {
        await host.sleep(waits.shift() ?? 0, signal);
        search = await lookAround();
        ({ process, judged, about } = await judge(path, also, { options, search, judgeState }));
      }
      entries.push({
        ...Object.fromEntries(selection.fields),
        state: judged.state,
        ...(process && { started_at: formatLocal(process.startedAt) }),
        ...("reason" in judged && { reason: judged.reason }),
        ...("changed" in judged &&
          judged.changed.length > 0 && { changed: judged.changed.map((change) => ({ ...change })) }),
      });
      for (const { what, reason } of selection.unread) unread.push({ what: `${what} of ${path}`, reason });
      if ("reason" in judged) unread.push({ what: `state of ${path}`, reason: judged.reason });
    }
    await host.memory?.save();
    return { fields: [[options.into, entries]], unread, named };
  },
};

/** The files that the configuration includes. */
interface Included {
  readonly paths: readonly string[];
  /** Why there may be others. */
  readonly uncertainty?: string | undefined;
}

async function findAlso(globs: readonly string[], host: HostAccess, signal: AbortSignal): Promise<Included> {
  if (globs.length === 0) return { paths: [] };
  const found = await host.files.glob(globs, signal);
  if ("unreadable" in found) return { paths: [], uncertainty: `${globs.join(", ")} ${found.reason}` };
  const [first] = found.unread;
  return { paths: found.paths, uncertainty: first && `${first.what} ${first.reason}` };
}

interface Context {
  readonly options: Options;
  readonly search: ProcessSearch;
  readonly judgeState: Judge;
}

interface ProcessVerdict {
  readonly process: ListedProcess | undefined;
  readonly judged: Judgement | { readonly state: "not_running" };
  /** The processes by which it cannot be told. */
  readonly about: readonly ListedProcess[];
}

async function judge(
  path: string,
  also: Included,
  { options, search, judgeState }: Context,
): Promise<ProcessVerdict> {
  const found = await search.find(path);
  if ("reason" in found) {
    const about = found.about ? [found.about] : [];
    return { process: undefined, judged: { state: "unknown", reason: found.reason }, about };
  }
  if (found.process === undefined) return { process: undefined, judged: { state: "not_running" }, about: [] };
  const { inspector } = search;
  const { program = await inspector.findProgram(found.process), reloads } = options;
  const workers = reloads === "workers" ? search.listWorkers(found.process).slice(0, MAX_WORKERS) : [];
  const process = await inspector.complete(found.process);
  const children = await Promise.all(workers.map(inspector.complete));
  const tied: TiedProcess = {
    process,
    path,
    program,
    reloads,
    also: also.paths,
    alsoGlobs: options.also,
    children,
  };
  const judged = await judgeState(tied);
  if (judged.state !== "running" || also.uncertainty === undefined) {
    return { process, judged, about: judged.state === "unknown" ? children : [] };
  }
  return {
    process,
    judged: { state: "unknown", reason: `which files it includes cannot be told: ${also.uncertainty}` },
    about: [],
  };
}
