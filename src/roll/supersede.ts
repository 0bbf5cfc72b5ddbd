// One host, two keys: a host that moves from INSTANCE_ID.json at the top of the store to reports/v1/ is still one host.
import { TOP_LEVEL_ACCOUNT } from "../report/key.ts";
import type { Problem } from "../report/problem.ts";
import type { HostReport } from "./view.ts";

/**
 * Keeps, of a host's report at the top of the store and its reports under reports/v1/, the one received last, and lists the
 * others as superseded. Reports of one id in two accounts are two hosts' until proven otherwise: both stay.
 */
export function setAsideSuperseded(
  reports: readonly HostReport[],
  problems: readonly Problem[],
): { reports: readonly HostReport[]; problems: readonly Problem[] } {
  const top = new Map(reports.filter(({ account }) => account === TOP_LEVEL_ACCOUNT).map((report) => [report.id, report]));
  if (top.size === 0) return { reports, problems };
  const newer = new Map<HostReport, HostReport>();
  for (const report of reports) {
    const other = top.get(report.id);
    if (!other || other === report) continue;
    const [loser, winner] = other.receivedAt > report.receivedAt ? [report, other] : [other, report];
    newer.set(loser, winner);
  }
  const superseded = [...newer].map(
    ([loser, winner]): Problem => ({
      key: loser.key,
      reason: "superseded",
      detail: `the same host has a newer report under ${winner.key}; delete this one`,
      receivedAt: loser.receivedAt,
      size: loser.body.length,
    }),
  );
  return {
    reports: reports.filter((report) => !newer.has(report)),
    problems: [...problems, ...superseded].sort((a, b) => (a.key < b.key ? -1 : 1)),
  };
}
