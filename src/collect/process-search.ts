// Finds the process of a file: the one that runs with it, that none does, or why that cannot be told.
import type { MatchForm } from "../spec/match-schema.ts";
import type { HostAccess } from "./collector.ts";
import { type FileForm, type FormContext, fillForm, fillUnit, mayBe } from "./process-forms.ts";
import { nameProcess, openLook, type ProcessLook } from "./process-look.ts";
import { both, either, type Verdict, type WordMatch } from "./process-match.ts";
import { isWrapper, wraps } from "./process-program.ts";
import { findNamesake, isSilent } from "./process-silence.ts";
import type { ListedProcess, ProcessTable } from "./process-table.ts";
import { openUnits } from "./systemd-units.ts";

export type Search =
  | { readonly process: ListedProcess }
  /** There is none, for sure. */
  | { readonly process: undefined }
  | { readonly reason: string };

export interface ProcessSearch {
  readonly look: ProcessLook;
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
  { processes, unseen }: ProcessTable,
  { forms, program, paths }: SearchOptions,
  signal: AbortSignal,
): ProcessSearch {
  const look = openLook(host, signal);
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const children = new Map<string, ListedProcess[]>();
  for (const process of processes) children.set(process.parent, [...(children.get(process.parent) ?? []), process]);
  const unitNames = forms.flatMap(({ unit }) => (unit === undefined ? [] : paths.flatMap((path) => fillUnit(unit, path))));
  const units = openUnits(host, processes, unitNames, signal);
  const context: FormContext = { host, look, units, byPid, isComplete: unseen.length === 0, program, signal };

  /** Those above it, the nearest first. */
  function listAbove(process: ListedProcess): readonly ListedProcess[] {
    const above: ListedProcess[] = [];
    for (let at = byPid.get(process.parent); at && !above.includes(at); at = byPid.get(at.parent)) above.push(at);
    return above;
  }

  /** What a wrapper started: the program with the wrapper's words, whatever it calls itself by now. */
  function unwrap(process: ListedProcess): ListedProcess | undefined {
    let at: ListedProcess | undefined = process;
    for (let steps = 0; at && isWrapper(at.argv[0] ?? "") && steps < 10; steps++) at = byStart(children.get(at.pid) ?? [])[0];
    return at;
  }

  /** Of several, such as a wrapper, a server and its workers: the server, which is the first that is no wrapper. */
  function choose(found: readonly ListedProcess[]): ListedProcess | undefined {
    const above = new Set(
      found.flatMap((inner) =>
        listAbove(inner).filter(
          (outer) => found.includes(outer) && (isWrapper(outer.argv[0] ?? "") || wraps(outer.argv, inner.argv)),
        ),
      ),
    );
    return byStart(found.filter((process) => !above.has(process)))[0];
  }

  async function gather(fileForms: readonly FileForm[], isDeep: boolean): Promise<Gathered> {
    const gathered: Gathered = { tied: [], doubts: [], others: [] };
    for (const process of processes) {
      let verdict: Verdict = "no";
      for (const form of fileForms) if (verdict !== "yes") verdict = either(verdict, await form.matches(process, isDeep));
      if (verdict !== "no") await gatherOne(process, verdict, gathered);
    }
    return gathered;
  }

  /** A process with the file: is it of the program, or has it started it? */
  async function gatherOne(process: ListedProcess, verdict: Verdict, { tied, doubts, others }: Gathered): Promise<void> {
    // What may only be the file's is looked at as it is.
    const meant = verdict === "yes" ? unwrap(process) : process;
    if (!meant) {
      doubts.push(`${nameProcess(process)} has this file, and has not started its program`);
      return;
    }
    const own = program === undefined || process === meant ? "no" : await look.runs(process, program);
    const runs = program === undefined ? "yes" : either(own, await look.runs(meant, program));
    const whole = both(verdict, runs);
    if (whole === "yes") tied.push(own === "yes" ? process : meant);
    else if (whole !== "no") doubts.push(whole.doubt);
    else if (verdict === "yes") others.push(process);
  }

  /** The process of those found that has the file that we see. */
  async function pick(found: readonly ListedProcess[], path: string): Promise<Search | undefined> {
    let left = [...new Set(found)];
    for (let process = choose(left); process; process = choose(left)) {
      const shares = await look.sharesFile(process, path);
      if (shares === "yes") return { process };
      if (shares !== "no") return { reason: shares.doubt };
      const other = process;
      left = left.filter((one) => one !== other);
    }
    return undefined;
  }

  /** Why it cannot be told that no process runs with a file; the surest sign first. */
  async function findDoubt(
    path: string,
    fileForms: readonly FileForm[],
    { doubts, others }: Gathered,
  ): Promise<string | undefined> {
    const [doubt] = doubts;
    if (doubt !== undefined) return doubt;
    const words = fileForms.flatMap((form) => (form.words ? [form.words] : []));
    const signs = [
      () => explainOthers(path, others),
      () => findMention(path),
      () => (words.length > 0 ? findSilent(path, words) : undefined),
      () => (words.length > 0 ? findGap() : undefined),
    ];
    for (const sign of signs) {
      const reason = await sign();
      if (reason !== undefined) return reason;
    }
    return unseen[0];
  }

  async function isElsewhere(process: ListedProcess, path: string): Promise<boolean> {
    return (await look.sharesFile(process, path)) === "no";
  }

  async function explainOthers(path: string, others: readonly ListedProcess[]): Promise<string | undefined> {
    for (const process of others) {
      if (await isElsewhere(process, path)) continue;
      const runs = (await look.findProgram(process)) ?? "another program";
      return `${nameProcess(process)} has this file, but runs ${runs} and not ${program}`;
    }
    return undefined;
  }

  async function findMention(path: string): Promise<string | undefined> {
    for (const process of processes) {
      if (!(await mentions(look, process, path, program)) || (await isElsewhere(process, path))) continue;
      return `${nameProcess(process)} names this file, but not as match says: write match as its command line has it`;
    }
    return undefined;
  }

  /** A process of the program that says of no file what it runs with. */
  async function findSilent(path: string, words: readonly WordMatch[]): Promise<string | undefined> {
    for (const process of processes) {
      const prepared = look.words(process);
      if (!isSilent(process, prepared, path) || words.some((match) => match.looksLike(prepared))) continue;
      if (!(await mayBeIts(process, path)) || (await isWorker(process, path)) || (await isElsewhere(process, path))) continue;
      const how = "write match: with unit, pidfile, environ, cwd or open, or words of its own without {path}";
      return `${nameProcess(process)} may run with this file, and its command line names none: ${how}`;
    }
    return undefined;
  }

  async function mayBeIts(process: ListedProcess, path: string): Promise<boolean> {
    return program === undefined ? findNamesake(process, path) : (await look.runs(process, program)) !== "no";
  }

  /** A process whose words could not be read, unless it is known to run another program. */
  async function findGap(): Promise<string | undefined> {
    for (const process of processes) {
      if (process.gap === undefined) continue;
      const isOther =
        program !== undefined && "target" in (await look.complete(process)).exe && (await look.runs(process, program)) === "no";
      if (!isOther) return `whether ${nameProcess(process)} runs with this file cannot be told: ${process.gap}`;
    }
    return undefined;
  }

  /** Whether what it runs with is told by the process that started it. */
  async function isWorker(process: ListedProcess, path: string): Promise<boolean> {
    const parent = byPid.get(process.parent);
    if (!parent || isSilent(parent, look.words(parent), path)) {
      return parent !== undefined && parent.name === process.name && (await isWorker(parent, path));
    }
    return parent.name === process.name || (program !== undefined && (await look.runs(parent, program)) !== "no");
  }

  return {
    look,

    async find(path) {
      const fileForms = forms.map((form) => fillForm(form, path, context));
      let gathered: Gathered = { tied: [], doubts: [], others: [] };
      for (const isDeep of [false, true]) {
        gathered = await gather(fileForms, isDeep);
        const found = await pick(gathered.tied, path);
        if (found) return found;
      }
      const settled = await Promise.all(fileForms.map((form) => form.settle()));
      if (settled.every(({ isOver }) => isOver)) return { process: undefined };
      const doubt = (await findDoubt(path, fileForms, gathered)) ?? settled.find((one) => one.doubt !== undefined)?.doubt;
      return doubt === undefined ? { process: undefined } : { reason: doubt };
    },

    listWorkers(process) {
      const found: ListedProcess[] = [];
      const queue = [process];
      for (let at = queue.shift(); at; at = queue.shift()) {
        const below = (children.get(at.pid) ?? []).filter((one) => one.name === process.name && !found.includes(one));
        found.push(...below);
        queue.push(...below);
      }
      return found;
    },
  };
}

interface Gathered {
  readonly tied: ListedProcess[];
  /** Why some others may be the file's. */
  readonly doubts: string[];
  /** Those that have the file, and run another program. */
  readonly others: ListedProcess[];
}

function byStart(processes: readonly ListedProcess[]): readonly ListedProcess[] {
  return [...processes].sort((a, b) => a.startTicks - b.startTicks || Number(a.pid) - Number(b.pid));
}

/** Whether a process names a file in any of its words, or within one. */
async function mentions(look: ProcessLook, process: ListedProcess, path: string, program: string | undefined): Promise<boolean> {
  const { references } = look.words(process);
  const inside = process.argv.filter((word) => /\s/.test(word)).flatMap((word) => word.slice(0, 4096).split(/[\s"'=;]+/));
  for (const reference of new Set([...[...references.values()].flat(), ...inside])) {
    if (reference === "" || !mayBe(reference, path, true, program !== undefined)) continue;
    if ((await look.isFile(process, reference, path)) !== "no") return true;
  }
  return false;
}
