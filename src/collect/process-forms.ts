// The forms of a match, of one file, against one process.
import { posix } from "node:path";
import type { MatchForm } from "../specs/match-schema.ts";
import type { HostAccess } from "./collector.ts";
import { nameProcess, type ProcessInspector } from "./process-inspector.ts";
import { both, compileWords, fillIn, type Verdict, type WordMatch } from "./process-match.ts";
import type { ListedProcess } from "./process-table.ts";
import { completeUnit, escapeUnit, type Units } from "./systemd-units.ts";

/** A number and a newline; some daemons write more lines behind it. */
const MAX_PIDFILE_BYTES = 4096;
/**
 * A process writes its number a moment after it began; both times are half a second wrong at most;
 * ms.
 */
const PIDFILE_TOLERANCE_MS = 2000;

/** A form with one file's parts filled in. */
export interface FileForm {
  readonly words: WordMatch | undefined;
  /** The words with another path in the place of `{path}`; undefined where they have none. */
  wordsOf(path: string): WordMatch | undefined;
  /**
   * @param isDeep look at words too that have another name than the file: it may be given by a link
   */
  matches(process: ListedProcess, isDeep: boolean): Promise<Verdict>;
  /**
   * What the form says of the file whatever the processes' words are: that nothing runs, or why it
   * cannot be told.
   */
  settle(): Promise<{ readonly isOver: boolean; readonly uncertainty?: string }>;
}

export interface FormContext {
  readonly host: HostAccess;
  readonly inspector: ProcessInspector;
  readonly units: Units;
  readonly byPid: ReadonlyMap<string, ListedProcess>;
  /** Whether all processes were seen. */
  readonly isComplete: boolean;
  readonly program: string | undefined;
  readonly signal: AbortSignal;
}

/** The unit that a form names for a file: as it stands, or escaped where a name cannot hold it. */
export function fillUnit(unit: string, path: string): readonly string[] {
  const { base, name } = posix.parse(path);
  const escaped: Readonly<Record<string, string>> = {
    "{path}": escapeUnit(path),
    "{name}": escapeUnit(base),
    "{stem}": escapeUnit(name),
  };
  const plain = completeUnit(fillIn(unit, path));
  const other = completeUnit(unit.replace(/\{(?:path|name|stem)\}/g, (part) => escaped[part] ?? part));
  return [...new Set(/^[A-Za-z0-9:_.\\@-]+$/.test(plain) ? [plain, other] : [other])];
}

export function fillForm(form: MatchForm, path: string, context: FormContext): FileForm {
  const { inspector, units, program } = context;
  const words = form.words === undefined ? undefined : compileWords(form.words, path);
  const unitNames = form.unit === undefined ? [] : fillUnit(form.unit, path);
  let pid: Promise<Numbered> | undefined;
  const readPid = (): Promise<Numbered> => (pid ??= readPidfile(fillIn(form.pidfile ?? "", path), context));

  async function matchesUnit(process: ListedProcess): Promise<Verdict> {
    for (const name of unitNames) if ((await units.members(name)).pids.has(process.pid)) return "yes";
    return "no";
  }

  async function matches(process: ListedProcess, isDeep: boolean): Promise<Verdict> {
    let verdict: Verdict = words ? await matchesWords(words, process, context, isDeep) : "yes";
    const { pidfile, cwd, environ, open } = form;
    const [variable = "", value = ""] = environ === undefined ? [] : splitOnce(environ);
    const parts: readonly (false | (() => Promise<Verdict>))[] = [
      unitNames.length > 0 && (() => matchesUnit(process)),
      pidfile !== undefined && (async () => toVerdict(await readPid(), process)),
      program !== undefined && words === undefined && (() => inspector.runs(process, program)),
      cwd !== undefined && (() => inspector.worksIn(process, fillIn(cwd, path))),
      environ !== undefined && (() => inspector.hasVariable(process, variable, fillIn(value, path))),
      open !== undefined && (() => inspector.holds(process, fillIn(open, path))),
    ];
    // What costs most stands last, and is not asked for where the answer is no already.
    for (const part of parts) if (part && verdict !== "no") verdict = both(verdict, await part());
    return verdict;
  }

  async function settle() {
    let isOver = false;
    let uncertainty: string | undefined;
    for (const name of unitNames) {
      const members = await units.members(name);
      isOver ||= members.isOver;
      uncertainty ??= members.uncertainty;
    }
    if (form.pidfile !== undefined) {
      const numbered = await readPid();
      isOver ||= numbered.pid === undefined && numbered.uncertainty === undefined;
      uncertainty ??= numbered.uncertainty;
    }
    return isOver || uncertainty === undefined ? { isOver } : { isOver, uncertainty };
  }

  return {
    words,
    wordsOf: (other) =>
      words?.hasOwnWords && form.words?.includes("{path}") === true
        ? compileWords(form.words, other)
        : undefined,
    matches,
    settle,
  };
}

