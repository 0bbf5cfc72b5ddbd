// Waiting for the store within a bound, so that a client hears from us before its own time-out or a
// gateway's ends.
import { AccessError } from "../access/access-error.ts";
import { endInTime } from "../network/time-limit.ts";
import type { RollView } from "../roll/view.ts";
import { StoreError, StoreMissing, Unreadable } from "../store/store.ts";
import { ApiError } from "./problem-details.ts";
import type { Services } from "./route.ts";

/**
 * The roll's view, or an error that says how far the reading has come. The refresh itself goes on,
 * for the next who asks, and what it has read is not read again.
 *
 * @param partial give what there is instead of the error
 * @throws ApiError store_unavailable
 */
export async function awaitView(services: Services, partial = false): Promise<RollView> {
  return await awaitRoll(services.roll.view(), services, partial);
}

/** As awaitView, for whoever showed no key: names no store. @throws ApiError store_unavailable */
export async function awaitReadiness(services: Services): Promise<void> {
  await awaitRoll(services.roll.view(), services, false, false);
}

/**
 * As awaitView, of one host alone where that will do (Roll.viewHost).
 *
 * @throws ApiError store_unavailable
 */
export async function awaitHost(
  services: Services,
  host: { readonly id: string; readonly account: string | undefined },
  partial: boolean,
): Promise<RollView> {
  return await awaitRoll(services.roll.viewHost(host.id, host.account), services, partial);
}

async function awaitRoll(
  view: Promise<RollView>,
  { roll, deadlineMs, log }: Services,
  partial: boolean,
  namesStores = true,
): Promise<RollView> {
  try {
    return await awaitStore(view, { deadlineMs, log });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const reason = `${error.message}; ${describeProgress(roll.progress())}`;
    if (partial) return roll.partialView(reason);
    const unread = namesStores ? roll.unread() : [];
    const where = unread.length > 0 ? `not read completely: ${unread.join(", ")}; ` : "";
    throw new ApiError(
      error.code,
      `${where}${reason}. Ask again, or add partial=ok for what is there`,
      RETRY,
    );
  }
}

/** Waits for any work on the store; its failures and its slowness become 503. */
export async function awaitStore<T>(
  work: Promise<T>,
  { deadlineMs, log }: Pick<Services, "deadlineMs" | "log">,
): Promise<T> {
  const makeError = () =>
    new ApiError("store_unavailable", `the store did not answer within ${deadlineMs} ms`, RETRY);
  try {
    return await endInTime(work, deadlineMs, makeError);
  } catch (error) {
    if (error instanceof ApiError || error instanceof AccessError) throw error;
    log.error({ err: error }, "the store failed");
    throw new ApiError("store_unavailable", `${describeFailure(error)}; the server's log says more`, RETRY);
  }
}

/** What the store itself says may name paths and hosts; it goes to the log, not to the client. */
function describeFailure(error: unknown): string {
  if (error instanceof StoreMissing)
    return "the store is away: its folder was moved, or its disk is not mounted";
  if (error instanceof Unreadable) return "the store's object cannot be read by the server";
  const reason = REASONS[findCode(error) ?? ""];
  if (reason !== undefined) return `the store failed: ${reason}`;
  return `the store failed (${error instanceof StoreError ? error.name : "unexpected error"})`;
}

/** What a file system refused for, where that is of use to whoever asked. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "its disk is full",
  EDQUOT: "its user's disk quota is used up",
  EROFS: "its file system is read-only",
  EIO: "its disk reports an error",
  EFBIG: "its files may not be so long",
  EMFILE: "the server has too many files open",
  ENFILE: "the server's machine has too many files open",
};

/** The system's own code, of an error or of what caused it. */
function findCode(error: unknown): string | undefined {
  for (let one = error; one instanceof Error; one = one.cause)
    if ("code" in one && typeof one.code === "string") return one.code;
  return undefined;
}

function describeProgress(progress: ReturnType<Services["roll"]["progress"]>): string {
  if (!progress) return "nothing was read yet";
  const { listed, isListed, changed, read } = progress;
  return (
    `${listed} objects were listed${isListed ? "" : " so far"}, ${read} of ${changed} ` +
    "new or changed ones were read"
  );
}

/** For ApiError: when to ask again. */
export const RETRY = { headers: { "retry-after": "5" } };
