// Rounds: a report again and again, each time running only the steps whose answer may have changed.
import type { Step } from "../spec/schema.ts";
import type { Spec } from "../spec/spec.ts";
import type { Collectors, HostAccess, Inputs } from "./collector.ts";
import { collectors as allCollectors } from "./registry.ts";
import { type CollectedReport, collectReport, type RunOptions, type StepResult } from "./runner.ts";

/** How often steps are run again that cost more than reading a file; ms. */
export const COSTLY_EVERY_MS = 10 * 60_000;

/** Which steps to run. One that was never run, or not well, always is. */
export interface Wanted {
  /** Every one. */
  readonly all?: boolean;
  /** Those that only read files, and the others when their time is over. */
  readonly poll?: boolean;
  /** Those that read one of these paths or globs, as their inputs name them. */
  readonly changed?: readonly string[];
}

export interface Rounds {
  /** @throws HostIdentityError as collectReport */
  collect(wanted: Wanted, signal: AbortSignal): Promise<CollectedReport>;
  /** What all steps read. */
  readonly inputs: Inputs;
}

/** Prepares rounds of one spec on one host. */
export function createRounds(spec: Spec, host: HostAccess, options: Omit<RunOptions, "signal" | "reuse">): Rounds {
  const { collectors = allCollectors } = options;
  const inputs = spec.steps.map((step) => listInputs(collectors, step));
  const known = new Map<number, { readonly result: StepResult; readonly at: number }>();

  function isWanted(at: number, step: Step, wanted: Wanted): boolean {
    const last = known.get(at);
    if (wanted.all || !last) return true;
    const { paths = [], globs = [] } = inputs[at] ?? {};
    if (wanted.changed?.some((changed) => paths.includes(changed) || globs.includes(changed))) return true;
    if (!wanted.poll) return false;
    return !collectors[step.collector].isCostly || host.monotonic() - last.at >= COSTLY_EVERY_MS;
  }

  return {
    inputs: { paths: inputs.flatMap(({ paths }) => paths), globs: inputs.flatMap(({ globs }) => globs) },

    async collect(wanted, signal) {
      const reuse = new Map<number, StepResult>();
      for (const [at, step] of spec.steps.entries()) {
        const last = known.get(at);
        if (last && !isWanted(at, step, wanted)) reuse.set(at, last.result);
      }
      const startedAt = host.monotonic();
      const report = await collectReport(spec, host, { ...options, signal, reuse });
      for (const [at, result] of report.results.entries()) {
        // What failed may be well in a moment: a file that was being written, a service that was starting.
        if (result.unread.length > 0) known.delete(at);
        else if (!reuse.has(at)) known.set(at, { result, at: startedAt });
      }
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
