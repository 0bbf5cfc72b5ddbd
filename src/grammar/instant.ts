// Instants as a URL has them: ISO 8601 with an offset. Pure, and nothing of Node's.
import { parseUpdateDate } from "../report/update-date.ts";
import { ConditionError } from "./condition.ts";

/** An instant without its seconds, which are 0 then: `2026-11-26T18:00+09:00`. */
const WITHOUT_SECONDS = /^(\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2})(?=[Zz]|[+-])/;

/** A `+` that was not written as %2B, as a URL's query is decoded. */
const LOST_PLUS = /^(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?) (\d{2}(?::?\d{2})?)$/;

const NO_OFFSET = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?$/;

/**
 * Reads an instant: ISO 8601 (RFC 3339, section 5.6) with an offset; seconds may be left out.
 *
 * @returns ms since the epoch
 * @throws ConditionError that says what to write
 */
export function parseInstant(text: string): number {
  const at = parseUpdateDate(text.replace(WITHOUT_SECONDS, "$1:00"));
  if (at !== undefined) return at;
  const shown = JSON.stringify(text.slice(0, 64));
  const [, time, offset] = LOST_PLUS.exec(text) ?? [];
  if (time !== undefined)
    throw new ConditionError(
      `${shown} has a blank where the "+" of its offset was: in a URL a "+" stands for a blank; write ` +
        `${time}%2B${offset}, or the time in UTC with a Z`,
    );
  if (NO_OFFSET.test(text))
    throw new ConditionError(
      `${shown} does not say in which zone; write an offset: ${addOffset(text)}Z for UTC, or ` +
        `${addOffset(text)}%2B09:00`,
    );
  throw new ConditionError(
    `${shown} is no time; write ISO 8601 with an offset, such as 2026-11-26T18:00:00Z or ` +
      "2026-11-26T18:00:00%2B09:00",
  );
}

function addOffset(text: string): string {
  return text.length === "2026-11-26".length ? `${text}T00:00:00` : text.replace(" ", "T");
}
