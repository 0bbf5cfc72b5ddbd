// Limits of a server as people write them: counts, bytes, and how long connections stay. Pure.
import { parseDuration } from "../../specs/duration.ts";

const MAX_LIMIT_COUNT = 1_000_000_000;
const UNITS: Readonly<Record<string, number>> = { "": 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** Longer than any load balancer's idle timeout that AWS lets be set (4,000 s); ms. */
const MAX_KEEP_ALIVE_MS = 2 * 60 * 60_000;

export const COUNT_FORM = `write a whole number from 1 to ${MAX_LIMIT_COUNT}`;
export const BYTES_FORM =
  "write bytes, or a whole number of KiB, MiB or GiB such as 512MiB; at least 1MiB, at most 1024GiB";
export const KEEP_ALIVE_FORM = "write a duration such as 75s, from 1s to 2h";

/** @returns undefined for what is none */
export function parseCount(text: string): number | undefined {
  const count = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= MAX_LIMIT_COUNT ? count : undefined;
}

/**
 * A host's report may have 1 MiB, so less would let none in. @returns undefined for what is none
 */
export function parseByteCount(text: string): number | undefined {
  const [, number, unit = ""] = /^(\d{1,13})([KMG]iB)?$/.exec(text) ?? [];
  const bytes = Number(number ?? 0) * (UNITS[unit] ?? 0);
  return bytes >= 1024 ** 2 && bytes <= 1024 ** 4 ? bytes : undefined;
}

/** @returns ms; undefined for what is none */
export function parseKeepAlive(text: string): number | undefined {
  const ms = parseDuration(text, MAX_KEEP_ALIVE_MS) ?? 0;
  return ms >= 1000 ? ms : undefined;
}
