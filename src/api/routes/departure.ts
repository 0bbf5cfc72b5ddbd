// DELETE /v1/reports/{id}: a host leaves, and is out of the roll at once.
import { formatDeparture, isLeaveReason, LEAVE_REASONS } from "../../report/departure.ts";
import { formatDepartureKey, formatReportKey, isHostId } from "../../report/key.ts";
import { cutHash } from "../../report/maker.ts";
import { formatUpdateDate } from "../../report/update-date.ts";
import { placeDeparture } from "../../store/placement.ts";
import { awaitStore } from "../deadline.ts";
import { authorizeHost, readMachine } from "../host-authorization.ts";
import { ApiError } from "../problem-details.ts";
import type { Route } from "../route.ts";
import { HOST_ID_PARAMETER } from "../schemas.ts";

/** Makes DELETE /v1/reports/{id}. */
export function deleteReport(): Route {
  return {
    method: "delete",
    path: "/v1/reports/{id}",
    scope: "ingest",
    summary: "Take a host out of the roll: it leaves",
    description:
      "Writes the host's departure. Its report is in no answer from then on, until the host reports again. It may be asked of a host that is not there.",
    parameters: [
      HOST_ID_PARAMETER,
      {
        name: "reason",
        in: "query",
        description: "Why it leaves.",
        schema: { enum: LEAVE_REASONS, default: "stopped" },
        example: "shutdown",
      },
    ],
    answers: { 204: { description: "The host has left." } },
    errors: [400, 401, 403, 409, 429, 503, 507],
    sample: `curl -X DELETE -H "x-api-key: $ROLLCALL_KEY" http://127.0.0.1:8787/v1/reports/i-0123456789abcdef0`,

    async handle(context, services, key) {
      const id = context.req.param("id") ?? "";
      if (!isHostId(id)) {
        throw new ApiError("bad_request", "the id in the path is no host id: letters, digits, -, _ and single dots, at most 128");
      }
      const reason = context.req.query("reason") ?? "stopped";
      if (!isLeaveReason(reason)) throw new ApiError("bad_request", `reason: write one of ${LEAVE_REASONS.join(", ")}`);
      const enrolled = await authorizeHost(context, services, key, id);
      if (key) services.bounds?.take(key, id);
      if (key) services.bounds?.claim(key, id);
      const machine = readMachine(context);
      const own = formatReportKey(id);
      const reportKey =
        machine && enrolled === undefined
          ? await awaitStore(
              placeDeparture(services.store, { key: own, machine: cutHash(machine.machine), boot: cutHash(machine.boot) }),
              services,
            )
          : (enrolled ?? own);
      if (reportKey === undefined) {
        services.log.info({ id }, "a machine left of which there is no report; another one's under the same id stays");
        return context.body(null, 204);
      }
      const body = formatDeparture({ id, leftAt: formatUpdateDate(services.clock()), reason });
      const entry = await awaitStore(services.store.put(formatDepartureKey(reportKey), body), services);
      services.roll.noteDeparture(reportKey, entry.lastModified);
      services.log.debug({ id, reason }, "departure stored");
      return context.body(null, 204);
    },
  };
}
