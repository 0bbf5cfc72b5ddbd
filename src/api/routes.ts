// All routes: what a server of ours answers.
import { createAnswerCache } from "./answer-cache.ts";
import { createRepresenter } from "./representation.ts";
import type { Route } from "./route.ts";
import { getCoverage } from "./routes/coverage.ts";
import { deleteReport } from "./routes/departure.ts";
import { postEnrolment, postNonce } from "./routes/enrolment.ts";
import { getHealth, getReadiness } from "./routes/health.ts";
import { deleteDenial, deleteKey, getKeys, postKey, putDenial } from "./routes/keys.ts";
import { listProblems } from "./routes/problems.ts";
import { putReport } from "./routes/put-report.ts";
import { getReport } from "./routes/report.ts";
import { listReports } from "./routes/reports.ts";
import { getCurrentSpec } from "./routes/specs.ts";
import { listVersions } from "./routes/versions.ts";

/** All routes, in the order of the documentation. */
export function createRoutes(): Route[] {
  const answers = createAnswerCache();
  const representer = createRepresenter(answers);
  return [
    listReports(answers, representer),
    getReport(representer),
    putReport(),
    deleteReport(),
    listVersions(answers, representer),
    getCoverage(),
    listProblems(),
    getCurrentSpec(),
    postEnrolment(),
    postNonce(),
    getKeys(),
    postKey(),
    deleteKey(),
    putDenial(),
    deleteDenial(),
    getHealth(),
    getReadiness(),
  ];
}
