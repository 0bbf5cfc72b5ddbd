// Reading one object: its bytes, and whether they are a report.
import { parseReportKey } from "../report/key.ts";
import { MAX_REPORT_BYTES } from "../report/limits.ts";
import type { Rejection } from "../report/problem.ts";
import { parseReport } from "../report/report.ts";
import { type Entry, InvalidAnswer, type ReadStore, TooLarge, Unreadable } from "../store/store.ts";
import type { Outcome } from "./segment.ts";
import type { Yielder } from "./yielder.ts";

/** An object as it was when it was read. */
export interface KnownObject {
  readonly entry: Entry;
  readonly outcome: Outcome;
}

/** A body that cannot be what the listing shows is read again, at most so often. */
const MAX_OBJECT_READS = 3;

/** What the listing alone proves wrong, so that it is never downloaded. */
export function rejectUnread({ key, size }: Entry): Rejection | undefined {
  if (!parseReportKey(key)) {
    return {
      reason: "bad_key",
      detail: "the key is not reports/v1/ACCOUNT/WRITER.json, nor INSTANCE_ID.json at the top of the store",
    };
  }
  if (size > MAX_REPORT_BYTES)
    return { reason: "too_large", detail: `the report has ${size} bytes; the limit is ${MAX_REPORT_BYTES}` };
  return undefined;
}

/**
 * Reads an object that the listing showed. One with another etag was written since, or is the
 * answer to another question: a report of this host that is no older proves itself, and what is not
 * must come twice.
 *
 * @returns undefined if it was deleted since
 * @throws Unavailable if each time it is read it is another object than the listing showed, and
 *   none that was written since; whatever else the store throws
 */
export async function readEntry(
  store: ReadStore,
  entry: Entry,
  yielder: Yielder,
  signal?: AbortSignal,
): Promise<KnownObject | undefined> {
  try {
    return await readConsistently(store, entry, yielder, signal);
  } catch (error) {
    // It grew between the listing and the read.
    if (error instanceof TooLarge)
      return setAside(entry, { reason: "too_large", detail: "it has more bytes than the limit" });
    if (error instanceof Unreadable)
      return setAside(entry, {
        reason: "unreadable",
        detail: "the store cannot read it: another user's, being written, or a symbolic link",
      });
    throw error;
  }
}

async function readConsistently(
  store: ReadStore,
  entry: Entry,
  yielder: Yielder,
  signal: AbortSignal | undefined,
): Promise<KnownObject | undefined> {
  let doubtful: string | undefined;
  let why = "";
  for (let turn = 1; turn <= MAX_OBJECT_READS; turn++) {
    const object = await store.get(entry.key, { maxBytes: MAX_REPORT_BYTES, signal });
    if (!object) return undefined;
    if (object.etag === entry.etag && object.size !== entry.size) {
      // Something between the store and us cut it short and made it look whole.
      why = `should have ${entry.size} bytes, and has ${object.size}`;
    } else if (object.etag !== entry.etag && object.lastModified < entry.lastModified) {
      why = "is older than the listing says";
    } else {
      // Many bodies may arrive at once, and judging one reads all of it.
      await yielder.spend(object.size);
      const outcome = judgeBody(object, object.body);
      const isProven = object.etag === entry.etag || !("reason" in outcome) || object.etag === doubtful;
      if (isProven) return { entry: object, outcome };
      doubtful = object.etag;
      why = `has another body each time (${outcome.detail})`;
    }
  }
  throw new InvalidAnswer(`[store] ${entry.key} ${why}; it was read ${MAX_OBJECT_READS} times`);
}

/** Tells what an object's bytes are. */
export function judgeBody({ key, size }: Entry, body: Uint8Array): Outcome {
  const owner = parseReportKey(key);
  if (!owner) return { reason: "bad_key", detail: "the key names no host", size };
  const report = parseReport(body, owner.id);
  return "reason" in report ? { ...report, size } : report;
}

function setAside(entry: Entry, rejection: Rejection): KnownObject {
  return { entry, outcome: { ...rejection, size: entry.size } };
}
