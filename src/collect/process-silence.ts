// Processes whose command lines say nothing of a file: what runs with its default, or wrote a title. Pure.
import { posix } from "node:path";
import type { PreparedWords } from "./process-match.ts";
import type { ListedProcess } from "./process-table.ts";

/** Parts of paths and names that say nothing of a program. */
const COMMON = new Set(
  "etc opt usr var systemd rollcall lib libexec conf config configs srv run local home root tmp bin sbin share service services server daemon system main default".split(
    " ",
  ),
);
/** A shorter beginning than this is no sign of kinship. */
const MIN_LENGTH = 5;

/** Whether none of a process's words is such a file as the one that is looked for: by its extension, or its folder. */
export function isSilent({ argv }: ListedProcess, { references }: PreparedWords, path: string): boolean {
  const extension = posix.extname(path);
  const folder = posix.dirname(path);
  const [command] = argv;
  for (const [word, texts] of references) {
    if (word === command && !/\s/.test(word)) continue;
    for (const text of texts) {
      if (extension !== "" && posix.extname(text) === extension) return false;
      if (text !== path && posix.dirname(text) === folder) return false;
    }
  }
  return true;
}

/** Whether a process and a file have a name in common: `redis-server` and /etc/redis/redis.conf. */
export function findNamesake({ name, argv }: ListedProcess, path: string): boolean {
  const own = listNames(`${name} ${posix.basename((argv[0] ?? "").split(/[\s:]/)[0] ?? "")}`);
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
