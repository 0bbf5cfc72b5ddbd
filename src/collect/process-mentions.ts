// Processes whose command lines say nothing of a file: what runs with its default, or wrote a
// title. Pure.
import { posix } from "node:path";
import type { PreparedWords } from "./process-match.ts";
import { readProgram } from "./process-program.ts";
import type { ListedProcess } from "./process-table.ts";

/** Parts of paths and names that say nothing of a program. */
const COMMON = new Set(
  (
    "etc opt usr var systemd rollcall lib libexec conf config configs srv run local home root tmp bin " +
    "sbin share service services server daemon system main default"
  ).split(" "),
);
/** Names of scripts that say nothing of what they are. */
const COMMON_SCRIPTS = new Set(
  "app application cli index init launcher manage run start script wsgi asgi".split(" "),
);
/** A shorter beginning than this is no sign of kinship. */
const MIN_LENGTH = 5;

/** Folders that hold much of many programs: naming one says nothing of a file in it. */
const SHARED = new Set(
  (
    "/ /bin /boot /data /dev /etc /home /lib /lib64 /media /mnt /opt /proc /root /run /sbin /srv /sys " +
    "/tmp /usr /usr/bin /usr/etc /usr/lib /usr/local /usr/local/bin /usr/local/etc /usr/local/lib " +
    "/usr/local/sbin /usr/sbin /usr/share /var /var/cache /var/lib /var/log /var/opt /var/run " +
    "/var/spool /var/tmp"
  ).split(" "),
);

/** The folder of a file and the one above it, but for those that many programs share. */
export function listFolders(path: string): readonly string[] {
  const folder = posix.dirname(path);
  return [folder, posix.dirname(folder)].filter((one) => !SHARED.has(one) && posix.dirname(one) !== "/home");
}

/** Names of folders that a program keeps beside it for its configuration. */
const CONFIGURATION = /^(?:conf|config|configs|configuration|cfg|etc|settings)(?:\.d)?$/;

/**
 * Where a program lies that has a file as its own: the file's folder, or the one above a folder
 * `conf`.
 */
export function findHome(path: string): string | undefined {
  const folder = posix.dirname(path);
  const [home, above] = listFolders(path);
  return CONFIGURATION.test(posix.basename(folder)) ? (above ?? home) : home;
}

/**
 * Whether none of a process's words is such a file as the one that is looked for: by its extension,
 * or its folder.
 */
export function mentionsNoSuchFile(process: ListedProcess, words: PreparedWords, path: string): boolean {
  return (
    !mentionsSameKind(words, path, process) &&
    !names(words, process, (text) => text !== path && isBeside(text, path))
  );
}

/** Whether a process names another file of the same kind in the same folder. */
export function mentionsSibling(words: PreparedWords, path: string, process?: ListedProcess): boolean {
  return names(
    words,
    process,
    (text) => text !== path && isBeside(text, path) && posix.extname(text) === posix.extname(path),
  );
}

/**
 * Whether a process names a file of the same kind, wherever it lies; of those without an extension,
 * in the same folder.
 */
export function mentionsSameKind(words: PreparedWords, path: string, process?: ListedProcess): boolean {
  const extension = posix.extname(path);
  return names(words, process, (text) =>
    extension === "" ? text !== path && isBeside(text, path) : posix.extname(text) === extension,
  );
}

function isBeside(text: string, path: string): boolean {
  return posix.dirname(text) === posix.dirname(path);
}

/** Whether any text of its words fits, but for the program itself. */
function names(
  { references }: PreparedWords,
  process: ListedProcess | undefined,
  fits: (text: string) => boolean,
): boolean {
  const command = process?.argv[0];
  for (const [word, texts] of references) {
    if (word === command && !/\s/.test(word)) continue;
    if (texts.some(fits)) return true;
  }
  return false;
}

/** Whether a process and a file have a name in common: `redis-server` and /etc/redis/redis.conf. */
export function hasCommonName({ name, argv }: ListedProcess, path: string): boolean {
  const { script = "" } = readProgram(argv, undefined);
  const ofScript = listNames(posix.parse(script).name).filter((part) => !COMMON_SCRIPTS.has(part));
  const own = [
    ...listNames(`${name.split(" ")[0]} ${posix.basename((argv[0] ?? "").split(/[\s:]/)[0] ?? "")}`),
    ...ofScript,
  ];
  const theirs = listNames(path);
  return own.some((one) => theirs.some((other) => isKin(one, other)));
}

function listNames(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((part) => part.length >= 3 && !COMMON.has(part));
}

function isKin(a: string, b: string): boolean {
  const shorter = Math.min(a.length, b.length);
  return a === b || (shorter >= MIN_LENGTH && (a.startsWith(b) || b.startsWith(a)));
}
