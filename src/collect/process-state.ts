// Judges a process that is tied to a file: whether it runs with the file and the program as they
// are on disk now.
import { formatUpdateDate } from "../report/update-date.ts";
import type { BootClockReading } from "./boot-clock.ts";
import type { HostAccess } from "./collector.ts";
import type { InodeFacts } from "./file-facts.ts";
import { ABSENT, type Content, type ContentRun, compareContents, findContentAt } from "./file-history.ts";
import { Observations, type Unobservable } from "./observations.ts";
import { TICK_MS } from "./process-facts.ts";
import type { Process } from "./process-table.ts";
import type { Unreadable } from "./unreadable.ts";

/**
 * What changes so soon after a process started counts as read by it: a start script may write the
 * file and then become the program; ms.
 */
const TOLERANCE_MS = 1000;

/** The workers that a reload starts begin within so long of one another; ms. */
const TOGETHER_MS = 2000;

/** A process, and all that it is judged by. */
export interface TiedProcess {
  readonly process: Process;
  /** The configuration file, as the glob found it. */
  readonly path: string;
  /**
   * What is judged as the program: the spec's `program`, else the script or executable that the
   * process was started by; absolute.
   */
  readonly program: string | undefined;
  /** How a reload in place shows, as the spec says. */
  readonly reloads: "workers" | "self" | undefined;
  /** Found files that the configuration includes, and the globs that found them. */
  readonly also: readonly string[];
  readonly alsoGlobs: readonly string[];
  /** The processes of the same program below it. */
  readonly children: readonly Process[];
}

/** One thing that is on disk otherwise than when the process began. */
export interface Change {
  readonly what: "file" | "program" | "link" | "also";
  readonly path: string;
  /**
   * ISO 8601 with the host's offset: the ctime where it can be believed, else when the change was
   * first seen.
   */
  readonly since: string;
  /**
   * No earlier look told what the process began with: the ctime decided, which the wall clock and a
   * mere chmod move.
   */
  readonly by?: "clock";
}

export type Judgement =
  | { readonly state: "running" }
  | { readonly state: "restart_pending"; readonly changed: readonly Change[] }
  | { readonly state: "unknown"; readonly reason: string };

/** Something that a process began with, and what was seen of it. */
interface Part {
  readonly what: "file" | "program" | "also";
  readonly path: string;
  readonly seen: readonly ContentRun[] | Unobservable;
}

type Verdict = "same" | { readonly change: Change } | { readonly unknown: string };

/** Judges processes; rejects for nothing that files or processes are. */
export type Judge = (tied: TiedProcess) => Promise<Judgement>;

/**
 * Prepares to compare what processes began with to what is on disk now: content with content, by
 * what was seen on earlier looks. Where nothing was seen before a process began, the ctime decides,
 * and the change says so. Call it before files are listed.
 */
export async function openJudge(host: HostAccess, signal: AbortSignal): Promise<Judge> {
  const observations = (await host.memory?.load()) ?? new Observations();
  const opened = await observations.readClock(host, signal);
  // Processes often have the same program and include the same files: each is looked at once.
  const looks = new Map<string, Promise<readonly ContentRun[] | Unobservable>>();
  const look = (path: string, clockReading: BootClockReading) => {
    const looked = looks.get(path) ?? observations.observe(path, clockReading, host, signal);
    looks.set(path, looked);
    return looked;
  };

  return async (tied) => {
    const startedAt = tied.process.startTicks * TICK_MS;
    const isLater = !("reason" in opened) && startedAt > opened.now;
    const clockReading = isLater ? await observations.readClock(host, signal) : opened;
    if ("reason" in clockReading) return { state: "unknown", reason: clockReading.reason };
    if (startedAt > clockReading.now + TOLERANCE_MS) {
      return {
        state: "unknown",
        reason: "/proc/uptime and the start times of processes disagree, as in some containers",
      };
    }
    return judge(tied, {
      observations,
      look: (path) => look(path, clockReading),
      clockReading,
      host,
      signal,
    });
  };
}

async function judge(tied: TiedProcess, looking: JudgeContext): Promise<Judgement> {
  const { observations, clockReading } = looking;
  const look = async (what: Part["what"], path: string): Promise<Part> => ({
    what,
    path,
    seen: await looking.look(path),
  });
  const { also, alsoGlobs } = tied;
  const included =
    alsoGlobs.length === 0 ? also : observations.noteList(alsoGlobs.join("\n"), also, clockReading);
  const verdicts: Verdict[] = [judgeConfiguration(await look("file", tied.path), tied)];
  for (const path of included) verdicts.push(judgeConfiguration(await look("also", path), tied));
  verdicts.push(...(await judgeProgram(tied, looking)));
  return conclude(verdicts);
}

