// The routes that only read: what is answered behind API Gateway. Apart from all others, so that a
// bundle has only what these need.
import { QUESTIONS } from "../questions/registry.ts";
import { createQuestionRoutes } from "./question-route.ts";
import type { Route } from "./route.ts";
import { getHealth, getReadiness } from "./routes/health.ts";
import { getWhoami } from "./routes/whoami.ts";

/**
 * The routes that tell what hosts have reported: on AWS hosts write into the bucket, and API
 * Gateway keeps the keys. /readyz reads the store, which costs there; so it is not open to
 * strangers, as on a server, where health checks have no key.
 */
export function createReadRoutes(): Route[] {
  return [...createQuestionRoutes(QUESTIONS), getWhoami(), getHealth(), { ...getReadiness(), scope: "read" }];
}
