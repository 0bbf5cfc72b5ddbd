// Freshness is a difference of two absolute times: nothing here knows of days, months or zones.
import { EXPIRY_MS, RECEIPT_TOLERANCE_MS } from "./limits.ts";

/**
 * - `fresh`: received within the window.
 * - `silent`: older than the window, not yet expired.
 * - `gone`: expired; no answer shows it.
 * - `future`: received, by the store's word, later than now and beyond tolerance. It would stay
 *   fresh too long, so it is set aside.
 */
export type State = "fresh" | "silent" | "gone" | "future";

/**
 * Tells the state of a report.
 *
 * @param receivedAt when the store received it, ms since the epoch; never the host's word
 * @param now the reader's clock, ms since the epoch
 * @param windowMs how old a fresh report may be, inclusive
 */
export function judgeFreshness(receivedAt: number, now: number, windowMs: number): State {
  return now - receivedAt < -RECEIPT_TOLERANCE_MS ? "future" : judgeAge(receivedAt, now, windowMs);
}

/**
 * Tells the state of a report that a view holds. What is of the future was set aside when the view
 * was made; what came after the listing behind it is fresh, however long after.
 *
 * @param asOf the view's instant, ms since the epoch
 */
export function judgeAge(receivedAt: number, asOf: number, windowMs: number): Exclude<State, "future"> {
  const age = asOf - receivedAt;
  if (age <= windowMs) return "fresh";
  return age <= EXPIRY_MS ? "silent" : "gone";
}
