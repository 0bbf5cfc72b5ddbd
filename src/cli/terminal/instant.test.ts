// Tests of instants on a terminal. The tests run in Asia/Tokyo.
import { expect, it } from "vitest";
import { LOCAL, UTC } from "./instant.ts";

const AT = Date.UTC(2026, 10, 24, 23, 36, 24, 264);

it("shows an instant in the zone that it names", () => {
  expect(UTC.format(AT)).toBe("2026-11-24 23:36:24");
  expect(UTC.describe(AT)).toBe("UTC");
  const zone = new Intl.DateTimeFormat("en-CA", {
    dateStyle: "short",
    timeStyle: "medium",
    hourCycle: "h23",
  });
  expect(LOCAL.format(AT)).toBe(zone.format(AT).replace(", ", " "));
  expect(LOCAL.describe(AT)).toContain(zone.resolvedOptions().timeZone);
});
