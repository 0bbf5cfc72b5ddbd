// GET /v1/reports/{id}: one host's report.
import { createHash } from "node:crypto";
import { compileShape, measureSkew } from "../../questions/array.ts";
import { FIELDS, HOST_ID, META, PARTIAL, WITHIN } from "../../questions/parameters.ts";
import { judgeFreshness } from "../../report/freshness.ts";
import { isHostId, parseReportKey } from "../../report/key.ts";
import { findById, type HostReport, type RollView } from "../../roll/view.ts";
import { awaitHost, RETRY } from "../deadline.ts";
import { describePartial } from "../header.ts";
import { ApiError } from "../problem-details.ts";
import { type Representer, toResponse } from "../representation.ts";
import type { Route } from "../route.ts";
import { NOT_MODIFIED, REPORT_SCHEMA_REF } from "../schemas.ts";
import { readQuery } from "./reports.ts";

/** Makes GET /v1/reports/{id}. */
export function getReport(representer: Representer): Route {
  return {
    method: "get",
    path: "/v1/reports/{id}",
    scope: "read",
    summary: "One host's newest report",
    description:
      "Fresh or silent; the headers tell which. If two accounts have a host with " +
      "this id, `account` says which is meant.",
    parameters: [
      HOST_ID,
      {
        name: "account",
        in: "query",
        description: "The AWS account id, or `local`.",
        schema: { type: "string" },
      },
      WITHIN,
      FIELDS,
      META,
      PARTIAL,
    ],
    answers: {
      200: {
        description: "The report as the host sent it.",
        content: { "application/json": REPORT_SCHEMA_REF },
        headers: [
          "Rollcall-As-Of",
          "Rollcall-Listed",
          "Rollcall-Received",
          "Rollcall-State",
          "Rollcall-Clock-Skew",
          "Rollcall-Partial",
          "Rollcall-Missing",
          "ETag",
        ],
      },
      304: NOT_MODIFIED,
    },
    errors: [400, 401, 403, 404, 409, 429, 503],
    sample: `curl -H "x-api-key: $ROLLCALL_KEY" http://127.0.0.1:8787/v1/reports/i-0123456789abcdef0 | jq`,

    async handle(context, services) {
      const parameters = new URL(context.req.url).searchParams;
      const account = parameters.get("account") ?? undefined;
      parameters.delete("account");
      const query = readQuery(parameters, services.windowMs);
      const [filter] = query.filters;
      if (filter)
        throw new ApiError(
          "bad_request",
          `${filter.field}: is no parameter here; filters are for /v1/reports`,
        );
      const id = context.req.param("id") ?? "";
      const view = await awaitHost(services, { id, account }, query.partial);
      const report = findReport(view, id, account);
      const state = judgeFreshness(report.receivedAt, view.asOf, query.windowMs);
      const body = compileShape(query, view.asOf)(report);
      const representation = await representer.represent(
        context,
        {
          digest: digestText(
            `${report.key}\n${report.etag}\n${report.receivedAt}\n` +
              `${JSON.stringify([query.fields, query.meta, state])}`,
          ),
          estimate: body.length,
          length: body.length + NEWLINE.length,
          headers: {
            "rollcall-as-of": new Date(view.asOf).toISOString(),
            ...(view.listedAt !== undefined && { "rollcall-listed": new Date(view.listedAt).toISOString() }),
            "rollcall-received": new Date(report.receivedAt).toISOString(),
            "rollcall-state": state,
            "rollcall-clock-skew": String(measureSkew(report)),
            ...describePartial(view),
          },
          write: () => [body, NEWLINE],
        },
        "json",
      );
      return toResponse(representation);
    },
  };
}

function findReport(view: RollView, id: string, account: string | undefined): HostReport {
  const found = findById(view.reports, id).filter(
    (report) =>
      (account === undefined || report.account === account) &&
      judgeFreshness(report.receivedAt, view.asOf, 0) !== "gone",
  );
  const [report, other] = found;
  if (report && other) {
    const accounts = found.map((one) => one.account || '""').join(", ");
    throw new ApiError(
      "ambiguous",
      `hosts with the id ${id} report from the accounts ${accounts}; add ?account=`,
    );
  }
  if (report) return report;
  // Of what could not be read nobody knows.
  if (view.partial)
    throw new ApiError(
      "store_unavailable",
      `the host is not among what is known; ${view.partial.reason}`,
      RETRY,
    );
  const departure = isHostId(id) && view.departed.find(({ key }) => parseReportKey(key)?.id === id);
  if (departure)
    throw new ApiError("not_found", `the host left at ${new Date(departure.receivedAt).toISOString()}`);
  const problem =
    isHostId(id) &&
    view.problems.find(
      ({ key }) => key.endsWith(`/${id}.json`) || key.endsWith(`:${id}.json`) || key === `${id}.json`,
    );
  if (problem)
    throw new ApiError(
      "not_found",
      `the report of ${id} was set aside (${problem.reason}): ${problem.detail}`,
    );
  throw new ApiError("not_found", "no host with this id has reported within the last 24 hours");
}

const NEWLINE = Buffer.from("\n");

function digestText(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