async function matchesWords(
  words: WordMatch,
  process: ListedProcess,
  { inspector, program }: FormContext,
  isDeep: boolean,
): Promise<Verdict> {
  const prepared = inspector.words(process);
  const asked = new Map<string, Promise<void>>();
  const answered = new Map<string, Verdict>();
  const first = words.look(prepared, (reference, path) => {
    if (!mayBe(reference, path, isDeep, program !== undefined)) return "no";
    const key = `${reference}\0${path}`;
    if (!asked.has(key)) {
      const answer = inspector
        .isFile(process, reference, path)
        .then((verdict) => void answered.set(key, verdict));
      asked.set(key, answer);
    }
    return { uncertainty: "" };
  });
  if (first === "yes" || first === "no") return first;
  await Promise.all(asked.values());
  return words.look(prepared, (reference, path) => answered.get(`${reference}\0${path}`) ?? "no");
}

/**
 * Whether it is worth a look: it has the file's name; or, as a link may have another one, its
 * extension.
 */
export function mayBe(reference: string, path: string, isDeep: boolean, isNamed: boolean): boolean {
  if (posix.basename(reference) === posix.basename(path)) return true;
  if (!isDeep) return false;
  const extension = posix.extname(path);
  return extension === "" ? isNamed && reference.includes("/") : posix.extname(reference) === extension;
}

/** The process that a pidfile names. Neither pid nor uncertainty: there is no such process. */
interface Numbered {
  readonly pid?: string;
  readonly uncertainty?: string;
}

function toVerdict({ pid, uncertainty }: Numbered, process: ListedProcess): Verdict {
  if (pid !== process.pid) return "no";
  return uncertainty === undefined ? "yes" : { uncertainty };
}

async function readPidfile(
  path: string,
  { host, inspector, byPid, isComplete, program, signal }: FormContext,
): Promise<Numbered> {
  const file = await host.files.readStart(path, MAX_PIDFILE_BYTES, signal);
  if ("unreadable" in file)
    return file.unreadable === "absent" ? {} : { uncertainty: `the pidfile ${path} ${file.reason}` };
  const pid = parsePidfile(file.bytes.toString("latin1"));
  if (pid === undefined) return { uncertainty: `the pidfile ${path} does not hold the number of a process` };
  const process = byPid.get(pid);
  if (!process)
    return isComplete
      ? {}
      : { uncertainty: `process ${pid}, which ${path} names, may not be seen by this user` };
  const traced = await host.files.trace(path);
  if ("unreadable" in traced || process.startedAt <= traced.changedAt + PIDFILE_TOLERANCE_MS) return { pid };
  // The number was given to another process since; or the clock was set, where it runs the program
  // that is looked for.
  if (program === undefined || (await inspector.runs(process, program)) === "no") return {};
  return {
    pid,
    uncertainty: `${nameProcess(process)} began after ${path} was written, or the clock was set in between`,
  };
}

/** The first line, if it is a number alone. */
export function parsePidfile(text: string): string | undefined {
  return /^\s*([1-9][0-9]{0,9})\s*(?:\n|$)/.exec(text)?.[1];
}

function splitOnce(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  return [text.slice(0, at), text.slice(at + 1)];
}
