// rollcall doctor's look at this host's clock, beside that of the server or bucket.
import { toFailure } from "../../network/failure.ts";
import type { Clock } from "../../report/clock.ts";
import type { Finding } from "./doctor.ts";
import { adviseOn, type Destination } from "./doctor-hop.ts";

/** S3 refuses requests that are dated 15 minutes off (AWS, "RequestTimeTooSkewed"). */
const MAX_CLOCK_SKEW_MS = 10 * 60_000;
const NOTABLE_SKEW_MS = 60_000;
const CLOCK_TIMEOUT_MS = 5000;

/**
 * Both S3 and HTTP servers say what time it is. @param url where one is asked; undefined for a
 * folder
 */
export async function checkClock(
  url: URL | undefined,
  destination: Destination,
  clock: Clock,
): Promise<Finding> {
  const check = "clock";
  if (!url) return { check, outcome: "skipped", detail: "a folder's clock is this host's own" };
  try {
    const askedAt = clock();
    const response = await fetch(url, {
      method: "HEAD",
      redirect: "manual",
      signal: AbortSignal.timeout(CLOCK_TIMEOUT_MS),
    });
    const told = Date.parse(response.headers.get("date") ?? "");
    if (Number.isNaN(told))
      return { check, outcome: "skipped", detail: `${url.origin} does not say what time it is` };
    const skew = (askedAt + clock()) / 2 - told;
    const detail = `${Math.abs(Math.round(skew / 1000))} s ${skew < 0 ? "behind" : "ahead of"} ${url.origin}`;
    const fix = "set it right: timedatectl set-ntp true";
    if (Math.abs(skew) > MAX_CLOCK_SKEW_MS) return { check, outcome: "failed", detail, fix };
    return Math.abs(skew) > NOTABLE_SKEW_MS
      ? { check, outcome: "warning", detail, fix }
      : { check, outcome: "ok", detail };
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === "TimeoutError";
    const failure = toFailure(error, { host: url.hostname });
    const reason = isLate ? `nothing within ${CLOCK_TIMEOUT_MS / 1000} s` : failure.message;
    const hop = isLate ? "http" : (failure.hop ?? "http");
    return {
      check,
      outcome: "failed",
      hop,
      detail: `${url.origin} does not answer: ${reason}`,
      fix: adviseOn(hop, destination),
    };
  }
}
