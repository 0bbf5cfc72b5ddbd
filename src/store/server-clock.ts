// The server's clock as far as it is known: what dates signatures where this machine's own clock is
// wrong, as AWS's SDKs do. https://docs.aws.amazon.com/sdkref/latest/guide/feature-clock-skew.html
// ("clock skew correction")
import type { Clock } from "../report/clock.ts";

/**
 * AWS allows signatures to be 15 minutes off (RequestTimeTooSkewed), STS five. Less is not what a
 * refusal was about; ms.
 */
const NOTABLE_MS = 4 * 60_000;

/** An answer that may have been refused for its date. */
interface DatedAnswer {
  readonly status: number;
  readonly headers: { readonly date?: string };
}

export interface ServerClock {
  /** What time it is, by the server as soon as it was heard; ms since the epoch. */
  now(): number;
  /**
   * Learns from an answer what time it is at the server.
   *
   * @param signedAt what `now` said when the request was signed
   * @returns whether the request was refused, and dated so wrongly that it is worth signing again
   */
  correct(answer: DatedAnswer, signedAt: number): boolean;
}

/**
 * Makes a clock that agrees with ours until a refusal says that ours is wrong. It is shared by all
 * that one store signs.
 */
export function createServerClock(clock: Clock): ServerClock {
  let ahead = 0;
  return {
    now: () => clock() + ahead,
    correct({ status, headers }, signedAt) {
      // By the status, not the words: HEAD has no body, and STS, S3 and other servers each have
      // other words for it.
      if (status !== 400 && status !== 401 && status !== 403) return false;
      const told = Date.parse(headers.date ?? "");
      if (Number.isNaN(told) || Math.abs(told - signedAt) < NOTABLE_MS) return false;
      ahead = told - clock();
      return true;
    },
  };
}
