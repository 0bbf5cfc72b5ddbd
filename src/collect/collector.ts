// The contract between the runner and the collectors: what they are, and what they may touch of the
// host. What they give is in collected.ts.
import type { Clock } from "../report/clock.ts";
import type { CollectorName, OptionsOf } from "../specs/schema.ts";
import type { Collected } from "./collected.ts";
import type { CommandRunner } from "./command-runner.ts";
import type { HostFiles } from "./host-files.ts";
import type { MetadataSource } from "./metadata.ts";
import type { ObservationStore } from "./observations.ts";

/**
 * Code that fills one part of a report: a file in this folder, with a name in registry.ts, options
 * in spec/schema.ts and a page in docs/collectors/. All four have the same name.
 *
 * collect() resolves with whatever it could read; it does not time itself, log, or know of other
 * collectors. It ends soon after the signal is aborted. It rejects only where the report as a whole
 * would be wrong, or by a bug; the runner records that, and the other collectors do not notice.
 */
export interface Collector<Options> {
  /** What it reads, so that it can be run again when that changes. */
  inputs(options: Options): Inputs;
  /**
   * What it gives may change without any of its inputs: then it is run again now and then, though
   * seldom, for that takes more.
   */
  readonly isCostly?: true;
  /**
   * What it gives follows from what it reads and globs of files, and from nothing else: where they
   * are the same, so is what it gave.
   */
  readonly isOfFilesAlone?: true;
  collect(options: Options, host: HostAccess, signal: AbortSignal): Promise<Collected>;
}

/** Files by absolute paths, and globs, that a step reads. */
export interface Inputs {
  readonly paths: readonly string[];
  readonly globs: readonly string[];
}

/** One collector for each name of the spec, no more and no fewer. */
export type Collectors = { readonly [Name in CollectorName]: Collector<OptionsOf[Name]> };

/**
 * All that collectors may touch. machine.ts makes the real one; tests make theirs from a folder.
 */
export interface HostAccess {
  readonly clock: Clock;
  /** Milliseconds from some fixed instant; never goes back. For durations. */
  readonly monotonic: () => number;
  /** Waits; ends early, and well, when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly files: HostFiles;
  /**
   * Set where a spec from elsewhere may read some files only: for the collectors whose files the
   * spec names.
   */
  readonly named?: (collector: CollectorName) => HostFiles;
  readonly run: CommandRunner;
  readonly metadata: MetadataSource;
  readonly machine: MachineFacts;
  /** What was seen of files on earlier looks; without it each look is the first. */
  readonly memory?: ObservationStore;
}

/** What the operating system says, for where the host's files say nothing. */
export interface MachineFacts {
  readonly hostname: string;
  /** Seconds since the system started. */
  readonly uptime: () => number;
  /** How long this program has run; ms. */
  readonly ranFor?: () => number;
  /** The id of a host that has no other; the caller keeps it, so that it stays the same. */
  readonly fallbackId?: string;
}
