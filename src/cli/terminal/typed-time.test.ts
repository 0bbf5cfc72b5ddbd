// Tests of times as people type them, in zones whose clocks change.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UTC, type Zone } from "./instant.ts";
import { describeTime, readTypedTime } from "./typed-time.ts";

/** A zone by its name, as Node's own data has it. */
function makeZone(timeZone: string): Zone {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  const offsetAt = (at: number) => {
    const name = parts.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
    const [, sign, hours = "0", minutes = "0"] = /GMT([+-])(\d\d):(\d\d)/.exec(name) ?? [];
    return (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1);
  };
  return { offsetAt, format: (at) => UTC.format(at + offsetAt(at) * 60_000), describe: () => timeZone };
}

const [TOKYO, BERLIN] = [makeZone("Asia/Tokyo"), makeZone("Europe/Berlin")];
const NOW = Date.parse("2026-11-26T10:20:30+09:00");
const read = (text: string, zone = TOKYO, now = NOW) => readTypedTime(text, now, zone);
const iso = (text: string, zone = TOKYO, now = NOW) => {
  const time = read(text, zone, now);
  return "at" in time ? new Date(time.at).toISOString() : time.mistake;
};

it("reads what stands in the caller's zone", () => {
  expect(iso("2026-11-25 18:00")).toBe("2026-11-25T09:00:00.000Z");
  expect(iso("2026-11-25T18:00:05")).toBe("2026-11-25T09:00:05.000Z");
  expect(iso("2026-11-25")).toBe("2026-11-24T15:00:00.000Z");
  expect(iso("yesterday 18:00")).toBe("2026-11-25T09:00:00.000Z");
  expect(iso("Yesterday  at 9:05")).toBe("2026-11-25T00:05:00.000Z");
  expect(iso("yesterday")).toBe("2026-11-24T15:00:00.000Z");
  expect(iso("today 08:00")).toBe("2026-11-25T23:00:00.000Z");
  expect(iso("2026-11-25 18:00", UTC)).toBe("2026-11-25T18:00:00.000Z");
});

it("takes a time of day for the last one that has been", () => {
  expect(iso("10:00")).toBe("2026-11-26T01:00:00.000Z");
  expect(iso("18:00")).toBe("2026-11-25T09:00:00.000Z");
});

it("reads an instant whatever the zone, and what lies back from now", () => {
  expect(iso("2026-11-25T18:00:00Z")).toBe("2026-11-25T18:00:00.000Z");
  expect(iso("2026-11-25T18:00+01:00")).toBe("2026-11-25T17:00:00.000Z");
  for (const text of ["2h ago", "2h", "2 hours ago", "120 minutes ago", "120m"])
    expect(read(text)).toEqual({ at: NOW - 7_200_000 });
  for (const text of ["7d", "1 week ago", "7 days ago"])
    expect(read(text)).toEqual({ at: NOW - 7 * 86_400_000 });
  expect(read("now")).toEqual({ at: NOW });
});

it("says of all else what to write", () => {
  for (const text of [
    "",
    "18",
    "25:00",
    "18:60",
    "2026-02-30",
    "tomorrow",
    "last week",
    "-2h",
    "2026-13-01 10:00",
  ])
    expect(read(text)).toEqual({ mistake: expect.stringContaining("is no time; write one such as 2026-") });
});

describe("where clocks change", () => {
  it("says of a time that there was not between which two it would be", () => {
    expect(iso("2026-03-29 02:30", BERLIN)).toContain(
      "no 2026-03-29 02:30:00 here: the clocks went on from 2026-03-29 01:59:59 to 2026-03-29 03:00:00",
    );
    expect(iso("2026-03-29 03:00", BERLIN)).toBe("2026-03-29T01:00:00.000Z");
  });

  it("takes the first of two, and says how the second is written", () => {
    expect(read("2026-10-25 02:30", BERLIN)).toEqual({
      at: Date.parse("2026-10-25T02:30:00+02:00"),
      told: expect.stringContaining("write 2026-10-25T02:30:00+01:00 for the second"),
    });
  });

  it("begins a day that has no midnight with its first moment", () => {
    expect(iso("2025-04-25", makeZone("Africa/Cairo"))).toBe("2025-04-24T22:00:00.000Z");
    expect(iso("2024-09-08", makeZone("America/Santiago"))).toBe("2024-09-08T04:00:00.000Z");
  });
});

it("reads back each time that a zone shows, or the same an hour before", () => {
  const zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"].map(makeZone);
  const years = { min: Date.UTC(2020, 0, 1), max: Date.UTC(2030, 0, 1) };
  return fc.assert(
    fc.property(fc.constantFrom(...zones), fc.integer(years), (zone, ms) => {
      const at = ms - (ms % 1000);
      const time = read(zone.format(at), zone);
      if (!("at" in time)) throw new Error(time.mistake);
      expect(zone.format(time.at)).toBe(zone.format(at));
      expect(time.told === undefined ? time.at : [at, at - 3_600_000, at - 1_800_000]).toEqual(
        time.told === undefined ? at : expect.arrayContaining([time.at]),
      );
    }),
  );
});

it("says how it was understood, here and in UTC", () => {
  const at = Date.parse("2026-11-25T18:00:00+09:00");
  expect(describeTime(at, TOKYO)).toBe("2026-11-25 18:00:00 (Asia/Tokyo), 2026-11-25T09:00:00.000Z");
  expect(describeTime(at, UTC)).toBe("2026-11-25T09:00:00.000Z");
});
