// When a host reports though nothing changed: once an hour, at a time of its own, so that hosts
// that boot together do not upload together. Pure.
import { createHash } from "node:crypto";

/**
 * How often an unchanged report is sent again; ms. Half the window (2 h), so that one that fails
 * silences nobody.
 */
export const HEARTBEAT_MS = 60 * 60_000;

/**
 * A slot that comes sooner after a report is left out: the report is young enough until the next
 * one, at most 90 minutes later.
 */
const MIN_GAP_MS = HEARTBEAT_MS / 2;

/**
 * A machine that has just booted may be one of very many: their first reports are spread over this
 * time. So 100,000 hosts that boot in the same second stay below the 3,500 PUTs a second that S3
 * takes for a prefix
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html).
 */
const BOOT_SPREAD_MS = 30_000;

/** An agent that starts so long after boot was installed or restarted, and reports at once; ms. */
const BOOT_MS = 5 * 60_000;

/** A host's place in the hour, in ms; the same for ever, and evenly spread over hosts. */
export function findSlot(id: string): number {
  const hash = createHash("sha256").update(`rollcall heartbeat ${id}`).digest();
  return Math.floor((hash.readUInt32BE(0) / 2 ** 32) * HEARTBEAT_MS);
}

/**
 * How long after a report, whatever its reason, the next heartbeat comes.
 *
 * @param slot what findSlot gave
 * @param now ms since the epoch
 * @returns from 30 to 90 minutes, in ms
 */
export function waitForSlot(slot: number, now: number): number {
  const wait = HEARTBEAT_MS - modulo(now - slot, HEARTBEAT_MS);
  return wait < MIN_GAP_MS ? wait + HEARTBEAT_MS : wait;
}

/**
 * How long an agent waits before its first report; ms. @param uptime since boot, ms @param random
 * from 0 to 1
 */
export function waitAtStart(uptime: number, random: number): number {
  return uptime < BOOT_MS ? random * BOOT_SPREAD_MS : 0;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
