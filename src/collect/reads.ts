// What a step read of the host's files, and whether it would read the same again.
import { isMadeUp } from "./file-facts.ts";
import type { FileFacts, HostFiles } from "./host-files.ts";
import type { GlobResult } from "./host-glob.ts";

/**
 * A file that changed so shortly before it was read may change again with no trace in its facts:
 * file systems keep times as whole steps, of 2 s on FAT; ms.
 */
const SETTLED_MS = 2500;

/** A file that was read. */
export interface FileRead {
  readonly path: string;
  /** As they were before it was read. */
  readonly facts: FileFacts;
  /** Whether it was empty, or its last line has no end. */
  readonly isUnended: boolean;
}

/** All that one run of a step asked of the host's files. */
export interface StepReads {
  readonly files: readonly FileRead[];
  readonly globs: readonly { readonly patterns: readonly string[]; readonly found: GlobResult }[];
  /**
   * Whether there are facts to compare of every file and folder that it asked for. Of what could
   * not be read there are none; and those of a network file system may be a minute old, as long as
   * nobody opens the file (nfs(5), "Attribute caching").
   */
  readonly isWhole: boolean;
  /** When it began; ms since the epoch. */
  readonly at: number;
}

/** Files that take note of what is read, but for what the kernel makes up. */
export function recordReads(files: HostFiles, at: number): { readonly files: HostFiles; list(): StepReads } {
  const read: FileRead[] = [];
  const globs: { patterns: readonly string[]; found: GlobResult }[] = [];
  /** By the number of the device: of few, mostly. */
  const shared = new Map<string, Promise<boolean>>();
  let isWhole = true;

  function isShared({ identity }: FileFacts, path: string): Promise<boolean> {
    const [device = ""] = identity.split(":");
    const known = shared.get(device) ?? files.isShared(path);
    shared.set(device, known);
    return known;
  }

  return {
    list: () => ({ files: read, globs, isWhole, at }),
    files: {
      ...files,
      async read(path, signal) {
        const facts = isMadeUp(path) ? undefined : await files.facts(path);
        const file = await files.read(path, signal);
        if (facts && "bytes" in file) read.push({ path, facts, isUnended: file.bytes.at(-1) !== 0x0a });
        if (!facts || !("bytes" in file) || (await isShared(facts, path))) isWhole = false;
        return file;
      },
      async glob(patterns, signal) {
        const found = await files.glob(patterns, signal);
        if ("unreadable" in found) isWhole = false;
        else globs.push({ patterns, found });
        return found;
      },
    },
  };
}

/**
 * Whether a step that asks for no more than these files and globs would read the same bytes again,
 * as far as the kernel tells: each is the same inode with the same size and times (inode(7)). What
 * writes through a shared mapping leaves no trace for a while (mmap(2)), so that this is no proof
 * for ever.
 */
export async function isUnchanged(
  { files: read, globs, isWhole, at }: StepReads,
  files: HostFiles,
  signal: AbortSignal,
): Promise<boolean> {
  // A clock that was set back since makes files younger than nothing.
  if (!isWhole || read.some(({ facts }) => at - facts.changedAt < SETTLED_MS)) return false;
  for (const { patterns, found } of globs) {
    const now = await files.glob(patterns, signal);
    if ("unreadable" in now || !isSameGlob(now, found)) return false;
  }
  for (const { path, facts } of read) {
    const now = await files.facts(path);
    if (!now || !isSameFile(now, facts)) return false;
  }
  return true;
}

/** Whether a file is the same, and has not changed. */
export function isSameFile(one: FileFacts, other: FileFacts): boolean {
  return (
    one.identity === other.identity &&
    one.size === other.size &&
    one.changedAt === other.changedAt &&
    one.writtenAt === other.writtenAt
  );
}

function isSameGlob(one: GlobResult, other: GlobResult): boolean {
  return JSON.stringify([one.paths, one.unread]) === JSON.stringify([other.paths, other.unread]);
}
