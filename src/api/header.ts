// Values of our response headers.
import type { RollView } from "../roll/view.ts";

/** What is missing, in the headers of an answer that is not complete. */
export function describePartial({ partial }: RollView): Record<string, string> {
  return partial
    ? { "rollcall-partial": toAscii(partial.reason), "rollcall-missing": String(partial.missing) }
    : {};
}

/** Longest header value; Node's clients take 16 KiB of headers together. */
const MAX_LENGTH = 2000;

/** Header values are ASCII (RFC 9110, section 5.5); field names need not be. */
export function toAscii(text: string): string {
  const ascii = text.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return ascii.length <= MAX_LENGTH ? ascii : `${ascii.slice(0, MAX_LENGTH)}...`;
}
