// What was seen of files on earlier looks: which content, and from when to when since boot. So that
// what a process began with is known, whatever the wall clock did, and files that did not change
// are not read again.

import * as z from "zod";
import { parseJson } from "../report/parse-json.ts";
import { type BootClockReading, readBootClock } from "./boot-clock.ts";
import type { HostAccess } from "./collector.ts";
import type { InodeFacts, PathFacts } from "./file-facts.ts";
import {
  ABSENT,
  addObservation,
  BEFORE_BOOT,
  type ClockEpoch,
  type Content,
  type ContentRun,
  type FileObservation,
  isRacy,
  MAX_REMEMBERED_LOOKS,
  mergeRuns,
  STEP_MS,
} from "./file-history.ts";

/**
 * Bounds of what is remembered: paths, wall clock epochs, digests by identity, names that a list of
 * globs found, and bytes on disk.
 */
const MAX_PATHS = 2000;
const MAX_EPOCHS = 32;
const MAX_DIGESTS = 1000;
const MAX_GLOB_RESULTS = 1000;
export const MAX_OBSERVATIONS_BYTES = 4 * 1024 * 1024;

/** A file may be written while it is read. */
const MAX_LOOKS_AT_FILE = 3;

const KIND = "rollcall observations";
const TIME = z.number();
const RUN = z.object({
  content: z.string(),
  real: z.string(),
  identity: z.string(),
  isRacy: z.boolean().optional(),
  from: TIME,
  to: TIME,
  lo: TIME,
  hi: TIME,
  since: TIME,
  link: z.string().optional(),
});
const SAVED = z.object({
  kind: z.literal(KIND),
  version: z.literal(1),
  boot: z.string(),
  clock: z.array(z.object({ from: TIME, to: TIME, offset: z.number() })).max(MAX_EPOCHS),
  paths: z.record(z.string(), z.array(RUN).max(MAX_REMEMBERED_LOOKS)),
  lists: z.record(z.string(), z.object({ names: z.array(z.string()), from: TIME, to: TIME })),
  digests: z.record(z.string(), z.string()),
});
type Saved = z.infer<typeof SAVED>;

/** Why a path could not be looked at. */
export interface Unobservable {
  readonly reason: string;
}

/** All files that some globs ever found, and the first and the last look; ms since boot. */
interface FoundList {
  readonly names: readonly string[];
  readonly from: number;
  readonly to: number;
}

/** Where observations are kept between looks; agent and one-shot reports share it. */
export interface ObservationStore {
  /**
   * The observations so far, the same object each time. Never rejects: what cannot be read is none.
   */
  load(): Promise<Observations>;
  /** Writes them if there is something new. Never rejects. */
  save(): Promise<void>;
}

/** A memory that ends with its process. */
export function createObservationStore(): ObservationStore {
  const observations = Promise.resolve(new Observations());
  return { load: () => observations, save: () => Promise.resolve() };
}

/** The looks at files, by path. */
export class Observations {
  #boot = "";
  #clock: readonly ClockEpoch[] = [];
  readonly #paths = new Map<string, readonly ContentRun[]>();
  readonly #lists = new Map<string, FoundList>();
  readonly #digests = new Map<string, Content>();
  #isDirty = false;
  /** Up to when a file of them knows that all is as it was; ms since boot. */
  #keptTo = BEFORE_BOOT;

  /**
   * Whether there is something that a file of them does not have yet. That all still is as it was
   * is so after a while only.
   */
  isNew(afterMs: number): boolean {
    return this.#isDirty || (this.#clock.at(-1)?.to ?? BEFORE_BOOT) - this.#keptTo > afterMs;
  }

  /** What give() gave did not arrive. */
  touch(): void {
    this.#isDirty = true;
  }

