// /healthz and /readyz: for load balancers and process supervisors.
import { awaitView } from "../deadline.ts";
import type { Route } from "../route.ts";

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
    sample: "curl http://127.0.0.1:8787/healthz",
    async handle(context) {
      return context.text("ok\n");
    },
  };
}

/** Makes GET /readyz. */
export function getReadiness(): Route {
  return {
    method: "get",
    path: "/readyz",
    summary: "Can it answer questions?",
    description: "Reads the roll, at most a second old. Says nothing about any host.",
    answers: { 200: { description: "The store can be read.", content: OK } },
    errors: [503],
    sample: "curl http://127.0.0.1:8787/readyz",
    async handle(context, services) {
      await awaitView(services);
      return context.text("ok\n");
    },
  };
}
