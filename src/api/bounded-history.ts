// The history for one request: what fails or takes too long is told as it is of the roll.

import type { History } from "../history/history.ts";
import { endInTime } from "../network/time-limit.ts";
import { awaitStore, RETRY } from "./deadline.ts";
import { ApiError } from "./problem-details.ts";
import type { Services } from "./route.ts";

/** Bounds the time of all readings of one request together. */
export function boundHistory(history: History, services: Services): History {
  const { clock, deadlineMs } = services;
  const until = clock() + deadlineMs;
  const makeError = () =>
    new ApiError(
      "store_unavailable",
      `the history could not be read within ${deadlineMs} ms; ask of a shorter time`,
      RETRY,
    );
  const bound = <T>(work: Promise<T>): Promise<T> =>
    awaitStore(endInTime(work, Math.max(1, until - clock()), makeError), services);

  async function* boundEach<T>(rows: AsyncIterable<T>): AsyncGenerator<T> {
    const reading = rows[Symbol.asyncIterator]();
    try {
      for (let next = await bound(reading.next()); !next.done; next = await bound(reading.next()))
        yield next.value;
    } finally {
      await reading.return?.();
    }
  }

  return {
    viewAt: (at, signal) => bound(history.viewAt(at, signal)),
    viewsAt: (instants, signal) => boundEach(history.viewsAt(instants, signal)),
    readChanges: (span, signal) => boundEach(history.readChanges(span, signal)),
    readReceipts: (span, signal) => boundEach(history.readReceipts(span, signal)),
    reach: (signal) => bound(history.reach(signal)),
    status: (signal) => bound(history.status(signal)),
  };
}
