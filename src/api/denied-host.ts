// Refuses hosts that are shut out.
import { isDenied } from "../access/denials.ts";
import { awaitStore } from "./deadline.ts";
import { ApiError } from "./problem-details.ts";
import type { Services } from "./route.ts";

/**
 * Refuses a host that is shut out.
 *
 * @param code for who is refused with no key
 * @throws ApiError forbidden, or the code that is given; store_unavailable where the store cannot
 *   be asked
 */
export async function refuseDenied(
  { store, deadlineMs, log }: Pick<Services, "store" | "deadlineMs" | "log">,
  host: string,
  code: "forbidden" | "enrolment_refused" = "forbidden",
) {
  if (!(await awaitStore(isDenied(store, host), { deadlineMs, log }))) return;
  log.warn({ id: host }, "a host that is denied was refused");
  throw new ApiError(
    code,
    `the host ${host} is shut out; an operator lets it in again with: rollcall keys allow ${host}`,
  );
}