function conclude(verdicts: readonly Verdict[]): Judgement {
  const changed = verdicts.flatMap((verdict) =>
    typeof verdict === "object" && "change" in verdict ? [verdict.change] : [],
  );
  if (changed.length > 0) return { state: "restart_pending", changed };
  const unknown = verdicts.find((verdict) => typeof verdict === "object" && "unknown" in verdict);
  if (unknown && typeof unknown === "object" && "unknown" in unknown)
    return { state: "unknown", reason: unknown.unknown };
  return { state: "running" };
}

/** What one part was when a process had started, and what it is now. */
function judgePart({ what, path, seen }: Part, startedAt: number): Verdict {
  if ("reason" in seen) return { unknown: seen.reason };
  const now = seen.at(-1);
  const held = findContentAt(seen, startedAt);
  const untold = {
    unknown:
      `whether the process began before or after ${path} changed cannot be told: no ` +
      "look came between, and there is no time of change to believe (was the wall " +
      "clock set?)",
  };
  if (!now || !held) return untold;
  if ("other" in held) {
    if (now.content === held.perhaps) return untold;
    return { change: makeChange({ what, path, run: seen[held.other] ?? now, isByClock: true }) };
  }
  const compared = compareContents(held.content, now.content);
  if (compared === "same") return "same";
  if (compared === "unclear") return { unknown: `${path} ${UNREAD}, and they changed` };
  const lastSame = seen.findLastIndex(({ content }) => content === held.content);
  return { change: makeChange({ what, path, run: seen[lastSame + 1] ?? now, isByClock: false }) };
}

const UNREAD =
  "may not be read by this user, or is too large to be digested: only its size and times are known";

function makeChange({
  what,
  path,
  run,
  isByClock,
}: Omit<Part, "seen"> & { readonly run: ContentRun; readonly isByClock: boolean }): Change {
  const isLink = run.link !== undefined && what !== "also";
  return {
    what: isLink ? "link" : what,
    path: isLink ? (run.link ?? path) : path,
    since: formatUpdateDate(run.since),
    ...(isByClock && { by: "clock" as const }),
  };
}

/** The file and what it includes: a process may have read them again since it began. */
function judgeConfiguration(part: Part, { process, reloads, children }: TiedProcess): Verdict {
  const startedAt = process.startTicks * TICK_MS + TOLERANCE_MS;
  const verdict = judgePart(part, startedAt);
  if (reloads === "self") {
    // What is back as it was may have been read again while it was otherwise.
    return (typeof verdict === "object" && "change" in verdict) || hasChangedSince(part.seen, startedAt)
      ? {
          unknown:
            `${part.path} changed since the process began, which may have read it ` +
            "again by itself (reloads: self)",
        }
      : verdict;
  }
  if (verdict === "same" || reloads === undefined) return verdict;
  // A worker that is told to end only finishes what it has begun (nginx writes so over its command
  // line).
  const workers = children.filter(({ argv }) => !argv.some((word) => /\bshutting down\b/.test(word)));
  if (workers.length === 0) {
    return {
      unknown:
        `${part.path} changed since the process began, and there is no worker that ` +
        "shows a reload (reloads: workers)",
    };
  }
  // A worker is started after its master has read the file: there is nothing to tolerate.
  const ofWorkers = workers.map(({ startTicks }) => judgePart(part, startTicks * TICK_MS));
  if (ofWorkers.every((one) => one === "same"))
    return areOfReload(workers) ? "same" : { unknown: ONE_BY_ONE };
  const old = ofWorkers.find((one) => one !== "same") ?? verdict;
  if (ofWorkers.every((one) => one !== "same")) return old;
  return { unknown: `workers from before and from after the change of ${part.path} run beside each other` };
}

const ONE_BY_ONE =
  "its workers began after the change, but one after the other, as they do without a " +
  "reload too (reloads: workers)";

/**
 * A reload starts workers together. A pool that replaces them one by one gives them what its master
 * read long ago.
 */
function areOfReload(workers: readonly Process[]): boolean {
  const [first, second] = workers.map(({ startTicks }) => startTicks * TICK_MS).sort((a, b) => a - b);
  return first === undefined || second === undefined || second - first <= TOGETHER_MS;
}

