// Whose reports a key may write: the one host that it may be bound to, and the machine that
// enrolled as that host.
import type { Context } from "hono";
import type { Caller } from "../access/caller.ts";
import { checkMachine, isInstanceId } from "../access/enrolment.ts";
import { readProof } from "../access/enrolment-object.ts";
import { isTaken } from "../access/identity.ts";
import { type Machine, machineSchema, viewSchema } from "../access/machine.ts";
import { MACHINE_HEADERS } from "../access/machine-headers.ts";
import { formatReportKey, isHostId } from "../report/key.ts";
import { cutHash } from "../report/reporting-machine.ts";
import { withMachine } from "../store/placement.ts";
import { awaitStore } from "./deadline.ts";
import { refuseDenied } from "./denied-host.ts";
import { ApiError } from "./problem-details.ts";
import type { Services } from "./route.ts";
import { unauthorized } from "./unauthorized.ts";

/** The host that the path names. @throws ApiError bad_request */
export function readHostId(context: Context): string {
  const id = context.req.param("id") ?? "";
  if (isHostId(id)) return id;
  throw new ApiError(
    "bad_request",
    "the id in the path is no host id: letters, digits, -, _ and single dots, at most 128",
  );
}

/**
 * Refuses a key that is bound to another host, or that another machine uses than the one that
 * enrolled, and a report of a host that is shut out.
 *
 * @returns where the host's report goes, as its enrolment tells; undefined where it has none
 * @throws ApiError unauthorized, forbidden, clone
 */
export async function authorizeHost(
  context: Context,
  services: Services,
  key: Caller | undefined,
  id: string,
): Promise<string | undefined> {
  if (key?.host !== undefined && key.host !== id) {
    throw new ApiError("forbidden", `the key ${key.id} may write the reports of ${key.host} only`);
  }
  // A host's own key, or one bound to it, was asked for this before. Others may take its report out
  // of the roll.
  if (key?.host === undefined && context.req.method === "PUT") await refuseDenied(services, id);
  if (!key?.enrolment) return undefined;
  // Not 403: the agent enrols anew where a key is no longer good.
  if (
    services.identityTrust &&
    isInstanceId(id) &&
    !isTaken(readProof(key.enrolment), services.identityTrust)
  )
    throw unauthorized(
      "this host enrolled without EC2's word, which alone gives ids of EC2 (i-…) here; enrol anew",
    );
  const machine = readMachine(context);
  if (!machine)
    throw new ApiError(
      "forbidden",
      "this key works with the agent that enrolled: it names its machine in headers",
    );
  const outcome = await awaitStore(checkMachine(services.store, key.enrolment, machine, services), services);
  const own = formatReportKey(id);
  if ("refusal" in outcome) {
    services.clones.note(id, outcome.advice ?? outcome.refusal);
    services.log.warn({ id, reason: outcome.refusal }, "a clone was refused");
    throw new ApiError("clone", `${outcome.refusal}; see docs/enrol.md`);
  }
  if (!outcome.isContested) return own;
  const beside = withMachine(own, cutHash(machine.machine));
  services.clones.note(id, describeContest(id, own, beside));
  const { machine: hardware, boot } = machine;
  services.log.warn(
    { id, isHome: outcome.isHome, machine: cutHash(hardware), boot: cutHash(boot) },
    "two machines use one host's key",
  );
  return outcome.isHome ? own : beside;
}

/** For the operator, who alone can tell which of them is right. */
function describeContest(id: string, own: string, beside: string): string {
  return (
    `two machines use the keys of ${id}, a copy of its disk or who has stolen a key: ` +
    `a boot came back that another had followed. Both report, under ${own} ` +
    `and ${beside}. To end the keys of both: rollcall keys revoke ${id}; the right ` +
    "one enrols anew (docs/enrol.md)"
  );
}

/**
 * The machine that a request says it is from; undefined if it does not say, or not in that form.
 */
export function readMachine({ req }: Context): Machine | undefined {
  const machine = machineSchema.safeParse({
    machine: req.header(MACHINE_HEADERS.machine),
    boot: req.header(MACHINE_HEADERS.boot),
  }).data;
  return machine && { ...machine, ...readView(req) };
}

/** What goes beside it in headers, also where the machine is told in the body. */
export function readView(req: Context["req"]): Pick<Machine, "name" | "startedAt"> {
  return viewSchema.parse({
    name: req.header(MACHINE_HEADERS.name),
    startedAt: req.header(MACHINE_HEADERS.startedAt),
  });
}