  /** Reads both clocks. What was seen in another boot was seen before this one. */
  async readClock(host: HostAccess, signal: AbortSignal): Promise<BootClockReading | Unobservable> {
    const reading = await readBootClock(host, signal);
    if ("reason" in reading) return reading;
    this.#enter(reading);
    const last = this.#clock.at(-1);
    if (last && Math.abs(last.offset - reading.offset) <= STEP_MS) {
      this.#clock = [...this.#clock.slice(0, -1), { ...last, to: Math.max(last.to, reading.now) }];
    } else {
      this.#clock = [...this.#clock, { from: reading.now, to: reading.now, offset: reading.offset }].slice(
        -MAX_EPOCHS,
      );
      this.#isDirty = true;
    }
    return reading;
  }

  /** A container may begin its uptime anew within one boot of the kernel. */
  #enter({ bootId, now }: BootClockReading): void {
    const isAnew = this.#clock.some(({ to }) => to > now + STEP_MS);
    if (this.#boot === bootId && !isAnew) return;
    if (this.#boot !== "") {
      this.#clock = [];
      this.#keptTo = BEFORE_BOOT;
      for (const [path, runs] of this.#paths) this.#paths.set(path, runs.slice(-1).map(asBeforeBoot));
      for (const [key, list] of this.#lists)
        this.#lists.set(key, { ...list, from: BEFORE_BOOT, to: BEFORE_BOOT });
    }
    this.#boot = bootId;
    this.#isDirty = true;
  }

  /**
   * Looks at a path; its content is read only if something about it is other than at the last look.
   *
   * @param reading of a little earlier
   */
  async observe(
    path: string,
    reading: BootClockReading,
    host: HostAccess,
    signal: AbortSignal,
  ): Promise<readonly ContentRun[] | Unobservable> {
    for (let attempt = 0; attempt < MAX_LOOKS_AT_FILE; attempt++) {
      const found = await this.#lookOnce(path, reading, host, signal);
      if (found) return "reason" in found ? { reason: `${path} ${found.reason}` } : found;
    }
    return { reason: `${path} is being written` };
  }

  /** @returns undefined if it was written while it was read */
  async #lookOnce(path: string, reading: BootClockReading, host: HostAccess, signal: AbortSignal) {
    const known = this.#paths.get(path) ?? [];
    const last = known.at(-1);
    const keep = () => {
      const kept = [
        ...known.slice(0, -1),
        ...known.slice(-1).map((run) => ({ ...run, to: Math.max(run.to, reading.now) })),
      ];
      this.#paths.set(path, kept);
      return kept;
    };
    // One call for what mostly is as it was, whatever links lead there.
    const inode = await host.files.inspectInode(path);
    const isSettled = last !== undefined && !last.isRacy;
    if (isSettled && "identity" in inode && inode.identity === last.identity) return keep();
    const facts = await host.files.inspect(path);
    const isAbsent = "unreadable" in facts;
    if (isAbsent && facts.unreadable !== "absent") return { reason: facts.reason };
    if (isSettled && last.identity === (isAbsent ? ABSENT : facts.identity)) return keep();
    // What was found is there by now, and it still is when it has been read.
    const seenAt = await this.readClock(host, signal);
    if ("reason" in seenAt) return seenAt;
    const observe = isAbsent
      ? makeAbsentLook(path)
      : await this.#read(facts, { clockReading: seenAt, host, signal });
    if (!observe || "reason" in observe) return observe;
    const runs = addObservation(this.#paths.get(path) ?? [], observe, this.#clock, seenAt);
    this.#keep(path, runs);
    return runs;
  }

  async #read(facts: PathFacts, options: DigestOptions): Promise<FileObservation | Unobservable | undefined> {
    const newest = facts.links.reduce<PathFacts["links"][number] | undefined>(
      (found, link) => (found && found.changedAt >= link.changedAt ? found : link),
      undefined,
    );
    const isNewest = newest !== undefined && newest.changedAt > facts.changedAt;
    const content = await this.digest(facts.real, facts, options);
    if (typeof content !== "string") return content;
    return {
      content,
      real: facts.real,
      identity: facts.identity,
      changedAt: isNewest ? newest.changedAt : facts.changedAt,
      newestLink: newest && { path: newest.path, isNewest },
    };
  }

  /** The content of an inode; undefined if it is another one by now. */
  async digest(
    path: string,
    facts: InodeFacts,
    { clockReading, host, signal }: DigestOptions,
  ): Promise<Content | Unobservable | undefined> {
    const known = this.#digests.get(facts.identity);
    if (known !== undefined) return known;
    const asFacts = `facts:${facts.size}:${facts.inode}:${facts.modifiedAt}`;
    if (!facts.isRegular) return asFacts;
    const digested = await host.files.digest(path, signal);
    if (signal.aborted) return { reason: "was not read to its end: the time is over" };
    if (digested === undefined) return undefined;
    if ("unreadable" in digested) return digested.unreadable === "absent" ? undefined : asFacts;
    if (digested.identity !== facts.identity) return undefined;
    if (digested.digest === undefined) return asFacts;
    const content = `sha256:${digested.digest}`;
    if (!isRacy(facts.changedAt, clockReading)) {
      this.#digests.set(facts.identity, content);
      this.#isDirty = true;
    }
    return content;
  }

  /**
   * Notes which files some globs find.
   *
   * @returns these and those that they found earlier; what is new among them is known to have been
   *   absent
   */
  noteList(key: string, names: readonly string[], { now }: BootClockReading): readonly string[] {
    const known = this.#lists.get(key);
    const earlier = known?.names.filter((name) => this.#paths.has(name)) ?? [];
    const all = [...new Set([...names, ...earlier])].slice(0, MAX_GLOB_RESULTS).sort();
    const { from, to } = known ?? { from: now, to: now };
    for (const name of known
      ? all.filter((one) => !known.names.includes(one) && !this.#paths.has(one))
      : []) {
      // Nobody looked before; it is taken to have been absent then as well.
      const before = { lo: BEFORE_BOOT, hi: BEFORE_BOOT, since: 0 };
      this.#keep(name, [{ content: ABSENT, real: name, identity: ABSENT, from, to, ...before }]);
    }
    if (!known || known.names.length !== all.length || all.some((name, at) => known.names[at] !== name))
      this.#isDirty = true;
    this.#lists.set(key, { names: all, from, to: now });
    return all;
  }

  #keep(path: string, runs: readonly ContentRun[]): void {
    // Later in the map is more lately changed.
    this.#paths.delete(path);
    this.#paths.set(path, runs);
    this.#isDirty = true;
  }

  /** Takes in what another observer saved. @returns false if that is no such text */
  take(text: string): boolean {
    const saved = parseSaved(text);
    if (!saved) return false;
    const theirs = {
      clock: saved.clock,
      paths: Object.entries(saved.paths),
      lists: Object.entries(saved.lists),
    };
    for (const [identity, content] of Object.entries(saved.digests)) this.#digests.set(identity, content);
    if (this.#boot !== "" && saved.boot !== this.#boot) {
      // Seen in another boot than ours, which we are in: before it.
      for (const [path, runs] of theirs.paths) {
        if (!this.#paths.has(path)) this.#paths.set(path, runs.slice(-1).map(asBeforeBoot));
      }
      return true;
    }
    this.#boot = saved.boot;
    this.#clock = mergeClocks(this.#clock, theirs.clock);
    this.#keptTo = Math.max(this.#keptTo, theirs.clock.at(-1)?.to ?? BEFORE_BOOT);
    for (const [path, runs] of theirs.paths)
      this.#paths.set(path, mergeRuns(this.#paths.get(path) ?? [], runs));
    for (const [key, list] of theirs.lists) {
      const ours = this.#lists.get(key);
      const names = [...new Set([...(ours?.names ?? []), ...list.names])].sort().slice(0, MAX_GLOB_RESULTS);
      this.#lists.set(key, {
        names,
        from: Math.max(ours?.from ?? list.from, list.from),
        to: Math.max(ours?.to ?? list.to, list.to),
      });
    }
    return true;
  }

  /** The text that take() reads. From here on nothing is new. */
  give(): string {
    this.#isDirty = false;
    this.#keptTo = this.#clock.at(-1)?.to ?? BEFORE_BOOT;
    trim(this.#digests, MAX_DIGESTS);
    trim(this.#lists, MAX_PATHS);
    for (let keep = MAX_PATHS; ; keep = Math.floor(this.#paths.size / 2)) {
      trim(this.#paths, keep);
      const saved: Saved = {
        kind: KIND,
        version: 1,
        boot: this.#boot,
        clock: [...this.#clock],
        paths: Object.fromEntries([...this.#paths].map(([path, runs]) => [path, [...runs]])),
        lists: Object.fromEntries(
          [...this.#lists].map(([key, list]) => [key, { ...list, names: [...list.names] }]),
        ),
        digests: Object.fromEntries(this.#digests),
      };
      const text = `${JSON.stringify(saved)}\n`;
      if (Buffer.byteLength(text) <= MAX_OBSERVATIONS_BYTES || this.#paths.size === 0) return text;
    }
  }
}

interface DigestOptions {
  readonly clockReading: BootClockReading;
  readonly host: HostAccess;
  readonly signal: AbortSignal;
}

function parseSaved(text: string): Saved | undefined {
  return SAVED.safeParse(parseJson(text)).data;
}

function makeAbsentLook(path: string): FileObservation {
  return { content: ABSENT, real: path, identity: ABSENT, changedAt: undefined };
}

function asBeforeBoot(run: ContentRun): ContentRun {
  return { ...run, from: BEFORE_BOOT, to: BEFORE_BOOT, lo: BEFORE_BOOT, hi: BEFORE_BOOT };
}

/** Drops what changed longest ago. */
function trim(map: Map<string, unknown>, size: number): void {
  for (const key of map.keys()) {
    if (map.size <= size) return;
    map.delete(key);
  }
}

/** Epochs that both saw are one. */
function mergeClocks(ours: readonly ClockEpoch[], theirs: readonly ClockEpoch[]): readonly ClockEpoch[] {
  const merged: ClockEpoch[] = [];
  for (const epoch of [...ours, ...theirs].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (!last || Math.abs(last.offset - epoch.offset) > STEP_MS) merged.push(epoch);
    else merged[merged.length - 1] = { ...last, to: Math.max(last.to, epoch.to) };
  }
  return merged.slice(-MAX_EPOCHS);
}
