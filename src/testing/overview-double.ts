// Overviews of made-up fleets, for tests.

import { gatherOverview, type Overview, type OverviewSettings } from "../publish/overview.ts";
import type { QuestionSources } from "../questions/question.ts";
import { makeQuestionSources, makeView, NOW } from "./view-double.ts";

export interface MadeHost {
  readonly id: string;
  readonly service: string;
  readonly env?: string;
  readonly module: string;
  readonly ageMs?: number;
}

/** An overview of hosts with one module each. */
export async function makeOverview(
  hosts: readonly MadeHost[],
  settings: Partial<OverviewSettings> = {},
  asOf?: number,
  departed: readonly string[] = [],
  sources: Partial<QuestionSources> = {},
): Promise<Overview> {
  const reports = hosts.map(({ id, service, env = "prod", module, ageMs = 1000 }) => ({
    id,
    ageMs,
    body: JSON.stringify({
      update_date: "2024-03-01T00:00:00Z",
      instance_id: id,
      instance_name: `${env}_${service}_${id}`,
      processes: [{ module_A_filename: module }],
    }),
  }));
  const view = makeView(reports, {
    departed: departed.map((id) => ({ key: `reports/v1/local/${id}.json`, receivedAt: NOW - 1000 })),
  });
  const overview = await gatherOverview(
    {
      title: "What runs where",
      fields: ["processes.module_A_filename"],
      by: "env",
      parts: "service",
      ...settings,
    },
    makeQuestionSources(view, sources),
    new AbortController().signal,
  );
  return { ...overview, asOf: asOf ?? overview.asOf };
}

/** Hosts of some services, the first of each behind. */
export function makeHosts(services: number, each: number): MadeHost[] {
  return Array.from({ length: services * each }, (_, at) => ({
    id: `i-${String(at).padStart(4, "0")}`,
    service: `service${at % services}`,
    env: at % 3 === 0 ? "stg" : "prod",
    module: at < services ? "A_red_1.9" : "A_red_1.10",
  }));
}
