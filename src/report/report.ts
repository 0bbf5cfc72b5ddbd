// The report: what its bytes must be, and the few facts that Rollcall reads from them.

import { isRejection, type JsonMembers, scanObject } from "./json.ts";
import { decodeString, type JsonSpan, walkChildren } from "./json-walk.ts";
import { isHostId } from "./key.ts";
import { MAX_REPORT_BYTES, MAX_REPORT_DEPTH } from "./limits.ts";
import type { Rejection } from "./problem.ts";
import { parseUpdateDate } from "./update-date.ts";

/** Version of the `rollcall` object in a report. */
export const REPORT_SCHEMA = 1;

/**
 * A report that was accepted. Its body is the host's bytes, untouched but for white space around
 * them.
 */
export interface Report {
  readonly id: string;
  readonly body: Buffer;
  /** update_date, by the host's own clock; ms since the epoch. */
  readonly updatedAt: number;
  /**
   * Where the reader may add its own member: inside the `rollcall` object if there is one, else at
   * the end of the report.
   */
  readonly insertion: InsertionPoint;
}

/** Byte offset in the body, and what stands there. */
export interface InsertionPoint {
  readonly offset: number;
  /**
   * `member`: after the last member of a non-empty `rollcall`; `first`: inside an empty one;
   * `object`: there is none.
   */
  readonly kind: "member" | "first" | "object";
}

/**
 * Reads a report.
 *
 * @param bytes the body as the host sent it
 * @param ownerId the host id that the key, or the URL, names; the body must agree (design: identity
 *   comes from where the report lies)
 * @returns the report, or why it is set aside
 */
export function parseReport(bytes: Uint8Array, ownerId: string): Report | Rejection {
  if (bytes.length > MAX_REPORT_BYTES) {
    return {
      reason: "too_large",
      detail: `the report has ${bytes.length} bytes; the limit is ${MAX_REPORT_BYTES}`,
    };
  }
  const members = scanObject(bytes, MAX_REPORT_DEPTH);
  if (isRejection(members)) return members;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const id = readRequired(buffer, members, "instance_id");
  if (typeof id !== "string") return id;
  if (id !== ownerId) {
    const shown = isHostId(id) ? `"${id}"` : "no host id";
    return {
      reason: "misfiled",
      detail: `instance_id is ${shown}, but the report was filed under "${ownerId}"`,
    };
  }
  const updateDate = readRequired(buffer, members, "update_date");
  if (typeof updateDate !== "string") return updateDate;
  const updatedAt = parseUpdateDate(updateDate);
  if (updatedAt === undefined) {
    const shown = JSON.stringify(updateDate.slice(0, 48));
    return {
      reason: "bad_update_date",
      detail: `update_date is ${shown}; it should read like "2023-12-12T07:00:01+09:00" (date +%FT%T%z)`,
    };
  }
  const rollcall = members.get("rollcall");
  if (rollcall) {
    const fault = checkRollcall(buffer, rollcall);
    if (fault) return fault;
  }
  const [start, end] = trim(buffer);
  return {
    id,
    body: buffer.subarray(start, end),
    updatedAt,
    insertion: findInsertion(buffer, rollcall, start, end),
  };
}

/** Tells a Rejection from a report. */
export function isRejected(outcome: Report | Rejection): outcome is Rejection {
  return "reason" in outcome;
}

function readRequired(bytes: Buffer, members: JsonMembers, field: string): string | Rejection {
  const span = members.get(field);
  if (!span) return { reason: "missing_field", detail: `${field} is missing` };
  if (bytes[span.start] !== 0x22) return { reason: "missing_field", detail: `${field} must be a string` };
  return decodeString(bytes, span);
}

/** `rollcall` is Rollcall's own key: an object, whose member `reader` only the reader writes. */
function checkRollcall(bytes: Buffer, span: JsonSpan): Rejection | undefined {
  let forged = false;
  if (bytes[span.start] !== 0x7b) return { reason: "bad_rollcall", detail: "rollcall must be an object" };
  walkChildren(bytes, span.start, (key) => {
    forged ||= key === "reader";
    return forged;
  });
  return forged
    ? { reason: "bad_rollcall", detail: "rollcall.reader is written by the reader; a host may not send it" }
    : undefined;
}

function findInsertion(
  bytes: Buffer,
  rollcall: JsonSpan | undefined,
  start: number,
  end: number,
): InsertionPoint {
  // An accepted report has instance_id, so its top-level object is never empty.
  if (!rollcall) return { offset: end - start - 1, kind: "object" };
  let isEmpty = true;
  walkChildren(bytes, rollcall.start, () => {
    isEmpty = false;
    return true;
  });
  return { offset: rollcall.end - start - 1, kind: isEmpty ? "first" : "member" };
}

/**
 * JSON's white space around the document is the file's, not the report's: `jq` and `echo` end files
 * with a newline.
 */
function trim(bytes: Buffer): [number, number] {
  let start = 0;
  let end = bytes.length;
  while (isSpace(bytes[start])) start++;
  while (isSpace(bytes[end - 1])) end--;
  return [start, end];
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
