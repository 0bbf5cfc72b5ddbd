// When a key shall end, as people write it: in so many days, or at a date.
import { parseDuration } from "../../specs/duration.ts";
import { UsageError } from "../program/failure.ts";

/** ECMAScript, "Time Values": no date lies beyond; ms since the epoch. */
const LATEST = 8.64e15;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Reads `90d`, `12h`, `2027-01-31` (its beginning, UTC) or `2027-01-31T18:00:00+09:00`.
 *
 * @param now ms since the epoch
 * @returns ISO 8601, UTC
 * @throws UsageError
 */
export function parseExpiry(text: string, now: number): string {
  // Whether it is too far away is told by who makes the key.
  const span = parseDuration(text, LATEST - now);
  const at =
    span !== undefined ? now + span : DATE.test(text) || TIME.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse makes March of February's 30th.
  const isDay = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  const isReal =
    span !== undefined ||
    (!Number.isNaN(isDay.getTime()) && isDay.toISOString().startsWith(text.slice(0, 10)));
  if (Number.isNaN(at) || !isReal)
    throw new UsageError(
      `--expires ${JSON.stringify(text)} should be such as 90d, 12h, 2027-01-31 or 2027-01-31T18:00:00+09:00`,
    );
  return new Date(at).toISOString();
}
