// PUT /v1/reports/{id}: a host sends its report.

import { HOST_ID } from "../../questions/parameters.ts";
import { formatReportKey } from "../../report/key.ts";
import { MAX_REPORT_BYTES } from "../../report/limits.ts";
import { isRejected, parseReport } from "../../report/report.ts";
import { placeReport } from "../../store/placement.ts";
import { readBody } from "../body.ts";
import { awaitStore } from "../deadline.ts";
import { authorizeHost, readHostId } from "../host-authorization.ts";
import { ApiError } from "../problem-details.ts";
import { createReportOrder } from "../report-order.ts";
import type { Route, Services } from "../route.ts";
import { SAMPLE_ADDRESS } from "../sample-address.ts";
import { REPORT_SCHEMA_REF } from "../schemas.ts";

/** A store tells whole seconds at worst. */
const TOLERANCE_MS = 5000;

/** Makes PUT /v1/reports/{id}. */
export function putReport(): Route {
  const order = createReportOrder();
  return {
    method: "put",
    path: "/v1/reports/{id}",
    scope: "ingest",
    summary: "Send a host's report",
    description:
      "Replaces the host's last report. The body is the report as JSON (any content " +
      "type); its `instance_id` must be the id in the path. " +
      "When the answer is 200, the report is on disk and survives a crash of the server.",
    parameters: [HOST_ID],
    body: { description: `The report, at most ${MAX_REPORT_BYTES} bytes.`, schema: REPORT_SCHEMA_REF },
    answers: {
      200: {
        description: "The report was stored.",
        content: {
          "application/json": {
            type: "object",
            required: ["id", "received_at", "bytes"],
            properties: {
              id: { type: "string" },
              received_at: { type: "string", format: "date-time" },
              bytes: { type: "integer" },
            },
          },
        },
      },
    },
    errors: [400, 401, 403, 409, 413, 415, 422, 429, 503, 507],
    sample:
      `curl -H "x-api-key: $ROLLCALL_KEY" -T report.json ` +
      `${SAMPLE_ADDRESS}/v1/reports/i-0123456789abcdef0`,

    async handle(context, services, key) {
      const id = readHostId(context);
      const enrolled = await authorizeHost(context, services, key, id);
      if (key) services.bounds?.take(key, id);
      const bytes = await readBody(context, MAX_REPORT_BYTES);
      const report = parseReport(bytes, id);
      if (isRejected(report))
        throw new ApiError("invalid_report", report.detail, { extensions: { reason: report.reason } });
      if (key) services.bounds?.claim(key, id, report.body.length);
      const place = enrolled ?? (await awaitStore(findPlace(services, id, report.body), services));
      const answer = (receivedAt: number) =>
        context.json({ id, received_at: new Date(receivedAt).toISOString(), bytes: report.body.length });
      // Done, as if the newer one had come after it.
      const forget = order.take(place, report.body);
      if (!forget) {
        services.log.info({ id }, "a report came after a newer one of the same host, and was left out");
        return answer(services.clock());
      }
      const entry = await awaitStore(services.store.put(place, report.body), services).catch(
        (error: unknown) => {
          forget();
          throw error;
        },
      );
      services.roll.note(entry, report.body);
      services.log.debug({ id, bytes: report.body.length }, "report stored");
      return answer(entry.lastModified);
    },
  };
}

/**
 * A second machine's report does not take the first one's place. Of an enrolled host its enrolment
 * tells.
 */
async function findPlace({ store, clock, log }: Services, id: string, body: Uint8Array): Promise<string> {
  const own = formatReportKey(id);
  const placement = await placeReport(store, body, { key: own, now: clock(), toleranceMs: TOLERANCE_MS });
  if (placement.other)
    log.warn({ id, other: placement.other.name, key: placement.key }, "two machines report under one id");
  return placement.key;
}
