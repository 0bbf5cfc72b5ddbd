// Finds the process of a file: the one that runs with it, that none does, or why that cannot be
// told.
import type { MatchForm } from "../specs/match-schema.ts";
import type { HostAccess } from "./collector.ts";
import { type FileForm, type FormContext, fillForm, fillUnit } from "./process-forms.ts";
import { createProcessInspector, nameProcess, type ProcessInspector } from "./process-inspector.ts";
import { both, either, type Verdict } from "./process-match.ts";
import { isWrapper, wraps } from "./process-program.ts";
import type { ListedProcess, ProcessTable } from "./process-table.ts";
import { createUncertaintyFinder, type Uncertainty } from "./process-uncertainty.ts";
import { openUnits } from "./systemd-units.ts";

export type Search =
  | { readonly process: ListedProcess }
  /** There is none, for sure. */
  | { readonly process: undefined }
  | Uncertainty;

export interface ProcessSearch {
  readonly inspector: ProcessInspector;
  find(path: string): Promise<Search>;
  /** The processes below one that run the same program, as a server's workers do. */
  listWorkers(process: ListedProcess): readonly ListedProcess[];
}

export interface SearchOptions {
  readonly forms: readonly MatchForm[];
  readonly program: string | undefined;
  /** All files that are looked for. */
  readonly paths: readonly string[];
}

export function openSearch(
  host: HostAccess,
  { processes, unseen, starter }: ProcessTable,
  { forms, program, paths }: SearchOptions,
  signal: AbortSignal,
): ProcessSearch {
  const inspector = createProcessInspector(host, signal);
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const children = new Map<string, ListedProcess[]>();
  for (const process of processes)
    children.set(process.parent, [...(children.get(process.parent) ?? []), process]);
  const unitNames = forms.flatMap(({ unit }) =>
    unit === undefined ? [] : paths.flatMap((path) => fillUnit(unit, path)),
  );
  const units = openUnits(host, processes, unitNames, signal);
  const context: FormContext = {
    host,
    inspector,
    units,
    byPid,
    isComplete: unseen.length === 0,
    program,
    signal,
  };

  const signs = createUncertaintyFinder({ inspector, processes, byPid, program, starter });

  /** Those above it, the nearest first. */
  function listAbove(process: ListedProcess): readonly ListedProcess[] {
    const above: ListedProcess[] = [];
    for (let at = byPid.get(process.parent); at && !above.includes(at); at = byPid.get(at.parent))
      above.push(at);
    return above;
  }

  /**
   * What a wrapper started: the program with the wrapper's words, whatever it calls itself by now.
   */
  function unwrap(process: ListedProcess): ListedProcess | undefined {
    let at: ListedProcess | undefined = process;
    for (let steps = 0; at && isWrapper(at.argv[0] ?? "") && steps < 10; steps++)
      at = byStart(children.get(at.pid) ?? [])[0];
    return at;
  }

  /**
   * Of several, such as a wrapper, a server and its workers: the server, which is the first that is
   * no wrapper.
   */
  function choose(found: readonly ListedProcess[]): ListedProcess | undefined {
    const above = new Set(
      found.flatMap((inner) =>
        listAbove(inner).filter(
          (outer) =>
            found.includes(outer) && (isWrapper(outer.argv[0] ?? "") || wraps(outer.argv, inner.argv)),
        ),
      ),
    );
    return byStart(found.filter((process) => !above.has(process)))[0];
  }

  async function gather(fileForms: readonly FileForm[], isDeep: boolean): Promise<CandidateProcesses> {
    const gathered: CandidateProcesses = { tied: [], uncertainties: [], others: [] };
    for (const process of processes) {
      let verdict: Verdict = "no";
      for (const form of fileForms)
        if (verdict !== "yes") verdict = either(verdict, await form.matches(process, isDeep));
      if (verdict !== "no") await gatherOne(process, verdict, gathered);
    }
    return gathered;
  }

  /** A process with the file: is it of the program, or has it started it? */
  async function gatherOne(
    process: ListedProcess,
    verdict: Verdict,
    { tied, uncertainties, others }: CandidateProcesses,
  ): Promise<void> {
    // What may only be the file's is looked at as it is.
    const meant = verdict === "yes" ? unwrap(process) : process;
    if (!meant) {
      uncertainties.push({
        reason: `${nameProcess(process)} has this file, and has not started its program`,
        about: process,
      });
      return;
    }
    const own = program === undefined || process === meant ? "no" : await inspector.runs(process, program);
    const runs = program === undefined ? "yes" : either(own, await inspector.runs(meant, program));
    const whole = both(verdict, runs);
    if (whole === "yes") tied.push(own === "yes" ? process : meant);
    else if (whole !== "no") uncertainties.push({ reason: whole.uncertainty, about: process });
    else if (verdict === "yes") others.push(process);
  }

  /** The process of those found that has the file that we see. */
  async function pick(found: readonly ListedProcess[], path: string): Promise<Search | undefined> {
    let left = [...new Set(found)];
    for (let process = choose(left); process; process = choose(left)) {
      const shares = await inspector.sharesFile(process, path);
      if (shares === "yes") return { process };
      if (shares !== "no") return { reason: shares.uncertainty, about: process };
      const other = process;
      left = left.filter((one) => one !== other);
    }
    return undefined;
  }

  return {
    inspector,

    async find(path) {
      const fileForms = forms.map((form) => fillForm(form, path, context));
      let gathered: CandidateProcesses = { tied: [], uncertainties: [], others: [] };
      for (const isDeep of [false, true]) {
        gathered = await gather(fileForms, isDeep);
        const found = await pick(gathered.tied, path);
        if (found) return found;
      }
      const settled = await Promise.all(fileForms.map((form) => form.settle()));
      if (settled.every(({ isOver }) => isOver)) return { process: undefined };
      const uncertainty = gathered.uncertainties[0] ?? (await signs.find(path, fileForms, gathered.others));
      if (uncertainty !== undefined) return uncertainty;
      const reason = unseen[0] ?? settled.find((one) => one.uncertainty !== undefined)?.uncertainty;
      return reason === undefined ? { process: undefined } : { reason };
    },

    listWorkers(process) {
      const found: ListedProcess[] = [];
      const queue = [process];
      for (let at = queue.shift(); at; at = queue.shift()) {
        const below = (children.get(at.pid) ?? []).filter(
          (one) => one.name === process.name && !found.includes(one),
        );
        found.push(...below);
        queue.push(...below);
      }
      return found;
    },
  };
}

interface CandidateProcesses {
  readonly tied: ListedProcess[];
  /** Why some others may be the file's. */
  readonly uncertainties: Uncertainty[];
  /** Those that have the file, and run another program. */
  readonly others: ListedProcess[];
}

function byStart(processes: readonly ListedProcess[]): readonly ListedProcess[] {
  return [...processes].sort((a, b) => a.startTicks - b.startTicks || Number(a.pid) - Number(b.pid));
}
