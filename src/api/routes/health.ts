// /healthz and /readyz: for load balancers and process supervisors.
import { awaitReadiness } from "../deadline.ts";
import type { Route, Services } from "../route.ts";
import { SAMPLE_ADDRESS } from "../sample-address.ts";

const OK = { "text/plain": { type: "string", examples: ["ok"] } };

/** Makes GET /healthz. */
export function getHealth(): Route {
  return {
    method: "get",
    path: "/healthz",
    summary: "Is the process alive?",
    description: "Answers without asking the store.",
    answers: { 200: { description: "It is.", content: OK } },
    errors: [],
    sample: `curl ${SAMPLE_ADDRESS}/healthz`,
    async handle(context) {
      return context.text("ok\n");
    },
  };
}

/** So long one answer counts for all who ask, as they need no key; ms. */
const READINESS_AGE_MS = 1000;

/** Makes GET /readyz. */
export function getReadiness(): Route {
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<unknown> | undefined;
  let isAsking = false;

  /** A store that fails is asked once a second too: whoever asks meanwhile hears the same. */
  function ask(services: Services): Promise<unknown> {
    const age = services.clock() - askedAt;
    if (asking && (isAsking || (age >= 0 && age < READINESS_AGE_MS))) return asking;
    askedAt = services.clock();
    isAsking = true;
    asking = awaitReadiness(services).finally(() => {
      isAsking = false;
    });
    return asking;
  }

  return {
    method: "get",
    path: "/readyz",
    summary: "Can it answer questions?",
    description:
      "Reads the roll, at most a second old; one answer counts for all who ask " +
      "within a second. Says nothing about any host.",
    answers: { 200: { description: "The store can be read.", content: OK } },
    errors: [503],
    sample: `curl ${SAMPLE_ADDRESS}/readyz`,
    async handle(context, services) {
      await ask(services);
      return context.text("ok\n");
    },
  };
}
