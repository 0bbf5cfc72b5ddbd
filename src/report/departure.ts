// The departure: what a host leaves behind when it shuts down or is told of its interruption.
import { REPORT_SCHEMA } from "./report.ts";

/** Why hosts leave. */
export const LEAVE_REASONS = ["stopped", "shutdown", "spot_interruption", "autoscaling_termination"] as const;
export type LeaveReason = (typeof LEAVE_REASONS)[number];

/** Tells whether a text is one of the reasons. */
export function isLeaveReason(text: string): text is LeaveReason {
  return (LEAVE_REASONS as readonly string[]).includes(text);
}

/**
 * Makes a departure's bytes. Whose it is, and when it came, the store tells; the rest is for
 * people.
 *
 * @param leftAt ISO 8601 with an offset, by the clock of the one who writes
 */
export function formatDeparture({
  id,
  leftAt,
  reason,
}: {
  id: string;
  leftAt: string;
  reason: LeaveReason;
}): Buffer {
  return Buffer.from(
    JSON.stringify({ instance_id: id, left_at: leftAt, reason, rollcall: { schema: REPORT_SCHEMA } }),
  );
}
