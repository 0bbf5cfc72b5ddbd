// DELETE /v1/reports/{id}: a host leaves, and is out of the roll at once.

import { HOST_ID } from "../../questions/parameters.ts";
import { formatDeparture, isLeaveReason, LEAVE_REASONS } from "../../report/departure.ts";
import { judgeAge } from "../../report/freshness.ts";
import { formatDepartureKey, formatReportKey } from "../../report/key.ts";
import { MAX_REPORT_BYTES } from "../../report/limits.ts";
import { cutHash } from "../../report/reporting-machine.ts";
import { formatUpdateDate } from "../../report/update-date.ts";
import { findById } from "../../roll/view.ts";
import { placeDeparture } from "../../store/placement.ts";
import { TooLarge, Unreadable } from "../../store/store.ts";
import { awaitStore, awaitView } from "../deadline.ts";
import { authorizeHost, readHostId, readMachine } from "../host-authorization.ts";
import { ApiError } from "../problem-details.ts";
import type { Route, Services } from "../route.ts";
import { SAMPLE_ADDRESS } from "../sample-address.ts";

/** Makes DELETE /v1/reports/{id}. */
export function deleteReport(): Route {
  return {
    method: "delete",
    path: "/v1/reports/{id}",
    scope: "ingest",
    summary: "Take a host out of the roll: it leaves",
    description:
      "Writes the host's departure. Its report is in no answer from then on, until " +
      "the host reports again. It may be asked of a host that is not there. " +
      "A host that reports straight into the store is refused with 409: it leaves by its own agent.",
    parameters: [
      HOST_ID,
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
    sample: `curl -X DELETE -H "x-api-key: $ROLLCALL_KEY" ${SAMPLE_ADDRESS}/v1/reports/i-0123456789abcdef0`,

    async handle(context, services, key) {
      const id = readHostId(context);
      const reason = context.req.query("reason") ?? "stopped";
      if (!isLeaveReason(reason))
        throw new ApiError("bad_request", `reason: write one of ${LEAVE_REASONS.join(", ")}`);
      const enrolled = await authorizeHost(context, services, key, id);
      if (key) services.bounds?.take(key, id);
      if (key) services.bounds?.claim(key, id);
      const reportKeys =
        enrolled === undefined ? await findKeys(services, id, readMachine(context)) : [enrolled];
      if (reportKeys.length === 0) {
        services.log.info(
          { id },
          "a machine left of which there is no report; another one's under the same id stays",
        );
        return context.body(null, 204);
      }
      const body = formatDeparture({ id, leftAt: formatUpdateDate(services.clock()), reason });
      for (const reportKey of reportKeys) {
        const entry = await awaitStore(services.store.put(formatDepartureKey(reportKey), body), services);
        services.roll.noteDeparture(reportKey, entry.lastModified);
      }
      services.log.debug({ id, reason }, "departure stored");
      return context.body(null, 204);
    },
  };
}

/**
 * The keys of the reports that a departure takes away; none where what lies there is another
 * machine's.
 */
async function findKeys(
  services: Services,
  id: string,
  machine: ReturnType<typeof readMachine>,
): Promise<string[]> {
  const own = formatReportKey(id);
  const found = machine
    ? await awaitStore(
        placeDeparture(services.store, {
          key: own,
          machine: cutHash(machine.machine),
          boot: cutHash(machine.boot),
        }),
        services,
      )
    : own;
  if (found === undefined) return [];
  return found === own ? [own, ...(await findBeside(services, id, own))] : [found];
}

/**
 * Finds what a departure of the host's own key would not take away, where no report lies under that
 * one: reports beside it that this server wrote, and those of hosts that write straight into the
 * store, where a rule of the store's own says who may. Where one does, the departure takes away
 * what lies at the top of the store as well, and nobody waits for the roll: a host that shuts down
 * has seconds.
 *
 * @returns keys of the former that lie alone
 * @throws ApiError elsewhere for the latter: a 204 would do nothing
 */
async function findBeside(services: Services, id: string, own: string): Promise<string[]> {
  if (await awaitStore(hasReport(services, own), services)) return [];
  const view = await awaitView(services);
  const found = findById(view.reports, id).filter(
    ({ receivedAt }) => judgeAge(receivedAt, view.asOf, 0) !== "gone",
  );
  const ours = found.filter(
    ({ key }) => key !== own && key.startsWith(own.slice(0, own.lastIndexOf("/") + 1)),
  );
  // What lies at the top of the store takes the place of what is ours where it is newer; other
  // accounts' are other hosts.
  const other = found.find(({ account }) => account === "" || (ours.length === 0 && account !== "local"));
  if (other) {
    throw new ApiError(
      "elsewhere",
      `the report of ${id} lies at ${other.key}, where the host itself puts it and ` +
        "this server writes nothing; the host leaves when its agent stops " +
        "(rollcall agent), or when the object is deleted in the store",
    );
  }
  return ours.map(({ key }) => key);
}

/** Whether a report that is not gone lies under a key. */
async function hasReport({ store, clock }: Services, key: string): Promise<boolean> {
  try {
    const found = await store.get(key, { maxBytes: MAX_REPORT_BYTES });
    return found !== undefined && judgeAge(found.lastModified, clock(), 0) !== "gone";
  } catch (error) {
    if (error instanceof TooLarge || error instanceof Unreadable) return true;
    throw error;
  }
}
