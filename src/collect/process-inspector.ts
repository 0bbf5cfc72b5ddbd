// The process inspector: looks once at the processes of the host. What is read of a process only
// when it is asked for, and only once.
import { posix } from "node:path";
import type { HostAccess } from "./collector.ts";
import { openPaths, remember } from "./followed-paths.ts";
import { findMountPoint, type Mount, parseMounts } from "./mount-table.ts";
import { parseEnviron, parseMappedFiles, parseStatus, stripDeleted } from "./process-facts.ts";
import { type PreparedWords, prepareWords, type Verdict } from "./process-match.ts";
import { isWrapper, readProgram } from "./process-program.ts";
import type { ListedProcess, Process } from "./process-table.ts";
import { isTitle, normalizePath, splitTitle } from "./process-words.ts";
import type { Unreadable } from "./unreadable.ts";

/** Most of one environment or list of mapped files, and most open files of a process. */
const MAX_PROC_FILE_BYTES = 1024 * 1024;
const MAX_OPEN_FILES = 4096;
/** Most that is read of a file of words. */
const MAX_ARGUMENT_FILE_BYTES = 64 * 1024;

/** Where a name is looked for that another user's process was started under. */
const PATH_FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

const TO_SEE = "root may, or a user with CAP_SYS_PTRACE (docs/install.md)";

export interface ProcessInspector {
  /** The process with the program that it has loaded. */
  complete(process: ListedProcess): Promise<Process>;
  words(process: ListedProcess): PreparedWords;
  /**
   * Whether a text of a process's words is a file: as it stands, from where it works, or through
   * links.
   */
  isFile(process: ListedProcess, reference: string, path: string): Promise<Verdict>;
  /**
   * Whether it runs a program: as what is loaded, as a script, or by the name that it was started
   * under.
   */
  runs(process: ListedProcess, program: string): Promise<Verdict>;
  /**
   * The program or script that it was started by, as an absolute path; undefined where that cannot
   * be told.
   */
  findProgram(process: ListedProcess): Promise<string | undefined>;
  /**
   * Whether a file's path leads to the same file for it as for us: containers have others under the
   * same path.
   */
  sharesFile(process: ListedProcess, path: string): Promise<Verdict>;
  /**
   * The words in the beginning of a file that a word of a process names; none where it cannot be
   * read.
   */
  readWordsOf(process: ListedProcess, reference: string): Promise<readonly string[]>;
  worksIn(process: ListedProcess, folder: string): Promise<Verdict>;
  hasVariable(process: ListedProcess, name: string, value: string): Promise<Verdict>;
  holds(process: ListedProcess, path: string): Promise<Verdict>;
  /** Where a path leads through all links; itself if it leads nowhere. */
  follow(path: string): Promise<string>;
}

/** `process 123 (nginx)` */
export function nameProcess({ pid, name }: ListedProcess): string {
  return `process ${pid} (${name})`;
}

