// The doctor's look at a store that is read beside the one that this host reports to.
import { parseReportKey } from "../../report/key.ts";
import { MAX_REPORT_BYTES } from "../../report/limits.ts";
import { openToRead } from "../../store/open.ts";
import type { Io } from "../program/io.ts";
import type { Finding } from "./doctor.ts";

/** Lists it, and reads one report of it. */
export async function checkAlsoRead(url: string, io: Io): Promise<Finding> {
  const check = "also read";
  try {
    const store = await openToRead(url, { clock: io.clock, cwd: io.cwd, env: io.env });
    try {
      for await (const page of store.list("", { shallow: true, signal: io.signal })) {
        const first = page.find(({ key }) => parseReportKey(key));
        if (first) await store.get(first.key, { maxBytes: MAX_REPORT_BYTES, signal: io.signal });
        break;
      }
      return { check, outcome: "ok", detail: `${store.location} can be listed and read` };
    } finally {
      await store.close?.();
    }
  } catch (error) {
    return {
      check,
      outcome: "failed",
      detail: error instanceof Error ? error.message : String(error),
      fix:
        "who asks from here reads it too: give this user the right to list and read it, or " +
        "leave out --also-read",
    };
  }
}
