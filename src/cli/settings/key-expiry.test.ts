// Tests of when a key shall end, as people write it.
import { expect, it } from "vitest";
import { UsageError } from "../program/failure.ts";
import { parseExpiry } from "./key-expiry.ts";

const NOW = Date.UTC(2026, 0, 31, 12);

it.each([
  ["90d", "2026-05-01T12:00:00.000Z"],
  ["12h", "2026-02-01T00:00:00.000Z"],
  ["90m", "2026-01-31T13:30:00.000Z"],
  ["2027-01-31", "2027-01-31T00:00:00.000Z"],
  ["2028-02-29", "2028-02-29T00:00:00.000Z"],
  ["2027-01-31T18:00:00+09:00", "2027-01-31T09:00:00.000Z"],
  ["2027-01-31T18:00Z", "2027-01-31T18:00:00.000Z"],
])("reads %s", (text, expected) => {
  expect(parseExpiry(text, NOW)).toBe(expected);
});

it.each([
  "",
  "90",
  "d",
  "-1d",
  "1.5d",
  "999999999d",
  "90 days",
  "2027-02-30",
  "2027-13-01",
  "2027-01-31T18:00:00",
  "tomorrow",
  "1700000000",
])("refuses %j", (text) => {
  expect(() => parseExpiry(text, NOW)).toThrow(UsageError);
});
