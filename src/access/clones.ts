// Clones: machines that claimed the id of another and were refused, remembered so that somebody
// hears of them.
import type { Clock } from "../report/clock.ts";
import { formatReportKey } from "../report/key.ts";
import { EXPIRY_MS } from "../report/limits.ts";
import type { Problem } from "../report/problem.ts";

/** Host ids that are remembered. */
const MAX_CLONES = 1000;

export interface Clones {
  note(id: string, detail: string): void;
  /** Of the last day, newest last. */
  list(): readonly Problem[];
}

/**
 * Makes a memory of this process: one that starts anew hears of a clone with its next try, minutes
 * later.
 */
export function createClones({ clock }: { clock: Clock }): Clones {
  const known = new Map<string, Problem>();
  return {
    note(id, detail) {
      const key = formatReportKey(id);
      known.delete(key);
      known.set(key, { key, reason: "clone", detail, receivedAt: clock(), size: 0 });
      const [oldest] = known.keys();
      if (known.size > MAX_CLONES && oldest !== undefined) known.delete(oldest);
    },
    list: () => [...known.values()].filter(({ receivedAt }) => clock() - receivedAt <= EXPIRY_MS),
  };
}
