// Names of pages as files: readable, the same on every run, and never one for two values, also
// where a file system ignores case. Pure.
import { createHash } from "node:crypto";

/**
 * Of what is readable in a name; characters as people see them, and bytes of UTF-8. With all else a
 * file name stays below 255 bytes.
 */
const MAX_PAGE_NAME_CHARACTERS = 40;
const MAX_PAGE_NAME_BYTES = 120;

/** The summary's own name, which no part has. */
export const SUMMARY_NAME = "summary";

/**
 * Values that are their own names. What others get ends in a hash, and looks like none of these.
 */
const PLAIN = /^(?!.*-[0-9a-f]{10}$)[a-z0-9][a-z0-9-]{0,59}$/;

const GRAPHEMES = new Intl.Segmenter();

/**
 * Names the page of a part. A value of a-z, 0-9 and - is its own name: `payments`. Any other keeps
 * its letters and digits, of whatever script, in lower case, and gets ten digits of its hash:
 * `Zahlungen (EU)` is `zahlungen-eu-` and these. So a name does not depend on which other values
 * there are.
 */
export function namePage(value: string): string {
  if (PLAIN.test(value) && value !== SUMMARY_NAME) return value;
  const words = value
    .normalize("NFC")
    .toLowerCase()
    .normalize("NFC")
    // What nobody sees, such as a Hangul filler, is a letter too.
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, "-")
    .replace(/^[-\p{M}]+|-+$/gu, "");
  const hash = createHash("sha256").update(value).digest("hex").slice(0, 10);
  return `${cut(words) || "none"}-${hash}`;
}

function cut(words: string): string {
  let kept = "";
  let characters = 0;
  for (const { segment } of GRAPHEMES.segment(words)) {
    if (characters++ >= MAX_PAGE_NAME_CHARACTERS || Buffer.byteLength(kept + segment) > MAX_PAGE_NAME_BYTES)
      break;
    kept += segment;
  }
  return kept.replace(/-+$/, "");
}
