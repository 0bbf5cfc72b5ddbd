// Two deliveries as one: each has its own tries, so that neither waits for the other.
import type { Delivery } from "./delivery.ts";

/**
 * Joins the delivery to where a host reports and one to another place that gets the same reports.
 *
 * @param own what is told of is this one's, and what an earlier process could not send
 */
export function joinDeliveries(own: Delivery, other: Delivery): Delivery {
  return {
    restore: () => own.restore(),
    offer(report) {
      other.offer(report);
      own.offer(report);
    },
    get state() {
      return own.state;
    },
    async stop(graceMs) {
      await Promise.all([own.stop(graceMs), other.stop(graceMs)]);
    },
    async settle() {
      await Promise.all([own.settle(), other.settle()]);
    },
  };
}
