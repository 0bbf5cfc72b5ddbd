// The old form of a report: what a shell script pushed to the top of a bucket, before there was
// Rollcall.
import { skipValue, walkMembers } from "./json-bytes.ts";
import { decodeString } from "./json-walk.ts";

/** Rollcall's own key, which no script wrote. */
const OWN_KEY = "rollcall";

/** The key of a report in the old form: INSTANCE_ID.json. @param id checked with isHostId */
export function formatTopLevelKey(id: string): string {
  return `${id}.json`;
}

/**
 * Takes out of a report what Rollcall adds; all else stays as it is, byte by byte.
 *
 * @param bytes a report that parseReport accepts, of at least two members
 */
export function toOldForm(bytes: Buffer): Buffer {
  let cut: { from: number; to: number } | undefined;
  /** Where the member before ends; at first, where the first one begins. */
  let before = 1;
  let isFirst = true;
  const start = bytes.indexOf("{");
  walkMembers(bytes, start, (keyStart, keyEnd, at) => {
    const end = skipValue(bytes, at);
    if (decodeString(bytes, { start: keyStart, end: keyEnd }) === OWN_KEY) {
      // With the comma before it, or, where it is the first one, that after it.
      const comma = isFirst ? bytes.indexOf(",", end) : -1;
      cut = { from: isFirst ? keyStart : before, to: comma < 0 ? end : comma + 1 };
    }
    before = end;
    isFirst = false;
    return end;
  });
  return cut ? Buffer.concat([bytes.subarray(0, cut.from), bytes.subarray(cut.to)]) : bytes;
}
