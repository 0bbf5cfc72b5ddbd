// Giving memory back: most of what is resident of the executable are pages of its own file that
// only its start, or the last look, needed.
import { readFileSync } from "node:fs";
import { findSectionOf, type Range } from "./elf-section.ts";

/**
 * madvise(2): what was mapped of a file is unmapped, and mapped again from the page cache when it
 * is needed.
 */
const MADV_DONTNEED = 4;

/** mprotect(2) */
const PROT_READ = 1;
const PROT_WRITE = 2;
/**
 * Pages of every machine that we build for are at most so long, in bytes: those of arm64 may be.
 */
const PAGE_BYTES = 65_536n;
/** Where Bun keeps the program that it runs: in memory that may be written, though nobody does. */
const PROGRAM_SECTION = ".bun";

/**
 * Prepares to let go of the executable's own pages. Nothing changes for the program but that a page
 * is mapped again when it is needed: a minor fault, no reading from disk.
 *
 * @returns does so, as often as it is called; undefined on Node, which is not ours
 * @throws Error if the C library cannot be called
 */
export async function preparePageOut(): Promise<(() => void) | undefined> {
  if (!("bun" in process.versions)) return undefined;
  const { dlopen } = await import("bun:ffi");
  const args = ["u64", "u64", "i32"] as const;
  const { symbols } = dlopen("libc.so.6", {
    madvise: { args, returns: "i32" },
    mprotect: { args, returns: "i32" },
  });
  const program = findWholePages(findSectionOf(process.execPath, PROGRAM_SECTION));
  const protect = ([start, end]: Range, rights: number) => symbols.mprotect(start, end - start, rights);
  // Read-only from now on, so that it is true for ever that the file has the same.
  if (program) protect(program, PROT_READ);
  const ranges = findCleanRanges(readFileSync("/proc/self/smaps", "utf8"), process.execPath);
  if (program && !ranges.some(([start]) => start === program[0])) protect(program, PROT_READ | PROT_WRITE);
  return () => {
    for (const [start, end] of ranges) symbols.madvise(start, end - start, MADV_DONTNEED);
  };
}

/** The pages that a section has to itself. */
export function findWholePages(section: Range | undefined): Range | undefined {
  if (!section) return undefined;
  const [start, end] = [
    ((section[0] + PAGE_BYTES - 1n) / PAGE_BYTES) * PAGE_BYTES,
    (section[1] / PAGE_BYTES) * PAGE_BYTES,
  ];
  return start < end ? [start, end] : undefined;
}

/**
 * Finds the parts of a file in a process's memory that can be had from the file again: read-only,
 * and never written to. What was written and made read-only later, as a loader does, is not among
 * them: it has become anonymous. Pages that are dirty need not be of it: so are those of a file
 * that was itself written a moment ago, as in an installation.
 *
 * @param smaps /proc/PID/smaps (proc_pid_smaps(5))
 */
export function findCleanRanges(smaps: string, file: string): readonly Range[] {
  const ranges: Range[] = [];
  let candidate: Range | undefined;
  for (const line of smaps.split("\n")) {
    const mapping = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) [0-9a-f]+ \S+ \d+ *(.*)$/.exec(line);
    if (mapping) {
      const [, start, end, rights = "", path] = mapping;
      candidate =
        path === file && /^r-[x-]p$/.test(rights) ? [BigInt(`0x${start}`), BigInt(`0x${end}`)] : undefined;
      if (candidate) ranges.push(candidate);
    } else if (candidate && /^(?:Anonymous|Swap): +[1-9]/.test(line)) {
      ranges.splice(ranges.indexOf(candidate), 1);
      candidate = undefined;
    }
  }
  return ranges;
}
