// The routes that only read: what is answered behind API Gateway. Apart from all others, so that a
// bundle has only what these need.
import { createAnswerCache } from "./answer-cache.ts";
import { createRepresenter } from "./representation.ts";
import type { Route } from "./route.ts";
import { getCoverage } from "./routes/coverage.ts";
import { getHealth, getReadiness } from "./routes/health.ts";
import { listProblems } from "./routes/problems.ts";
import { getReport } from "./routes/report.ts";
import { listReports } from "./routes/reports.ts";
import { listVersions } from "./routes/versions.ts";

/**
 * The routes that tell what hosts have reported: on AWS hosts write into the bucket, and API
 * Gateway keeps the keys.
 */
export function createReadRoutes(): Route[] {
  const answers = createAnswerCache();
  const representer = createRepresenter(answers);
  return [
    listReports(answers, representer),
    getReport(representer),
    listVersions(answers, representer),
    getCoverage(),
    listProblems(),
    getHealth(),
    getReadiness(),
  ];
}
