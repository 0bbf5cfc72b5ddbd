// Why it cannot be told that no process runs with a file: the signs that one may, though no match
// ties it.
import { posix } from "node:path";
import { type FileForm, mayBe } from "./process-forms.ts";
import { nameProcess, type ProcessInspector } from "./process-inspector.ts";
import type { PreparedWords } from "./process-match.ts";
import {
  findHome,
  hasCommonName,
  listFolders,
  mentionsNoSuchFile,
  mentionsSameKind,
  mentionsSibling,
} from "./process-mentions.ts";
import { isShell, isWrapper, readProgram } from "./process-program.ts";
import type { ListedProcess } from "./process-table.ts";
import { listReferences, normalizePath } from "./process-words.ts";

/** Why a file's state cannot be told. */
export interface Uncertainty {
  readonly reason: string;
  /** The process that it is about; undefined where it is about none, or about many. */
  readonly about?: ListedProcess;
}

export interface UncertaintyFinderOptions {
  readonly inspector: ProcessInspector;
  readonly processes: readonly ListedProcess[];
  readonly byPid: ReadonlyMap<string, ListedProcess>;
  readonly program: string | undefined;
  /** The process that started this one. */
  readonly starter: string | undefined;
}

export interface UncertaintyFinder {
  /**
   * The surest sign that a file may have a process; undefined if there is none.
   *
   * @param others processes that have the file, and run another program
   */
  find(
    path: string,
    forms: readonly FileForm[],
    others: readonly ListedProcess[],
  ): Promise<Uncertainty | undefined>;
}

