// Reading one object: its bytes, and whether they are a report.
import { parseReportKey } from "../report/key.ts";
import { MAX_REPORT_BYTES } from "../report/limits.ts";
import type { Rejection } from "../report/problem.ts";
import { parseReport } from "../report/report.ts";
import { type Entry, type Store, TooLarge, Unavailable, Unreadable } from "../store/store.ts";
import type { Outcome } from "./segment.ts";
import type { Turns } from "./turns.ts";

/** An object as it was when it was read. */
export interface Known {
  readonly entry: Entry;
  readonly outcome: Outcome;
}

/** A body that is shorter or longer than the listing says is read again, at most so often. */
const MAX_READS = 3;

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
 * Reads an object that the listing showed.
 *
 * @returns undefined if it was deleted since
 * @throws Unavailable if it has the listed etag and yet another size each time it is read; whatever else the store throws
 */
export async function readEntry(store: Store, entry: Entry, turns: Turns, signal?: AbortSignal): Promise<Known | undefined> {
  for (let turn = 1; turn <= MAX_READS; turn++) {
    try {
      const object = await store.get(entry.key, { maxBytes: MAX_REPORT_BYTES, signal });
      if (!object) return undefined;
      // Something between the store and us cut it short and made it look whole.
      if (object.etag === entry.etag && object.size !== entry.size) continue;
      // Many bodies may arrive at once, and judging one reads all of it.
      await turns.take(object.size);
      return { entry: object, outcome: judge(object, object.body) };
    } catch (error) {
      // It grew between the listing and the read.
      if (error instanceof TooLarge) return setAside(entry, { reason: "too_large", detail: "it has more bytes than the limit" });
      if (error instanceof Unreadable)
        return setAside(entry, {
          reason: "unreadable",
          detail: "the store cannot read it: another user's, being written, or a symbolic link",
        });
      throw error;
    }
  }
  throw new Unavailable(`[store] ${entry.key} should have ${entry.size} bytes, and had another number ${MAX_READS} times`);
}

/** Tells what an object's bytes are. */
export function judge({ key, size }: Entry, body: Uint8Array): Outcome {
  const owner = parseReportKey(key);
  if (!owner) return { reason: "bad_key", detail: "the key names no host", size };
  const report = parseReport(body, owner.id);
  return "reason" in report ? { ...report, size } : report;
}

function setAside(entry: Entry, rejection: Rejection): Known {
  return { entry, outcome: { ...rejection, size: entry.size } };
}
