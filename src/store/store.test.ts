// The form of keys: every key that a report may have is one that a store takes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatReportKey, isHostId, parseReportKey } from "../report/key.ts";
import { runs } from "../testing/runs.ts";
import { checkKey, InvalidKey } from "./store.ts";

/** Texts near the border of what a key may be. */
const nearKey = fc.stringMatching(/^(reports\/v1\/(local|[0-9]{12})\/)?[A-Za-z0-9._:=,@-]{0,210}(\.json)?$/);

describe("checkKey", () => {
  it("takes every key that parseReportKey reads", () => {
    fc.assert(
      fc.property(nearKey, (key) => {
        if (parseReportKey(key)) expect(() => checkKey(key)).not.toThrow();
      }),
      { numRuns: runs(1000) },
    );
  });

  it.each([
    "reports/v1/local/.x:i-1.json",
    `reports/v1/local/${`${"a".repeat(60)}:`.repeat(3)}${"i".repeat(20)}.json`,
  ])("refuses %s, and so does parseReportKey", (key) => {
    expect(() => checkKey(key)).toThrow(InvalidKey);
    expect(parseReportKey(key)).toBeUndefined();
  });

  it("takes the key of every host id", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,130}$/), (id) => {
        if (isHostId(id)) expect(() => checkKey(formatReportKey(id))).not.toThrow();
      }),
    );
  });

  it("shows a hostile key cut and escaped", () => {
    expect(() => checkKey(`\n${"x".repeat(5000)}`)).toThrow(/^\[store\] "\\nx{79}" is no key/);
  });
});
