// Files that are being written: they are waited for, so that half of one is never taken for a fact.
import type { HostAccess } from "./collector.ts";
import type { Writer } from "./open-writers.ts";
import { type FileRead, isSameFile } from "./reads.ts";

/** Whether a file that changed so long ago is still being written is not asked; ms. */
const RECENT_MS = 60_000;

/**
 * Where not every process can be seen, a file counts as written when it has been quiet for so long;
 * ms.
 */
const QUIET_MS = 350;
/**
 * One that is empty, or does not end with a line's end as it did before, most likely is not whole.
 */
const UNENDED_QUIET_MS = 3000;

/**
 * A file that is still being written after so long, such as a log, is read as it is, and the report
 * says so; ms.
 */
const LASTING_MS = 15_000;

/** Files of which anything is remembered, at most. */
const MAX_REMEMBERED_FILES = 5000;

/** A file that was being written. */
export interface UnfinishedFile {
  readonly path: string;
  /** One sentence. */
  readonly reason: string;
  /** It has been so for long, and is waited for no more. */
  readonly isLasting: boolean;
}

interface FileWait {
  readonly since: number;
  readonly identity: string;
  readonly writer: Writer | undefined;
}

export interface UnfinishedFileFinder {
  /** Tells which of the files that were read may not have been whole. */
  judge(reads: readonly FileRead[]): Promise<readonly UnfinishedFile[]>;
  /**
   * Whether one of these is still held open by whom it was, and waited for: then there is no need
   * to read it again.
   */
  isHeld(unfinished: readonly UnfinishedFile[]): boolean;
}

/** Makes what remembers since when files are being written. */
export function createUnfinishedFileFinder({
  files,
  clock,
  monotonic,
}: Pick<HostAccess, "files" | "clock" | "monotonic">): UnfinishedFileFinder {
  const waits = new Map<string, FileWait>();
  /** Whether files ended so when they were whole. */
  const ends = new Map<string, boolean>();

  function isLasting(path: string): boolean {
    const wait = waits.get(path);
    return wait !== undefined && monotonic() - wait.since >= LASTING_MS;
  }

  /** @returns why a file may not have been whole when it was read; undefined if it was */
  async function findFault(
    { path, facts, isUnended }: FileRead,
    writer: Writer | undefined,
    isWhole: boolean,
  ): Promise<string | undefined> {
    if (writer) return `is open for writing by process ${writer.pid} (${writer.name}), and may be incomplete`;
    // Whoever wrote it may have closed it after it was read.
    const now = await files.facts(path);
    if (now && !isSameFile(now, facts)) return "was written while it was read, and may be incomplete";
    if (isWhole) return undefined;
    // It was renamed, or the like, after it was written: so programs put a file into its place that
    // is whole.
    if (facts.changedAt > facts.writtenAt) return undefined;
    // The clock has whole milliseconds, and a file that changed within this very one is young.
    const age = clock() - Math.floor(facts.changedAt);
    const isNewlyUnended = isUnended && ends.get(path) !== true;
    // A clock that was set back makes files younger than nothing; that says nothing of them.
    const isYoung = age >= 0 && age < (isNewlyUnended ? UNENDED_QUIET_MS : QUIET_MS);
    return isYoung ? "was written a moment ago, and may be incomplete" : undefined;
  }

  function settle({ path, isUnended }: FileRead): void {
    waits.delete(path);
    if (ends.size >= MAX_REMEMBERED_FILES) ends.clear();
    ends.set(path, isUnended);
  }

  /**
   * It has not changed for long. Whoever holds it open all the time is known still when it does.
   */
  function calm(read: FileRead): void {
    const writer = waits.get(read.path)?.writer;
    if (!writer || !files.isStillOpen(writer, read.facts.identity)) settle(read);
  }

  /** Of files that are waited for, a look at whom they wait for is enough. */
  async function search(reads: readonly FileRead[]) {
    const known = new Map<string, Writer>();
    for (const { path, facts } of reads) {
      const writer = waits.get(path)?.writer;
      if (writer && files.isStillOpen(writer, facts.identity)) known.set(facts.identity, writer);
    }
    const rest = new Set(reads.map(({ facts }) => facts.identity).filter((identity) => !known.has(identity)));
    if (rest.size === 0) return { writers: known, isWhole: true };
    const found = await files.findWriters(rest);
    return { writers: new Map([...found.writers, ...known]), isWhole: found.isWhole };
  }

  return {
    async judge(reads) {
      const isRecent = ({ path, facts }: FileRead) =>
        clock() - facts.changedAt < RECENT_MS || (waits.has(path) && !isLasting(path));
      for (const read of reads) if (!isRecent(read)) calm(read);
      const recent = reads.filter(isRecent);
      if (recent.length === 0) return [];
      const { writers, isWhole } = await search(recent);
      const unfinished: UnfinishedFile[] = [];
      for (const read of recent) {
        const { path, facts } = read;
        const writer = writers.get(facts.identity);
        const reason = await findFault(read, writer, isWhole);
        if (reason === undefined) {
          settle(read);
          continue;
        }
        const wait = waits.get(path);
        if (waits.size >= MAX_REMEMBERED_FILES) waits.clear();
        const since = wait?.identity === facts.identity ? wait.since : monotonic();
        waits.set(path, { since, identity: facts.identity, writer });
        unfinished.push({ path, reason, isLasting: isLasting(path) });
      }
      return unfinished;
    },
    isHeld: (unfinished) =>
      unfinished.some(({ path }) => {
        const wait = waits.get(path);
        return (
          wait?.writer !== undefined && !isLasting(path) && files.isStillOpen(wait.writer, wait.identity)
        );
      }),
  };
}
