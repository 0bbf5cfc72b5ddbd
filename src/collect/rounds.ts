// Rounds: a report again and again, each time running only the steps whose answer may have changed.
import type { Step } from "../specs/schema.ts";
import type { Spec } from "../specs/spec.ts";
import type { Collectors, HostAccess, Inputs } from "./collector.ts";
import { isUnchanged } from "./reads.ts";
import { collectors as allCollectors } from "./registry.ts";
import { type CollectedReport, collectReport, type RunOptions, type StepResult } from "./runner.ts";
import { createUnfinishedFileFinder } from "./unfinished-files.ts";

/** How often steps are run again that cost more than reading a file; ms. */
export const COSTLY_EVERY_MS = 10 * 60_000;

/** How often files are read again of which the kernel says that nothing changed; ms. */
const READ_EVERY_MS = COSTLY_EVERY_MS;

/**
 * How soon one of them is run again that failed; each further failure doubles it, up to the usual
 * time; ms.
 */
const RETRY_MS = 60_000;

/**
 * Which steps to run. One that was never run always is, and one that only reads files and failed.
 */
export interface StepSelection {
  /** Every one. */
  readonly all?: boolean;
  /** Those that only read files, and the others when their time is over. */
  readonly poll?: boolean;
  /** Those that read one of these paths or globs, as their inputs name them. */
  readonly changed?: readonly string[];
}

export interface CollectionRounds {
  /** @throws HostIdentityError as collectReport */
  collect(wanted: StepSelection, signal: AbortSignal): Promise<CollectedReport>;
  /** What all steps read. */
  readonly inputs: Inputs;
}

/** Prepares rounds of one spec on one host. */
export function createRounds(
  spec: Spec,
  host: HostAccess,
  options: Omit<RunOptions, "signal" | "reuse" | "earlier" | "unfinishedFiles">,
): CollectionRounds {
  const { collectors = allCollectors } = options;
  const inputs = spec.steps.map((step) => listInputs(collectors, step));
  const known = new Map<
    number,
    { readonly result: StepResult; readonly at: number; readonly failures: number }
  >();
  const unfinishedFiles = createUnfinishedFileFinder(host);

  async function isWanted(
    at: number,
    step: Step,
    wanted: StepSelection,
    signal: AbortSignal,
  ): Promise<boolean> {
    const last = known.get(at);
    if (wanted.all || !last) return true;
    const { isCostly = false, isOfFilesAlone = false } = collectors[step.collector];
    // A file that failed may be well in a moment.
    if (last.result.unfinished || (last.failures > 0 && !isCostly)) return true;
    const { paths = [], globs = [] } = inputs[at] ?? {};
    if (wanted.changed?.some((changed) => paths.includes(changed) || globs.includes(changed))) return true;
    if (!wanted.poll) return false;
    const age = host.monotonic() - last.at;
    if (!isCostly) {
      const { reads } = last.result;
      return !(
        isOfFilesAlone &&
        reads &&
        age < READ_EVERY_MS &&
        (await isUnchanged(reads, host.files, signal))
      );
    }
    // A program that hangs or fails must not hold up what else changes, nor be run for its sake.
    const everyMs =
      last.failures === 0 ? COSTLY_EVERY_MS : Math.min(COSTLY_EVERY_MS, RETRY_MS * 2 ** (last.failures - 1));
    return age >= everyMs;
  }

  function remember(index: number, result: StepResult, at: number): void {
    const hasFailed = result.unread.length > 0;
    known.set(index, { result, at, failures: hasFailed ? (known.get(index)?.failures ?? 0) + 1 : 0 });
  }

  return {
    inputs: { paths: inputs.flatMap(({ paths }) => paths), globs: inputs.flatMap(({ globs }) => globs) },

    async collect(wanted, signal) {
      const reuse = new Map<number, StepResult>();
      for (const [at, step] of spec.steps.entries()) {
        const last = known.get(at);
        if (last && !(await isWanted(at, step, wanted, signal))) reuse.set(at, last.result);
      }
      const startedAt = host.monotonic();
      const earlier = new Map([...known].map(([at, { result }]) => [at, result]));
      const report = await collectReport(spec, host, { ...options, signal, reuse, earlier, unfinishedFiles });
      for (const [at, result] of report.results.entries())
        if (!reuse.has(at)) remember(at, result, startedAt);
      return report;
    },
  };
}

/** Generic, so that the compiler sees that a step's options are those of its collector. */
function listInputs<Name extends keyof Collectors>(
  collectors: Collectors,
  step: { readonly collector: Name; readonly options: Parameters<Collectors[Name]["inputs"]>[0] },
): Inputs {
  return collectors[step.collector].inputs(step.options as never);
}