export function createProcessInspector(host: HostAccess, signal: AbortSignal): ProcessInspector {
  const { files } = host;
  const links = new Map<string, Promise<{ readonly target: string } | Unreadable>>();
  const prepared = new Map<string, PreparedWords>();
  const views = new Map<string, Promise<ProcessView>>();
  const programs = new Map<string, Promise<Verdict>>();

  const readLink = (path: string) => remember(links, path, () => files.readLink(path));
  const readCwd = (process: ListedProcess) => readLink(`${process.folder}/cwd`);
  const readExe = (process: ListedProcess) => readLink(`${process.folder}/exe`);
  const { follow, identify, isSame, wasTurned } = openPaths(files);
  const view = (folder: string) =>
    remember(views, folder, async (): Promise<ProcessView> => {
      const [status, mountinfo] = await Promise.all([
        files.read(`${folder}/status`, signal),
        files.read(`${folder}/mountinfo`, signal),
      ]);
      return {
        depth:
          "bytes" in status ? parseStatus(status.bytes.toString("utf8")).namespacePids.length : undefined,
        mounts: "bytes" in mountinfo ? parseMounts(mountinfo.bytes.toString("utf8")) : mountinfo,
      };
    });

  async function isFile(process: ListedProcess, reference: string, path: string): Promise<Verdict> {
    const plain = normalizePath(reference);
    let absolute = plain;
    if (!plain.startsWith("/")) {
      const cwd = await readCwd(process);
      if ("unreadable" in cwd) {
        if (
          cwd.unreadable === "absent" ||
          !normalizePath(path).endsWith(`/${plain.replace(/^(?:\.\.\/)+/, "")}`)
        )
          return "no";
        return {
          uncertainty:
            `${nameProcess(process)} names ${plain}, and which folder it works in may ` +
            `not be seen by this user; ${TO_SEE}`,
        };
      }
      absolute = normalizePath(posix.join(stripDeleted(cwd.target), plain));
    }
    const seen = await isSeenAs(process, absolute, path);
    if (seen !== "no") return seen;
    const now = await wasTurned(absolute, path);
    if (now === undefined) return "no";
    return {
      uncertainty:
        `${nameProcess(process)} has ${absolute}; a link on the way to this file leads to ` + `${now} now`,
    };
  }

  /**
   * Whether a path is a file: for us, or for a process that changed its root (chroot(2)), before or
   * after it read the file.
   */
  async function isSeenAs(process: ListedProcess, absolute: string, path: string): Promise<Verdict> {
    const isOurs = await isSame(absolute, path);
    if (!isOurs && posix.basename(absolute) !== posix.basename(path)) return "no";
    const root = await readLink(`${process.folder}/root`);
    if (
      "unreadable" in root &&
      root.unreadable === "refused" &&
      !isOurs &&
      normalizePath(path).endsWith(absolute)
    ) {
      return {
        uncertainty:
          `${nameProcess(process)} has ${absolute}, and whether below another root may ` +
          `not be seen; ${TO_SEE}`,
      };
    }
    if (!("target" in root) || !root.target.startsWith("/") || root.target === "/")
      return isOurs ? "yes" : "no";
    const inside = posix.join(stripDeleted(root.target), absolute);
    if (await isSame(inside, path)) return "yes";
    if (!isOurs || (await identify(inside)) === undefined) return isOurs ? "yes" : "no";
    return {
      uncertainty:
        `${nameProcess(process)} has ${absolute}, and works below another root ` +
        "(chroot), where there is one too",
    };
  }

  async function runs(process: ListedProcess, program: string): Promise<Verdict> {
    const loaded = await findLoaded(process);
    const { argv } = process;
    const { command, script } = readProgram(argv, loaded);
    const scriptPath = script === undefined ? undefined : await place(process, script, true);
    const ofTitle = isTitle(argv) ? splitTitle(argv).filter((word) => word === program) : [];
    for (const path of [loaded, scriptPath, await place(process, command, false), ...ofTitle]) {
      if (path !== undefined && (await isOrWas(path, program))) return "yes";
    }
    // What the kernel says of the program is sure, but for a script: its name may be all that is
    // seen of it.
    const ofProgram =
      loaded === undefined && !command.startsWith("/") ? [command.replace(/:$/, ""), process.name] : [];
    const ofScript = script !== undefined && scriptPath === undefined ? [script] : [];
    return [...ofProgram, ...ofScript].some((word) => isNamesake(word, program)) ? mayRun(process) : "no";
  }

  async function isOrWas(path: string, program: string): Promise<boolean> {
    return (await isSame(path, program)) || (await wasTurned(path, program)) !== undefined;
  }

  async function findLoaded(process: ListedProcess): Promise<string | undefined> {
    const exe = await readExe(process);
    return "target" in exe ? stripDeleted(exe.target) : undefined;
  }

  /**
   * A word of a command line as an absolute path; undefined where it is a name from $PATH, or it
   * may not be seen where it works.
   */
  async function place(process: ListedProcess, word: string, isScript: boolean): Promise<string | undefined> {
    if (word.startsWith("/")) return normalizePath(word);
    if (!isScript && !word.includes("/")) return undefined;
    const cwd = await readCwd(process);
    return "target" in cwd ? normalizePath(posix.join(stripDeleted(cwd.target), word)) : undefined;
  }

  /**
   * A name from $PATH that stands in one of the usual folders, and in no two of them as two
   * programs.
   */
  async function findInPath(name: string): Promise<string | undefined> {
    const found = new Map<string, string>();
    for (const folder of PATH_FOLDERS) {
      const path = `${folder}/${name}`;
      const identity = await identify(path);
      if (identity !== undefined && !found.has(identity)) found.set(identity, path);
    }
    const [only, ...others] = found.values();
    return others.length === 0 ? only : undefined;
  }

  function mayRun(process: ListedProcess): Verdict {
    return {
      uncertainty: `which program ${nameProcess(process)} runs may not be seen by this user; ${TO_SEE}`,
    };
  }

  return {
    follow,
    isFile,
    complete: async (process) => ({ ...process, exe: await readExe(process) }),

    words(process) {
      const known = prepared.get(process.pid);
      if (known) return known;
      const words = prepareWords(process.argv, isWrapper(process.argv[0] ?? ""));
      prepared.set(process.pid, words);
      return words;
    },

    runs: (process, program) => remember(programs, `${process.pid} ${program}`, () => runs(process, program)),

    async findProgram(process) {
      const loaded = await findLoaded(process);
      const { command, script } = readProgram(process.argv, loaded);
      const named = isTitle(process.argv)
        ? undefined
        : await place(process, script ?? command, script !== undefined);
      if (named !== undefined || script !== undefined) return named;
      if (loaded !== undefined) return loaded;
      // A title often has the program's path behind what it says of itself:
      // `nginx: master process /usr/sbin/nginx -c …`.
      const { argv, name } = process;
      const ofTitle = isTitle(argv)
        ? splitTitle(argv).find((part) => part.startsWith("/") && posix.basename(part) === name)
        : undefined;
      if (ofTitle !== undefined) return ofTitle;
      return isTitle(argv) || command === name ? findInPath(name) : undefined;
    },

    async sharesFile(process, path) {
      const [own, theirs] = await Promise.all([view("/proc/self"), view(process.folder)]);
      // Where /proc does not tell of ourselves, it tells nothing to compare with.
      if ("unreadable" in own.mounts || own.depth === undefined) return "yes";
      if (
        theirs.depth === undefined &&
        "unreadable" in theirs.mounts &&
        theirs.mounts.unreadable === "absent"
      )
        return "no";
      const isElsewhere = (theirs.depth ?? 0) > own.depth;
      if ("unreadable" in theirs.mounts) {
        return {
          uncertainty:
            `whether ${nameProcess(process)} has this file or another one mounted over ` +
            `it cannot be told: its mounts ${theirs.mounts.reason}`,
        };
      }
      for (const one of new Set([normalizePath(path), await follow(path)])) {
        const [here, there] = [
          findMountPoint(own.mounts, files.resolve(one)),
          findMountPoint(theirs.mounts, one),
        ];
        // A changed root hides its mounts (chroot(2)); in another PID namespace it is a
        // container's.
        if (there === undefined ? isElsewhere : here !== there) return "no";
      }
      return "yes";
    },

    async readWordsOf(process, reference) {
      const path = await place(process, reference, true);
      const start =
        path === undefined ? undefined : await files.readStart(path, MAX_ARGUMENT_FILE_BYTES, signal);
      return start && "bytes" in start ? start.bytes.toString("utf8").split(/[\s"']+/) : [];
    },

    async worksIn(process, folder) {
      const cwd = await readCwd(process);
      if ("unreadable" in cwd) {
        if (cwd.unreadable === "absent") return "no";
        const what = `which folder ${nameProcess(process)} works in`;
        return { uncertainty: `${what} may not be seen by this user; ${TO_SEE}` };
      }
      const path = stripDeleted(cwd.target);
      if (await isSame(path, folder)) return "yes";
      const end = await follow(folder);
      if (end === normalizePath(folder) || posix.dirname(path) !== posix.dirname(end)) return "no";
      return { uncertainty: `${nameProcess(process)} works in ${path}; ${folder} leads to ${end} now` };
    },

    async hasVariable(process, name, value) {
      const file = await files.readStart(`${process.folder}/environ`, MAX_PROC_FILE_BYTES, signal);
      if ("unreadable" in file) {
        if (file.unreadable === "absent") return "no";
        return { uncertainty: `the environment of ${nameProcess(process)} ${file.reason}; ${TO_SEE}` };
      }
      const found = parseEnviron(file.bytes.toString("utf8")).get(name);
      if (found === value) return "yes";
      if (found !== undefined)
        return value.startsWith("/")
          ? isFile(process, found.replace(/^file:(?:\/\/)?(?=\/)/, ""), value)
          : "no";
      return file.isWhole
        ? "no"
        : {
            uncertainty:
              `the environment of ${nameProcess(process)} has more than ` + `${MAX_PROC_FILE_BYTES} bytes`,
          };
    },

    async holds(process, path) {
      const names = new Set([normalizePath(path), await follow(path)]);
      const isHeld = (target: string) => names.has(stripDeleted(target));
      const folder = await files.list(`${process.folder}/fd`);
      const maps = await files.readStart(`${process.folder}/maps`, MAX_PROC_FILE_BYTES, signal);
      if ("unreadable" in folder || "unreadable" in maps) {
        const refused = [folder, maps].find((one) => "unreadable" in one && one.unreadable !== "absent") as
          | Unreadable
          | undefined;
        return refused
          ? { uncertainty: `the open files of ${nameProcess(process)}: each ${refused.reason}; ${TO_SEE}` }
          : "no";
      }
      if (parseMappedFiles(maps.bytes.toString("utf8")).some(isHeld)) return "yes";
      for (const name of folder.names.slice(0, MAX_OPEN_FILES)) {
        const link = await files.readLink(`${process.folder}/fd/${name}`);
        if ("target" in link && isHeld(link.target)) return "yes";
      }
      const isCut = folder.names.length > MAX_OPEN_FILES || !maps.isWhole;
      return isCut
        ? {
            uncertainty: `${nameProcess(process)} has more open files than are looked at (${MAX_OPEN_FILES})`,
          }
        : "no";
    },
  };
}

/** Whether a name may be a program's: the kernel keeps 15 bytes of it. */
function isNamesake(name: string, program: string): boolean {
  const base = posix.basename(program);
  return posix.basename(name) === base || (name.length === 15 && base.startsWith(name));
}

/** How a process sees the host. */
interface ProcessView {
  /** PID namespaces from this /proc's to its own; undefined where it is not told. */
  readonly depth: number | undefined;
  readonly mounts: readonly Mount[] | Unreadable;
}
