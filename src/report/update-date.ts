// Reads and writes update_date: ISO 8601 with an offset.

const PATTERN =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(?:([Zz])|([+-])(\d{2})(?::?(\d{2}))?)$/;

/**
 * Parses a host's `update_date`.
 *
 * Accepted is RFC 3339's date-time (section 5.6, which allows a space for the T and second 60), and
 * what `date +%FT%T%z` prints: the offset as `+0900` or `+09`.
 *
 * @returns ms since the epoch, or undefined if the text is no such date (February 30th, hour 24, or
 *   no offset)
 */
export function parseUpdateDate(text: string): number | undefined {
  const match = text.length <= 48 ? PATTERN.exec(text) : null;
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  // Date.UTC reads years 0 to 99 as 1900 to 1999; no host has run since, and the check below
  // refuses them.
  const midnight = Date.UTC(year, month - 1, day);
  const date = new Date(midnight);
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
    return undefined;
  const offset = match[8] ? 0 : readOffset(match[9], match[10], match[11]);
  if (offset === undefined) return undefined;
  const fraction = match[7] ? Math.floor(Number(`0.${match[7]}`) * 1000) : 0;
  return midnight + ((hour * 60 + minute) * 60 + second) * 1000 + fraction - offset;
}

/** Offset from UTC in ms. RFC 3339 bounds it to 23:59 either way. */
function readOffset(sign = "+", hours = "0", minutes = "0"): number | undefined {
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const ms = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return sign === "-" ? -ms : ms;
}

/**
 * Writes a time as local ISO 8601 with its offset: `2023-12-12T07:00:01+09:00`. Milliseconds are
 * cut.
 */
export function formatUpdateDate(time: number): string {
  // Some zones were seconds off a minute as late as 1972, where a host without a battery for its
  // clock wakes up. The offset holds whole minutes only, so the text follows the offset and not the
  // local clock.
  const offset = -Math.trunc(new Date(time).getTimezoneOffset());
  const local = new Date(time + offset * 60_000).toISOString().slice(0, "2023-12-12T07:00:01".length);
  const sign = offset < 0 ? "-" : "+";
  return `${local}${sign}${pad(Math.trunc(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
}

/** Writes a time as local time with no offset, the form of os_start_date: `2023-12-11 19:11:22`. */
export function formatLocal(time: number): string {
  const date = new Date(time);
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
