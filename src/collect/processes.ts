// The collector processes: many files, and of each whether a process runs with it, and has it as it is now.
import { formatLocal } from "../report/update-date.ts";
import type { MatchForm } from "../spec/match-schema.ts";
import type { OptionsOf } from "../spec/schema.ts";
import type { Collected, Unread } from "./collected.ts";
import type { Collector } from "./collector.ts";
import { judgeState, type TiedProcess } from "./process-state.ts";
import { compileMatch, listProcesses, type Process } from "./process-table.ts";
import { makeSelector } from "./select.ts";
import type { JsonValue } from "./value.ts";

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
    const unread: Unread[] = [...found.unread];
    // Nothing found where not all may be looked at is not the same as nothing there.
    if (found.paths.length === 0 && unread.length > 0) return { fields: [], unread };
    for (const path of found.paths) {
      const file = await host.files.read(path, signal);
      if ("unreadable" in file) {
        unread.push({ what: path, reason: file.reason });
        continue;
      }
      const selection = select({ bytes: file.bytes, format: options.format, path });
      const process = findProcess(table.processes, options.match, path);
      const judged = process ? await judgeState(tie(process, path, options), host, signal) : { state: "not_running" as const };
      entries.push({
        ...Object.fromEntries(selection.fields),
        state: judged.state,
        ...(process && { started_at: formatLocal(process.startedAt) }),
        ...("reason" in judged && { reason: judged.reason }),
        ...("changed" in judged && judged.changed.length > 0 && { changed: judged.changed.map((change) => ({ ...change })) }),
      });
      for (const { what, reason } of selection.unread) unread.push({ what: `${what} of ${path}`, reason });
      if ("reason" in judged) unread.push({ what: `state of ${path}`, reason: judged.reason });
    }
    await host.memory?.save();
    return { fields: [[options.into, entries]], unread };
  },
};

/** Of several, such as a server and its workers, the one that started first: the others came from it. */
function findProcess(processes: readonly Process[], forms: readonly MatchForm[], path: string): Process | undefined {
  const matches = forms.flatMap(({ words }) => (words === undefined ? [] : [compileMatch(words, path)]));
  return processes
    .filter(({ argv }) => matches.some((matchesOne) => matchesOne(argv)))
    .reduce<Process | undefined>((first, one) => (first && first.startedAt <= one.startedAt ? first : one), undefined);
}

function tie(process: Process, path: string, { program, reloads }: OptionsOf["processes"]): TiedProcess {
  const [started] = process.argv;
  const named = program ?? (started?.startsWith("/") ? started : undefined);
  return { process, path, program: named, reloads, also: [], alsoGlobs: [], children: [] };
}
