// Which of a host's reports is the newer one, where the network brings them in another order than
// the host sent them.
import { LRUCache } from "lru-cache";
import { isOlderReport, type ReportingMachine, readReportingMachine } from "../report/reporting-machine.ts";

/**
 * Hosts whose last report is remembered. One takes some 300 bytes; those beyond it that reported
 * longest ago are forgotten.
 */
const MAX_HOSTS = 100_000;

/** No proxy holds a request back for longer; ms. */
const MAX_DELAY_MS = 15 * 60_000;

export interface ReportOrder {
  /**
   * Takes a report that has just come, with which later ones are compared.
   *
   * @param place the key that it goes under
   * @returns what forgets it again, where it could not be stored; undefined if it is older than one
   *   that was taken before it
   */
  take(place: string, body: Uint8Array): (() => void) | undefined;
}

/** Makes an order that remembers nothing yet. @param now ms of a clock that is never set */
export function createReportOrder(now: () => number = () => performance.now()): ReportOrder {
  const last = new LRUCache<string, ReportingMachine>({
    max: MAX_HOSTS,
    ttl: MAX_DELAY_MS,
    ttlResolution: 0,
    perf: { now },
  });
  return {
    take(place, body) {
      const coming = readReportingMachine(body);
      const before = last.get(place);
      if (coming && before && isOlderReport(coming, before, MAX_DELAY_MS)) return undefined;
      if (coming) last.set(place, coming);
      else last.delete(place);
      return () => {
        if (last.peek(place) === coming) last.delete(place);
      };
    },
  };
}
