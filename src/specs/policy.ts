// The local policy: which programs a spec that came from elsewhere may run on this host. Pure.
import { posix } from "node:path";
import type { Spec } from "./spec.ts";

/**
 * Checks a spec against the programs that are allowed: paths of programs, or of folders, with `/`
 * at their end, that hold them.
 *
 * @returns in one sentence why the spec may not be used here; undefined if it may
 */
export function findForbiddenCommand(spec: Spec, allowed: readonly string[]): string | undefined {
  for (const step of spec.steps) {
    if (step.collector !== "command") continue;
    const [program = ""] = step.options.run;
    // Written with dots it could lead out of the folder.
    const isPlain = posix.normalize(program) === program;
    const isAllowed = allowed.some((entry) =>
      entry.endsWith("/") ? program.startsWith(entry) : program === entry,
    );
    if (!isPlain || !isAllowed)
      return `it would run ${program}, which this host's policy (allow_commands) does not allow`;
  }
  return undefined;
}
