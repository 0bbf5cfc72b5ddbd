// The machine that made a report, and its boot, as the report's `rollcall` says. By it two machines
// under one id are told apart.

import { parseJson } from "./parse-json.ts";
import { parseUpdateDate } from "./update-date.ts";

/** Hexadecimal digits of each hash in a report. */
const HASH_LENGTH = 16;

/**
 * Two views of one boot, such as a unit's and a shell's in a container, tell its beginning by one
 * clock, which moves it by a second; s.
 */
export const SAME_START_S = 5;

/** What a report says of the machine that made it. */
export interface ReportingMachine {
  /** The same as long as the machine is; another on a copy that has other hardware. */
  readonly machine: string;
  /** The same until the machine boots again. */
  readonly boot: string;
  /**
   * When the kernel started, by the machine's clock, s since the epoch; undefined where the machine
   * does not say.
   */
  readonly startedAt: number | undefined;
  /**
   * How long the machine had run when the report was made, ms; undefined where the report does not
   * say.
   */
  readonly uptimeMs: number | undefined;
  /**
   * The same, to the second, by the kernel's word of its start: no daylight saving time and no
   * clock that is set changes it. ms
   */
  readonly ageMs: number | undefined;
  /** For people. */
  readonly name: string | undefined;
}

/**
 * What goes into a report's `rollcall`: hashes are cut, since they tell a few machines apart, and
 * stand in each of very many reports.
 */
export function formatReportingMachine(fingerprint: {
  readonly machine: string;
  readonly boot: string;
  readonly startedAt: number | undefined;
}) {
  const { machine, boot, startedAt } = fingerprint;
  return {
    machine: cutHash(machine),
    boot: cutHash(boot),
    ...(startedAt !== undefined && { started: startedAt }),
  };
}

export function cutHash(hash: string): string {
  return hash.slice(0, HASH_LENGTH);
}

/**
 * Reads who made a report. @returns undefined for a report that does not say: a shell script's, an
 * older agent's, or none at all
 */
export function readReportingMachine(body: Uint8Array): ReportingMachine | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!bytes.includes('"boot":"')) return undefined;
  const report = parseJson(bytes);
  if (!isObject(report) || !isObject(report.rollcall)) return undefined;
  const { machine, boot, started } = report.rollcall;
  if (!isHash(machine) || !isHash(boot)) return undefined;
  return {
    machine,
    boot,
    startedAt: typeof started === "number" ? started : undefined,
    uptimeMs: measureUptime(report.update_date, report.os_start_date),
    ageMs: measureAge(report.update_date, started),
    name: typeof report.instance_name === "string" ? report.instance_name : undefined,
  };
}

/** Both are by one clock, and the second has the first one's offset. */
function measureUptime(updateDate: unknown, startDate: unknown): number | undefined {
  if (typeof updateDate !== "string" || typeof startDate !== "string") return undefined;
  const offset = /(?:Z|[+-]\d{2}:?\d{2})$/.exec(updateDate)?.[0] ?? "";
  const [updated, started] = [parseUpdateDate(updateDate), parseUpdateDate(`${startDate}${offset}`)];
  return updated === undefined || started === undefined || updated < started ? undefined : updated - started;
}

/**
 * Whether the machine that brings a report is another than the one whose report lies there. A
 * machine boots after its last report, so who had booted before and is in another boot is another
 * machine. Where that cannot be told, it is taken for the same.
 *
 * @param there whose report lies there, and when it came; ms since the epoch
 * @param now when the other one comes, by the same clock
 * @param toleranceMs how far the two times may be off
 */
export function isOtherMachine(
  there: { readonly reporter: ReportingMachine; readonly receivedAt: number },
  coming: ReportingMachine,
  now: number,
  toleranceMs: number,
): boolean {
  const { reporter, receivedAt } = there;
  if (reporter.boot === coming.boot || isSameBoot(reporter, coming) || coming.uptimeMs === undefined)
    return false;
  return now - coming.uptimeMs < receivedAt - toleranceMs;
}

function measureAge(updateDate: unknown, started: unknown): number | undefined {
  const updated = typeof updateDate === "string" ? parseUpdateDate(updateDate) : undefined;
  return updated === undefined || typeof started !== "number" ? undefined : updated - started * 1000;
}

/** By how much the age may be off: the kernel tells its start in whole seconds; ms. */
const AGE_OFF_MS = 2000;

/**
 * Whether a report was made before another one, in the same boot of the same machine.
 *
 * @param mostMs if it was made longer before than this, something else is the reason
 */
export function isOlderReport(one: ReportingMachine, other: ReportingMachine, mostMs: number): boolean {
  if (one.boot !== other.boot || one.machine !== other.machine) return false;
  if (one.ageMs === undefined || other.ageMs === undefined) return false;
  const by = other.ageMs - one.ageMs;
  return by > AGE_OFF_MS && by <= mostMs;
}

/** Whether two that see other boots are on one machine in one boot all the same. */
function isSameBoot(one: ReportingMachine, other: ReportingMachine): boolean {
  if (one.startedAt === undefined || other.startedAt === undefined) return false;
  return (
    one.machine === other.machine &&
    one.name === other.name &&
    Math.abs(one.startedAt - other.startedAt) <= SAME_START_S
  );
}

function isHash(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{16}$/.test(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
