// A report's word of how often its host reports though nothing changed: `rollcall.heartbeat_s`.

/**
 * What goes into a report's `rollcall`. @param heartbeatMs whole seconds, in ms
 */
export function formatHeartbeat(heartbeatMs: number) {
  return { heartbeat_s: Math.round(heartbeatMs / 1000) };
}

/**
 * The longest pause between two reports of a host that is well, by its heartbeat; ms. The agent
 * leaves a heartbeat out that comes soon after a change (agent/schedule.ts).
 */
export function longestPause(heartbeatMs: number): number {
  return heartbeatMs * 1.5;
}

/** A report that is older than a day is gone whatever it says; s. */
const MAX_HEARTBEAT_S = 86_400;

const ROLLCALL = Buffer.from('"rollcall":{');
const HEARTBEAT = Buffer.from('"heartbeat_s":');

/**
 * Reads it as the agent writes it, without parsing the report: as a member, with no blanks, after
 * the last `rollcall`, which ends the report.
 *
 * @returns ms; undefined for a report that does not say
 */
export function readHeartbeat(body: Uint8Array): number | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const rollcall = bytes.lastIndexOf(ROLLCALL);
  const place = rollcall < 0 ? -1 : bytes.indexOf(HEARTBEAT, rollcall);
  if (place < 0) return undefined;
  const start = place + HEARTBEAT.length;
  const seconds = Number(/^\d{1,6}(?=[,}])/.exec(bytes.toString("latin1", start, start + 8))?.[0]);
  return seconds > 0 && seconds <= MAX_HEARTBEAT_S ? seconds * 1000 : undefined;
}
