// A view of the roll: the store's reports at one instant.
import type { Problem } from "../report/problem.ts";
import type { Report } from "../report/report.ts";

/** One host's newest report and where it lies. */
export interface HostReport extends Report {
  readonly key: string;
  /** An AWS account id, `local`, or "" for a report at the top of the store. */
  readonly account: string;
  readonly etag: string;
  /** When the store received it; ms since the epoch. */
  readonly receivedAt: number;
}

/** The store's reports at one instant, immutable. */
export interface RollView {
  /** When the listing behind it began; ms since the epoch. Everything written before is in it. */
  readonly asOf: number;
  /** Two views of one roll with the same version hold the same reports and problems. */
  readonly version: number;
  /** By key, ascending; of every age but gone at the time of the listing. */
  readonly reports: readonly HostReport[];
  /** By key, ascending. */
  readonly problems: readonly Problem[];
}
