// Times as people type them: ISO 8601, a date, `18:00`, `yesterday 18:00`, `2h ago`; in a zone
// whose clocks may be put on and back. Pure.
import { parseUpdateDate } from "../../report/update-date.ts";
import { parseDuration } from "../../specs/duration.ts";
import { formatOffset, type Zone } from "./instant.ts";

/** What is meant. */
export interface TypedTime {
  /** ms since the epoch. */
  readonly at: number;
  /** What is to be said of it, where the text could mean two times. */
  readonly told?: string;
}

const [MINUTE_MS, DAY_MS] = [60_000, 86_400_000];

/** The forms, for an error. */
const FORMS = '2026-11-26T18:00:00+09:00, "2026-11-26 18:00", 2026-11-26, 18:00, "yesterday 18:00", "2h ago"';

/** A day, by a name or a date, and a time of it; at least one of them. */
const DAY = "(today|yesterday|\\d{4}-\\d{2}-\\d{2})";
const TIME = "(\\d{1,2}):(\\d{2})(?::(\\d{2})(?:\\.\\d{1,9})?)?";
const DAY_AND_TIME = new RegExp(`^${DAY}(?:(?: at)?[T ]${TIME})?$`, "i");
const TIME_ALONE = new RegExp(`^${TIME}$`);

const AGO =
  /^(?:(\d{1,9}(?:ms|s|m|h|d))|(\d{1,6}) ?(seconds?|minutes?|hours?|days?|weeks?|secs?|mins?|w))(?: ago)?$/i;
const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: MINUTE_MS,
  h: 60 * MINUTE_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
};

/** A date, its time as one number: ms since the epoch as if the zone were UTC. */
type WallTime = number;

/**
 * Reads a time. A time of day alone is the last one that has been; a day alone its first moment.
 *
 * @param now ms since the epoch
 * @returns it, or what is wrong with it, in words
 */
export function readTypedTime(
  text: string,
  now: number,
  zone: Zone,
): TypedTime | { readonly mistake: string } {
  const typed = text.trim().replace(/\s+/g, " ");
  if (/^now$/i.test(typed)) return { at: now };
  const iso = parseUpdateDate(typed.replace(/^(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2})(?=Z|[+-])/i, "$1:00"));
  if (iso !== undefined) return { at: iso };
  const span = readAgo(typed);
  if (span !== undefined) return { at: now - span };
  const wallNow = now + zone.offsetAt(now) * MINUTE_MS;
  const midnight = wallNow - (((wallNow % DAY_MS) + DAY_MS) % DAY_MS);
  const alone = TIME_ALONE.exec(typed);
  if (alone) {
    const time = readTime(alone.slice(1, 4));
    if (time === undefined) return fail(text);
    const today = resolve(midnight + time, zone);
    // What has not been yet was yesterday.
    return "mistake" in today || today.at <= now ? today : resolve(midnight - DAY_MS + time, zone);
  }
  const [, day, ...parts] = DAY_AND_TIME.exec(typed) ?? [];
  const start = day === undefined ? undefined : readDay(day, midnight);
  if (start === undefined) return fail(text);
  if (parts[0] === undefined) return startDay(start, zone);
  const time = readTime(parts);
  return time === undefined ? fail(text) : resolve(start + time, zone);
}

/**
 * How a time was understood:
 * `2026-11-26 18:00:00 (Asia/Tokyo, UTC+09:00), 2026-11-26T09:00:00.000Z`.
 */
export function describeTime(at: number, zone: Zone): string {
  const [local, utc] = [zone.describe(at), new Date(at).toISOString()];
  return local === "UTC" ? utc : `${zone.format(at)} (${local}), ${utc}`;
}

function fail(text: string): { readonly mistake: string } {
  return { mistake: `${JSON.stringify(text.slice(0, 64))} is no time; write one such as ${FORMS}` };
}

/** @returns ms */
function readAgo(text: string): number | undefined {
  const [, short, count, unit = ""] = AGO.exec(text) ?? [];
  if (short !== undefined) return parseDuration(short.toLowerCase(), Number.POSITIVE_INFINITY);
  if (count === undefined) return undefined;
  return Number(count) * (UNIT_MS[unit.charAt(0).toLowerCase()] ?? 0);
}

/** @returns the first moment of a day */
function readDay(day: string, midnight: WallTime): WallTime | undefined {
  if (/^today$/i.test(day)) return midnight;
  if (/^yesterday$/i.test(day)) return midnight - DAY_MS;
  return parseUpdateDate(`${day}T00:00:00Z`);
}

/** @returns ms since midnight */
function readTime([hours, minutes, seconds = "0"]: readonly (string | undefined)[]): number | undefined {
  const [hour, minute, second] = [Number(hours), Number(minutes), Number(seconds)];
  const isTime = hour < 24 && minute < 60 && second < 60;
  return isTime ? ((hour * 60 + minute) * 60 + second) * 1000 : undefined;
}

/**
 * The instants at which the clocks of a zone show a time: one; none, or two, where they are
 * changed.
 */
function findInstants(wall: WallTime, { offsetAt }: Zone): number[] {
  const offsets = new Set([offsetAt(wall - DAY_MS), offsetAt(wall + DAY_MS)]);
  return [...offsets]
    .map((offset) => ({ at: wall - offset * MINUTE_MS, offset }))
    .filter(({ at, offset }) => offsetAt(at) === offset)
    .map(({ at }) => at)
    .sort((a, b) => a - b);
}

function resolve(wall: WallTime, zone: Zone): TypedTime | { readonly mistake: string } {
  const [first, second] = findInstants(wall, zone);
  const shown = new Date(wall).toISOString().slice(0, "2026-11-26T18:00:00".length).replace("T", " ");
  if (first === undefined) {
    const change = findChange(wall, zone);
    return {
      mistake:
        `there was no ${shown} here: the clocks went on from ${zone.format(change - 1000)} to ` +
        `${zone.format(change)}; write another time, or one with an offset`,
    };
  }
  if (second === undefined) return { at: first };
  const [one, other] = [first, second].map((at) => formatOffset(zone.offsetAt(at)));
  return {
    at: first,
    told:
      `${shown} was twice here, since the clocks were put back: the first is meant, at UTC${one}; ` +
      `write ${shown.replace(" ", "T")}${other} for the second`,
  };
}

/** The first moment of a day, which is not always midnight. */
function startDay(midnight: WallTime, zone: Zone): TypedTime {
  const [first] = findInstants(midnight, zone);
  return { at: first ?? findChange(midnight, zone) };
}

/** When the clocks went on over a time that there was not; ms since the epoch. */
function findChange(wall: WallTime, { offsetAt }: Zone): number {
  let [before, after] = [wall - DAY_MS, wall + DAY_MS];
  const offset = offsetAt(before);
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(middle) === offset) before = middle;
    else after = middle;
  }
  return after;
}
