// The doctor's look at a store that is read beside the one that this host reports to.
import { parseReportKey, REPORTS_PREFIX } from "../../report/key.ts";
import { MAX_REPORT_BYTES } from "../../report/limits.ts";
import { openToRead } from "../../store/open.ts";
import type { ListOptions, ReadStore } from "../../store/store.ts";
import type { Io } from "../program/io.ts";
import type { Finding } from "./doctor.ts";

/** Reads one report of those below a prefix. @returns whether there is one on the first page */
async function readOne(store: ReadStore, prefix: string, options: ListOptions): Promise<boolean> {
  for await (const page of store.list(prefix, options)) {
    const first = page.find(({ key }) => parseReportKey(key));
    if (first)
      await store.get(first.key, {
        maxBytes: MAX_REPORT_BYTES,
        ...(options.signal && { signal: options.signal }),
      });
    return first !== undefined;
  }
  return false;
}

/** Lists it, and reads one report of each form that it may hold. */
export async function checkAlsoRead(url: string, io: Io): Promise<Finding> {
  const check = "also read";
  try {
    const store = await openToRead(url, { clock: io.clock, cwd: io.cwd, env: io.env });
    try {
      const read = [
        await readOne(store, "", { shallow: true, signal: io.signal }),
        await readOne(store, REPORTS_PREFIX, { signal: io.signal }),
      ];
      const told = read.includes(true)
        ? "can be listed and read"
        : "can be listed; no report is there, so reading was not tried";
      return { check, outcome: "ok", detail: `${store.location} ${told}` };
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
