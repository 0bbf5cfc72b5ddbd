// What the file driver says when the file system refuses: the path, and what to do about it.
import { StoreError, Unreadable } from "./store.ts";

const ADVICE: Readonly<Record<string, string>> = {
  EACCES: "this user may not; give it the folder (chown -R), or run as the folder's owner",
  EPERM: "the file system does not permit it; check the folder's owner and mount options",
  EROFS: "the file system is mounted read-only",
  ENOSPC: "the disk is full; free some space",
  EDQUOT: "the user's disk quota is used up; raise it or free some space",
  ENOTDIR: "a file stands where a folder should; move it away",
  EEXIST: "a file stands where a folder should; move it away",
  EISDIR: "a folder stands where the object should; move it away",
  ENOTEMPTY: "a folder stands where the object should; move it away",
  EMFILE: "too many open files; raise `ulimit -n`",
  ENFILE: "the machine has too many open files",
  EXDEV: "the folder spans two file systems; keep the whole store on one",
  EFBIG: "the process may not write files so long; raise `ulimit -f`",
  ESTALE: "the file server no longer knows the folder; mount it anew",
  ETIMEDOUT: "the file server does not answer",
  EIO: "the disk reports an error; see the kernel's log (dmesg)",
};

/** The code of a system error such as `ENOENT`, or undefined for any other error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/**
 * Turns a system error into a StoreError that names the path and says what to do. Errors that the
 * store or the caller made (an abort, say) pass as they are.
 *
 * @param verb what was tried, as in "cannot VERB /path"
 */
export function explainFileError(error: unknown, verb: string, path: string): unknown {
  const code = codeOf(error);
  if (error instanceof StoreError || code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  const advice = describeLink(error as NodeJS.ErrnoException) ?? ADVICE[code] ?? (error as Error).message;
  // A file that only its owner may read says nothing of its neighbours.
  const Kind = verb === "read" && (code === "EACCES" || code === "EPERM") ? Unreadable : StoreError;
  return new Kind(`[store] [file] cannot ${verb} ${path}: ${code}: ${advice}`, { cause: error });
}

/** What link(2) and symlink(2) say where the file system has no such links. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** @returns what to do where a file system lacks what a store is made with */
function describeLink({ syscall, code }: NodeJS.ErrnoException): string | undefined {
  if ((syscall !== "link" && syscall !== "symlink") || !NO_LINKS.has(code)) return undefined;
  const kind = syscall === "link" ? "hard links" : "symbolic links";
  return `the file system has no ${kind} (exFAT, some network shares); keep the store on another`;
}

/**
 * Tells whether the error means that nothing is there: no such name, or a file where the path needs
 * a folder.
 */
export function isAbsence(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ENOTDIR";
}