export function createUncertaintyFinder({
  inspector,
  processes,
  byPid,
  program,
  starter,
}: UncertaintyFinderOptions): UncertaintyFinder {
  const isElsewhere = async (process: ListedProcess, path: string) =>
    (await inspector.sharesFile(process, path)) === "no";
  const mayRun = async (process: ListedProcess) =>
    program === undefined || (await inspector.runs(process, program)) !== "no";
  // Whoever started this program is not what it looks for.
  const own = new Set<ListedProcess>();
  for (let at = byPid.get(starter ?? ""); at && !own.has(at); at = byPid.get(at.parent)) own.add(at);

  async function explainOthers(
    path: string,
    others: readonly ListedProcess[],
  ): Promise<Uncertainty | undefined> {
    for (const process of others) {
      if (await isElsewhere(process, path)) continue;
      const runs = (await inspector.findProgram(process)) ?? "another program";
      return {
        reason: `${nameProcess(process)} has this file, but runs ${runs} and not ${program}`,
        about: process,
      };
    }
    return undefined;
  }

  async function findMention(path: string): Promise<Uncertainty | undefined> {
    for (const process of processes) {
      if (!(await mentions(process, path)) || (await isElsewhere(process, path))) continue;
      const how = "write match as its command line has it";
      return {
        reason: `${nameProcess(process)} names this file, but not as match says: ${how}`,
        about: process,
      };
    }
    return undefined;
  }

  /** Whether a process names a file in any of its words, or within one. */
  async function mentions(process: ListedProcess, path: string): Promise<boolean> {
    const { references } = inspector.words(process);
    const inside = process.argv
      .filter((word) => /\s/.test(word))
      .flatMap((word) => word.slice(0, 4096).split(/[\s"'=;]+/));
    for (const reference of new Set([...[...references.values()].flat(), ...inside])) {
      if (reference === "" || !mayBe(reference, path, true, program !== undefined)) continue;
      if ((await inspector.isFile(process, reference, path)) !== "no") return true;
    }
    return false;
  }

  /**
   * A process that names the folder of the file, as `postgres -D /var/lib/pg/data` does, or the one
   * above it.
   */
  async function findFolder(path: string, forms: readonly FileForm[]): Promise<Uncertainty | undefined> {
    for (const process of processes) {
      for (const [at, folder] of listFolders(path).entries()) {
        if (!tellsNothing(process, path, { forms, folder, isAbove: at > 0 })) continue;
        const word = await findWord(process, folder);
        if (word === undefined || !(await mayRun(process)) || (await isElsewhere(process, path))) continue;
        const how = "if it reads this file from there, write match as its command line has it";
        return {
          reason: `${nameProcess(process)} names the folder ${folder}: ${how}: ${word}`,
          about: process,
        };
      }
    }
    return undefined;
  }

  /** Whether the words of a process leave it open that it reads a file from a folder. */
  function tellsNothing(
    process: ListedProcess,
    path: string,
    { forms, folder, isAbove }: { forms: readonly FileForm[]; folder: string; isAbove: boolean },
  ): boolean {
    const words = inspector.words(process);
    const isIt = (reference: string, one: string) =>
      (reference.startsWith("/") ? normalizePath(reference) === one : mayBeFolder(reference, one))
        ? "yes"
        : "no";
    if (forms.some((form) => form.wordsOf(folder)?.look(words, isIt) === "yes")) return true;
    if (forms.some((form) => form.words?.looksLike(words))) return false;
    return isAbove ? !mentionsSameKind(words, path) : !mentionsSibling(words, path);
  }

  /** The words by which a process names a folder, as a match has them. */
  async function findWord(process: ListedProcess, folder: string): Promise<string | undefined> {
    const { lists, references } = inspector.words(process);
    for (const [word, texts] of references) {
      if (word === process.argv[0]) continue;
      for (const text of texts.filter((one) => mayBeFolder(one, folder))) {
        const names = await inspector.isFile(process, text, folder);
        // Where it works may not be seen: a word alone is too little to take for a folder.
        if (names === "yes" || (names !== "no" && text.includes("/"))) return withOption(lists, word);
      }
    }
    return undefined;
  }

  /** A process of the program, or of its name, that says of no file what it runs with. */
  async function findSilent(path: string, forms: readonly FileForm[]): Promise<Uncertainty | undefined> {
    const silent = processes.filter((process) => {
      if (isWrapper(process.argv[0] ?? "")) return false;
      const words = inspector.words(process);
      return mentionsNoSuchFile(process, words, path) && !forms.some((form) => form.words?.looksLike(words));
    });
    if (program !== undefined) {
      // Which script an interpreter runs, a title hides.
      const isIts = async (process: ListedProcess) =>
        (await mayRun(process)) || (process.hasTitle && (await livesBeside(process, path)));
      return explainSilent(silent, path, isIts);
    }
    const isKin = async (process: ListedProcess) => hasCommonName(process, path);
    return (await explainSilent(silent, path, isKin)) ?? (await explainSilent(silent, path, livesBeside));
  }

  async function explainSilent(
    silent: readonly ListedProcess[],
    path: string,
    mayBeIts: (process: ListedProcess, path: string) => Promise<boolean>,
  ): Promise<Uncertainty | undefined> {
    for (const process of silent) {
      if (
        !(await mayBeIts(process, path)) ||
        (await isWorker(process, path)) ||
        (await isElsewhere(process, path))
      )
        continue;
      const how = "write match: with unit, pidfile, environ, cwd or open, or words of its own without {path}";
      return {
        reason: `${nameProcess(process)} may run with this file, and its command line names none: ${how}`,
        about: process,
      };
    }
    return undefined;
  }

  /**
   * Whether the program lies beside the file, or beside its folder `conf`: many read what lies
   * there. Where a title hides the program, whether it works there.
   */
  async function livesBeside(process: ListedProcess, path: string): Promise<boolean> {
    if (own.has(process) || isShell(process.argv[0] ?? "")) return false;
    const home = findHome(path);
    if (home === undefined) return false;
    const folders = [home, posix.dirname(path)];
    if (!process.hasTitle) {
      const { command, script = command } = readProgram(process.argv, undefined);
      if (script.startsWith("/")) return folders.includes(posix.dirname(normalizePath(script)));
      // What was looked for in $PATH lies elsewhere, and need not be asked for.
      if (script === command && !script.includes("/")) return false;
    }
    const runs = await inspector.findProgram(process);
    return (
      (runs !== undefined && folders.includes(posix.dirname(runs))) ||
      (process.hasTitle && (await worksIn(process, folders)))
    );
  }

  async function worksIn(process: ListedProcess, folders: readonly string[]): Promise<boolean> {
    for (const folder of folders) if ((await inspector.worksIn(process, folder)) === "yes") return true;
    return false;
  }

  /**
   * A process that takes more words from a file, as `java @/opt/app/words` does, of which one names
   * this file.
   */
  async function findArgumentFile(path: string): Promise<Uncertainty | undefined> {
    for (const process of processes) {
      for (const word of process.argv.slice(1).filter((one) => /^@[^@]/.test(one))) {
        if (!(await isNamedIn(process, word.slice(1), path)) || !(await mayRun(process))) continue;
        if (await isElsewhere(process, path)) continue;
        const how = "write match as its command line has it";
        return {
          reason:
            `${nameProcess(process)} takes words from ${word.slice(1)}, and they name ` + `this file: ${how}`,
          about: process,
        };
      }
    }
    return undefined;
  }

  async function isNamedIn(process: ListedProcess, argumentFile: string, path: string): Promise<boolean> {
    for (const reference of (await inspector.readWordsOf(process, argumentFile)).flatMap(listReferences)) {
      if (posix.basename(reference) !== posix.basename(path)) continue;
      if ((await inspector.isFile(process, reference, path)) !== "no") return true;
    }
    return false;
  }

  /** A process whose words could not be read, unless it is known to run another program. */
  async function findGap(): Promise<Uncertainty | undefined> {
    for (const process of processes) {
      if (process.gap === undefined) continue;
      const isOther =
        program !== undefined &&
        "target" in (await inspector.complete(process)).exe &&
        (await inspector.runs(process, program)) === "no";
      if (isOther) continue;
      return {
        reason: `whether ${nameProcess(process)} runs with this file cannot be told: ${process.gap}`,
        about: process,
      };
    }
    return undefined;
  }

  /** Whether what it runs with is told by the process that started it. */
  async function isWorker(process: ListedProcess, path: string): Promise<boolean> {
    const parent = byPid.get(process.parent);
    if (!parent || mentionsNoSuchFile(parent, inspector.words(parent), path)) {
      return parent !== undefined && parent.name === process.name && (await isWorker(parent, path));
    }
    return (
      parent.name === process.name ||
      (program !== undefined && (await inspector.runs(parent, program)) !== "no")
    );
  }

  return {
    async find(path, forms, others) {
      const hasWords = forms.some((form) => form.words);
      return (
        (await explainOthers(path, others)) ??
        (await findMention(path)) ??
        (await findArgumentFile(path)) ??
        (hasWords
          ? ((await findFolder(path, forms)) ?? (await findSilent(path, forms)) ?? (await findGap()))
          : undefined)
      );
    },
  };
}

/**
 * Whether it is worth a look: by its name, as one that only a look at where the process works
 * tells, or a whole path, which may have links.
 */
function mayBeFolder(reference: string, folder: string): boolean {
  const plain = normalizePath(reference);
  return (
    plain.startsWith("/") || /^\.\.?(?:\/|$)/.test(plain) || posix.basename(plain) === posix.basename(folder)
  );
}

/** A word with the option before it, as a match has them. */
function withOption(lists: PreparedWords["lists"], word: string): string {
  for (const list of lists) {
    const before = list[list.indexOf(word) - 1];
    if (before !== undefined && /^--?[A-Za-z][^\s=]*$/.test(before)) return `${before} ${word}`;
  }
  return word;
}