/** Whether anything else was seen there since. */
function hasChangedSince(seen: Part["seen"], startedAt: number): boolean {
  const held = "reason" in seen ? undefined : findContentAt(seen, startedAt);
  if ("reason" in seen || held === undefined || "other" in held) return false;
  return seen.slice(held.index + 1).some(({ content }) => content !== held.content);
}

interface JudgeContext {
  readonly observations: Observations;
  readonly look: (path: string) => Promise<readonly ContentRun[] | Unobservable>;
  readonly clockReading: BootClockReading;
  readonly host: HostAccess;
  readonly signal: AbortSignal;
}

/**
 * The program, and of a script its interpreter: that one only if what is loaded is no more under
 * its path.
 */
async function judgeProgram(
  { process, program }: TiedProcess,
  looking: JudgeContext,
): Promise<readonly Verdict[]> {
  const { observations, look, clockReading, host } = looking;
  const { exe, folder, startTicks } = process;
  const startedAt = startTicks * TICK_MS + TOLERANCE_MS;
  const judgeBySight = async (path: string) =>
    judgePart({ what: "program", path, seen: await look(path) }, startedAt);
  if (!("target" in exe)) {
    if (program !== undefined) return [await judgeBySight(program)];
    return [
      {
        unknown:
          `whether its program changed cannot be told: /proc/PID/exe ${exe.reason}; ` +
          `name it in \`program\``,
      },
    ];
  }
  const loadedPath = exe.target.replace(DELETED, "");
  const isGone = DELETED.test(exe.target);
  const named = program ?? loadedPath;
  const loaded = await host.files.inspectInode(`${folder}/exe`);
  // While it runs, a program's bytes cannot be written (ETXTBSY, open(2)): under its path is what
  // is loaded.
  const isLoaded = (found: InodeFacts | Unreadable) =>
    "inode" in found &&
    "inode" in loaded &&
    found.inode === loaded.inode &&
    loaded.modifiedAt - clockReading.offset <= startedAt;
  if (isLoaded(await host.files.inspectInode(named))) return ["same"];
  // Below another root the kernel follows links out of it.
  const facts = await host.files.inspect(named);
  if (isLoaded(facts)) return ["same"];
  const readLoaded = async (): Promise<Content | undefined> => {
    const content = "inode" in loaded && (await observations.digest(`${folder}/exe`, loaded, looking));
    return typeof content === "string" && content.startsWith("sha256:") ? content : undefined;
  };

  const verdict = await judgeBySight(named);
  const real = "real" in facts ? facts.real : named;
  if (isGone && real === loadedPath)
    return [await judgeGone({ path: named, seen: await look(named), verdict }, readLoaded)];
  if (verdict !== "same") return [judgeByLoaded(named, await look(named), await readLoaded()) ?? verdict];
  if (!isGone) return ["same"];
  const seen = await look(loadedPath);
  return [await judgeGone({ path: loadedPath, seen, verdict: await judgeBySight(loadedPath) }, readLoaded)];
}

/**
 * proc_pid_exe(5): what it says of a program that was removed, or that another was put in the place
 * of.
 */
const DELETED = / \(deleted\)$/;

/**
 * Where what is loaded was once seen under the program's path, as when a link is turned, that is
 * what the process began with.
 */
function judgeByLoaded(
  path: string,
  seen: readonly ContentRun[] | Unobservable,
  loaded: Content | undefined,
): Verdict | undefined {
  if ("reason" in seen || loaded === undefined) return undefined;
  const run = seen[seen.findLastIndex(({ content }) => content === loaded) + 1];
  if (!run) return "same";
  return run === seen[0]
    ? undefined
    : { change: makeChange({ what: "program", path, run, isByClock: false }) };
}

/**
 * A program that is loaded, and under whose path is another file or none: the same bytes may have
 * been put there again.
 */
async function judgeGone(
  { path, seen, verdict }: Omit<Part, "what"> & { readonly verdict: Verdict },
  readLoaded: () => Promise<Content | undefined>,
): Promise<Verdict> {
  if ("reason" in seen) return { unknown: seen.reason };
  const now = seen.at(-1);
  const loaded = await readLoaded();
  if (!now) return verdict;
  if (now.content === ABSENT || (loaded !== undefined && now.content.startsWith("sha256:"))) {
    if (now.content === loaded) return "same";
    return { change: makeChange({ what: "program", path, run: now, isByClock: false }) };
  }
  if (typeof verdict === "object") return verdict;
  return {
    unknown:
      `${path} was replaced since the process began, and whether by the same bytes ` +
      `cannot be told: one of the two ${UNREAD}`,
  };
}
