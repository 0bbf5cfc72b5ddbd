// GET /v1/problems: the reports that were set aside, with the reason.
import { describeDoubts, listBackdated } from "../../questions/doubts.ts";
import { toAscii } from "../../questions/facts.ts";
import { PARTIAL } from "../../questions/parameters.ts";
import { PROBLEM_REASONS } from "../../report/problem.ts";
import { awaitView, readPartialFlag } from "../deadline.ts";
import { describePartial } from "../header.ts";
import type { Route } from "../route.ts";

/** Most problems in one answer; whoever may write rubbish into a store could make any number. */
const MAX_SHOWN = 1000;

/** Makes the route. */
export function listProblems(): Route {
  return {
    method: "get",
    path: "/v1/problems",
    scope: "read",
    summary: "Reports that were set aside, with the reason",
    description:
      "A report that is unreadable, oversized, misfiled or dated in the future is left " +
      `out of the array, counted, and listed here; the first ${MAX_SHOWN} by key, ` +
      `until they expire. Those that were made hours before they came (\`backdated\`) ` +
      "stand after them; they are in the array and are not counted.",
    parameters: [PARTIAL],
    answers: {
      200: {
        description: "The problems.",
        content: {
          "application/json": {
            type: "array",
            items: {
              type: "object",
              required: ["key", "reason", "detail", "received_at", "size"],
              properties: {
                key: { type: "string", description: "Where the report lies in the store." },
                reason: { enum: Object.keys(PROBLEM_REASONS) },
                detail: { type: "string", description: "What is wrong, and where." },
                received_at: { type: "string", format: "date-time" },
                size: { type: "integer", description: "Bytes." },
              },
            },
          },
        },
        headers: [
          "Rollcall-As-Of",
          "Rollcall-Problems",
          "Rollcall-Warning",
          "Rollcall-Partial",
          "Rollcall-Missing",
        ],
      },
    },
    errors: [400, 401, 403, 429, 503],
    sample: `curl -H "x-api-key: $ROLLCALL_KEY" http://127.0.0.1:8787/v1/problems | jq`,

    async handle(context, services) {
      const view = await awaitView(services, readPartialFlag(context));
      const own = [...services.clones.list(), ...(services.bounds?.list() ?? [])];
      const backdated = listBackdated(view, services.windowMs, MAX_SHOWN);
      const warnings = describeDoubts(view, services.windowMs).join("; ");
      const shown = [...own, ...view.problems, ...backdated]
        .slice(0, MAX_SHOWN)
        .map(({ key, reason, detail, receivedAt, size }) => ({
          key,
          reason,
          detail,
          received_at: new Date(receivedAt).toISOString(),
          size,
        }));
      return context.json(shown, 200, {
        "rollcall-as-of": new Date(view.asOf).toISOString(),
        "rollcall-problems": String(view.problemCount + own.length),
        "cache-control": "private, no-store",
        ...(warnings !== "" && { "rollcall-warning": toAscii(warnings) }),
        ...describePartial(view),
      });
    },
  };
}
