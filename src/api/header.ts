// Values of our response headers.
import { toAscii } from "../questions/facts.ts";
import type { RollView } from "../roll/view.ts";

/** What is missing, in the headers of an answer that is not complete. */
export function describePartial({ partial }: RollView): Record<string, string> {
  return partial
    ? { "rollcall-partial": toAscii(partial.reason), "rollcall-missing": String(partial.missing) }
    : {};
}
