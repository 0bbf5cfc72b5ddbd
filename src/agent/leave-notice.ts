// Notices that a host will end: EC2 tells a spot instance two minutes before, and one of an Auto
// Scaling group when it is terminated.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html

import { type Answer, ask, type MetadataSource, readToken } from "../collect/metadata.ts";
import type { LeaveReason } from "../report/departure.ts";
import { parseJson } from "../report/parse-json.ts";

/** How often the service is asked, as AWS recommends for spot; ms. */
export const NOTICE_EVERY_MS = 5000;

/** A token is used for half of the minute that it is good for. */
const TOKEN_FOR_MS = 30_000;

/**
 * The spot service says what it will do; an instance that is stopped or hibernated leaves as well.
 */
const SPOT = "meta-data/spot/instance-action";

/** InService, Terminated, Standby, Warmed:… */
const AUTOSCALING = "meta-data/autoscaling/target-lifecycle-state";

const LIFE_CYCLE = "meta-data/instance-life-cycle";

/**
 * An instance that is in no Auto Scaling group is asked about it every five minutes: it may be
 * attached to one.
 */
const ATTACH_TURNS = 60;

export interface LeaveNoticesOptions {
  readonly metadata: MetadataSource;
  readonly monotonic: () => number;
  /** Waits; ends early, without an error, when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Whoever looks for notices. A service that is slow, absent or away for a while is asked again;
 * what is not understood is no notice.
 */
export interface LeaveNotices {
  /** Waits for a notice. @returns undefined once the signal aborts */
  awaitNotice(signal: AbortSignal): Promise<LeaveReason | undefined>;
  /** Waits until there is none: an instance that was hibernated and runs again. */
  awaitNone(signal: AbortSignal): Promise<void>;
}

/** Makes one who asks the metadata service. */
export function createLeaveNotices({ metadata, monotonic, sleep }: LeaveNoticesOptions): LeaveNotices {
  let token: { readonly headers: Readonly<Record<string, string>>; readonly at: number } | undefined;
  let isSpot: boolean | undefined;
  let isInGroup: boolean | undefined;
  let turn = 0;

  async function get(path: string, signal: AbortSignal): Promise<Answer> {
    if (!token || monotonic() - token.at > TOKEN_FOR_MS) {
      const fresh = await readToken(metadata, true, signal);
      if ("failure" in fresh) return fresh;
      token = { headers: fresh.headers, at: monotonic() };
    }
    const answer = await ask(metadata, "GET", path, token.headers, signal);
    // The service has restarted, and knows the token no more.
    if ("status" in answer && answer.status === 401) token = undefined;
    return answer;
  }

  async function readNotice(signal: AbortSignal): Promise<LeaveReason | undefined> {
    if (isSpot === undefined) {
      const answer = await get(LIFE_CYCLE, signal);
      if ("status" in answer && answer.status < 500 && answer.status !== 401)
        isSpot = answer.body.trim() === "spot";
    }
    if (isSpot !== false && isInterruption(await get(SPOT, signal))) return "spot_interruption";
    if (isInGroup === false && turn++ % ATTACH_TURNS !== 0) return undefined;
    const answer = await get(AUTOSCALING, signal);
    if (!("status" in answer)) return undefined;
    if (answer.status === 200 || answer.status === 404) isInGroup = answer.status === 200;
    return answer.status === 200 && LEAVING.test(answer.body.trim()) ? "autoscaling_termination" : undefined;
  }

  return {
    async awaitNotice(signal) {
      while (!signal.aborted) {
        const notice = await readNotice(signal);
        if (notice) return notice;
        await sleep(NOTICE_EVERY_MS, signal);
      }
      return undefined;
    },
    async awaitNone(signal) {
      while (!signal.aborted && (await readNotice(signal))) await sleep(NOTICE_EVERY_MS, signal);
    },
  };
}

/**
 * Out of the group, or out of its warm pool (EC2 Auto Scaling guide, "Retrieve the target lifecycle
 * state through instance metadata").
 */
const LEAVING = /^(?:Warmed:)?Terminated$/;

/** Elsewhere than on EC2 nobody tells. */
export const NO_NOTICES: LeaveNotices = {
  awaitNotice: (signal) =>
    new Promise((resolve) => {
      if (signal.aborted) resolve(undefined);
      else signal.addEventListener("abort", () => resolve(undefined), { once: true });
    }),
  awaitNone: () => Promise.resolve(),
};

function isInterruption(answer: Answer): boolean {
  if (!("status" in answer) || answer.status !== 200) return false;
  const notice = parseJson(answer.body);
  if (typeof notice !== "object" || notice === null || !("action" in notice)) return false;
  return /^(?:terminate|stop|hibernate)$/.test(String(notice.action));
}
