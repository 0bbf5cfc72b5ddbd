// update_date: what is read, what is refused, and that what is written is read back.
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import { formatLocal, formatUpdateDate, parseUpdateDate } from "./update-date.ts";

const zone = process.env.TZ;
afterEach(() => {
  process.env.TZ = zone;
});

const T = Date.UTC(2023, 11, 11, 22, 0, 1);

const pad = (value: number, length = 2) => String(value).padStart(length, "0");

/** The text of a time as a clock shows it whose offset is so many minutes. */
function write(time: number, offset: number, form: "colon" | "plain"): string {
  const local = new Date(time + offset * 60_000).toISOString().slice(0, 19);
  const minutes = Math.abs(offset);
  const hours = `${offset < 0 ? "-" : "+"}${pad(Math.floor(minutes / 60))}`;
  return `${local}${hours}${form === "colon" ? ":" : ""}${pad(minutes % 60)}`;
}

describe("parseUpdateDate", () => {
  it.each([
    ["2023-12-12T07:00:01+09:00", T],
    ["2023-12-12T07:00:01+0900", T],
    ["2023-12-12T07:00:01+09", T],
    ["2023-12-12 07:00:01+09:00", T],
    ["2023-12-12t07:00:01+09:00", T],
    ["2023-12-11T22:00:01Z", T],
    ["2023-12-11T22:00:01z", T],
    ["2023-12-11T22:00:01+00:00", T],
    ["2023-12-11T22:00:01-00:00", T],
    ["2023-12-11T12:00:01-10:00", T],
    ["2023-12-12T03:45:01+05:45", T],
    ["2023-12-12T21:59:01+23:59", T],
    ["2023-12-11T22:00:01.5Z", T + 500],
    ["2023-12-11T22:00:01,5Z", T + 500],
    ["2023-12-11T22:00:01.999999999Z", T + 999],
    ["2023-12-11T22:00:01.000999Z", T],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
    ["2000-02-29T23:59:59Z", Date.UTC(2000, 1, 29, 23, 59, 59)],
    ["2024-03-01T08:59:59+09:00", Date.UTC(2024, 1, 29, 23, 59, 59)],
    ["2016-12-31T23:59:60Z", Date.UTC(2017, 0, 1)],
    ["1970-01-01T00:00:00Z", 0],
    ["9999-12-31T23:59:59Z", Date.UTC(9999, 11, 31, 23, 59, 59)],
  ])("reads %s", (text, time) => expect(parseUpdateDate(text)).toBe(time));

  it.each([
    "",
    "now",
    "1702332001",
    "2023-12-12",
    "2023-12-12T07:00:01",
    "2023-12-12T07:00+09:00",
    "2023-12-12T07:00:01 +09:00",
    "2023-12-12T07:00:01+9",
    "2023-12-12T07:00:01+09:0",
    "2023-12-12T07:00:01+24:00",
    "2023-12-12T07:00:01+09:60",
    "2023-12-12T07:00:01JST",
    "2023-12-12T24:00:00Z",
    "2023-12-12T23:60:00Z",
    "2023-12-12T23:59:61Z",
    "2023-12-12T07:00:01.Z",
    "2023-12-12T07:00:01.0123456789Z",
    "2023-00-12T00:00:00Z",
    "2023-13-12T00:00:00Z",
    "2023-12-00T00:00:00Z",
    "2023-12-32T00:00:00Z",
    "2023-04-31T00:00:00Z",
    "2023-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2024-02-30T00:00:00Z",
    "0050-01-01T00:00:00Z",
    "-2023-12-12T00:00:00Z",
    "12023-12-12T00:00:00Z",
    "23-12-12T00:00:00Z",
    " 2023-12-12T00:00:00Z",
    "2023-12-12T00:00:00Z\n",
    "2023-12-12T00:00:00Zx",
    "２０２３-12-12T00:00:00Z",
    "2023/12/12T00:00:00Z",
    "2023-12-12T00:00:00−09:00",
    "2023-12-12T00:00:00ZZ",
    `2023-12-12T00:00:00.${"0".repeat(1_000_000)}Z`,
  ])("refuses %j", (text) => expect(parseUpdateDate(text)).toBeUndefined());

  it("reads every millisecond exactly", () => {
    for (let ms = 0; ms < 1000; ms++)
      expect(parseUpdateDate(`2023-12-11T22:00:01.${pad(ms, 3)}Z`)).toBe(T + ms);
  });

  it("reads one instant alike under every offset", () => {
    for (let offset = -23 * 60 - 59; offset <= 23 * 60 + 59; offset++) {
      expect(parseUpdateDate(write(T, offset, "colon"))).toBe(T);
      expect(parseUpdateDate(write(T, offset, "plain"))).toBe(T);
    }
    const time = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000);
    const offset = fc.integer({ min: -1439, max: 1439 });
    fc.assert(
      fc.property(time, offset, (t, o) => {
        expect(parseUpdateDate(write(t, o, "colon"))).toBe(t);
      }),
    );
  });

  it("knows the length of every month", () => {
    for (let year = 1896; year <= 2105; year++) {
      for (let month = 1; month <= 12; month++) {
        const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
        expect(parseUpdateDate(`${year}-${pad(month)}-${days}T00:00:00Z`)).toBe(
          Date.UTC(year, month - 1, days),
        );
        expect(parseUpdateDate(`${year}-${pad(month)}-${days + 1}T00:00:00Z`)).toBeUndefined();
      }
    }
  });
});

describe("formatUpdateDate", () => {
  it.each([
    ["Asia/Tokyo", "2023-12-12T07:00:01+09:00", "2023-12-12 07:00:01"],
    ["UTC", "2023-12-11T22:00:01+00:00", "2023-12-11 22:00:01"],
    ["America/New_York", "2023-12-11T17:00:01-05:00", "2023-12-11 17:00:01"],
    ["Asia/Kathmandu", "2023-12-12T03:45:01+05:45", "2023-12-12 03:45:01"],
    ["America/St_Johns", "2023-12-11T18:30:01-03:30", "2023-12-11 18:30:01"],
    ["Pacific/Kiritimati", "2023-12-12T12:00:01+14:00", "2023-12-12 12:00:01"],
  ])("writes local time in %s", (tz, withOffset, local) => {
    process.env.TZ = tz;
    expect(formatUpdateDate(T + 999)).toBe(withOffset);
    expect(formatLocal(T + 999)).toBe(local);
  });

  it("tells the two hours at the end of summer time apart", () => {
    process.env.TZ = "America/New_York";
    const first = Date.UTC(2024, 10, 3, 5, 30);
    expect(formatUpdateDate(first)).toBe("2024-11-03T01:30:00-04:00");
    expect(formatUpdateDate(first + 3_600_000)).toBe("2024-11-03T01:30:00-05:00");
  });

  it.each([
    "Asia/Tokyo",
    "UTC",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Africa/Monrovia",
  ])("is read back to the second in %s", (tz) => {
    process.env.TZ = tz;
    const check = (time: number) => {
      expect(parseUpdateDate(formatUpdateDate(time))).toBe(Math.floor(time / 1000) * 1000);
    };
    fc.assert(fc.property(fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) }), check), { numRuns: runs(125) });
    // Every half hour of a year: all changes of the clocks are among them.
    for (let time = Date.UTC(2024, 0, 1); time < Date.UTC(2025, 0, 1); time += 1_800_000) check(time + 1);
  });
});
