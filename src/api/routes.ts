// All routes: what a server of ours answers.
import { QUESTIONS } from "../questions/registry.ts";
import { createQuestionRoutes } from "./question-route.ts";
import type { Route } from "./route.ts";
import { getDemoKey } from "./routes/demo-key.ts";
import { deleteReport } from "./routes/departure.ts";
import { postEnrolment, postNonce } from "./routes/enrolment.ts";
import { getHealth, getReadiness } from "./routes/health.ts";
import { deleteDenial, deleteKey, getKeys, postKey, putDenial } from "./routes/keys.ts";
import { putReport } from "./routes/put-report.ts";
import { getCurrentSpec } from "./routes/specs.ts";
import { getWhoami } from "./routes/whoami.ts";

/** All routes, in the order of the documentation. @param demoKey of a demo on loopback */
export function createRoutes({ demoKey }: { readonly demoKey?: string | undefined } = {}): Route[] {
  return [
    ...createQuestionRoutes(QUESTIONS),
    putReport(),
    deleteReport(),
    getCurrentSpec(),
    postEnrolment(),
    postNonce(),
    getKeys(),
    postKey(),
    deleteKey(),
    putDenial(),
    deleteDenial(),
    getWhoami(),
    getHealth(),
    getReadiness(),
    ...(demoKey === undefined ? [] : [getDemoKey(demoKey)]),
  ];
}
