// Tests of comparisons.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Comparison, compileComparison } from "./value-order.ts";

const holds = (value: string, operator: Comparison, operand: string) =>
  compileComparison(operator, operand)?.(value);

describe("compileComparison", () => {
  it.each<[string, Comparison, string, boolean]>([
    ["1.9", "lt", "1.10", true],
    ["1.10", "lt", "1.10", false],
    ["1.10", "le", "1.10", true],
    ["1.2", "ge", "1.2.0", true],
    ["1.10.0-rc1", "lt", "1.10", true],
    ["A_red_1.9", "lt", "1.10", true],
    ["A_red_1.9", "lt", "A_red_1.10", true],
    // Nothing is said of another variant.
    ["A_blue_1.9", "lt", "A_red_1.10", false],
    ["A_blue_1.9", "ge", "A_red_1.10", false],
    // No version there: neither below nor above.
    ["unknown", "lt", "1.10", false],
    ["unknown", "ge", "1.10", false],
    ["9f86d081884c", "lt", "1.10", false],
    ["", "lt", "1.10", false],
    ["1:1.24.0-1.el9", "gt", "9.0-1.el9", true],
    // Numbers of any length, and below zero.
    ["16000000", "ge", "9000000", true],
    ["9007199254740993", "gt", "9007199254740992", true],
    ["-5", "lt", "3", true],
    ["-5", "gt", "-10", true],
    ["-0.5", "lt", "0.25", true],
    ["1e3", "gt", "999", true],
    ["8", "lt", "8.1", true],
    // Times: as instants, as written where no offset is there, and days as days.
    ["2026-11-20T09:00:00+09:00", "lt", "2026-11-20T00:30:00Z", true],
    ["2026-11-20T09:00:00+0900", "ge", "2026-11-20T00:00:00Z", true],
    ["2023-12-11 19:11:22", "lt", "2023-12-11T19:30", true],
    ["2023-12-11 19:11:22", "gt", "2023-12-11T19:00", true],
    ["2023-12-11 19:11:22", "le", "2023-12-11", true],
    ["2023-12-12 00:00:00", "le", "2023-12-11", false],
    ["model_2024-11-05", "lt", "2024-11-06", true],
    ["1.2.3", "lt", "2024-11-06T00:00", false],
    ["2024-11-06T00:00", "ge", "1.2.3", false],
    ["1970-01-01T00:00:00.000Z", "lt", "1970.0000000000002", false],
    ["1970-01-01T00:00:00.000Z", "ge", "1970.0000000000002", false],
  ])("%s %s %s: %s", (value, operator, operand, expected) => {
    expect(holds(value, operator, operand)).toBe(expected);
  });

  it.each(["", "spot", "A_red", "1.*", "9f86d081884c"])("has no order for %j", (operand) => {
    expect(compileComparison("lt", operand)).toBeUndefined();
  });

  it("has exactly one of below and at least, and of above and at most, where there is an order", () => {
    const part = fc.nat({ max: 12 });
    const version = fc.oneof(
      fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(".")),
      fc
        .tuple(
          fc.array(part, { minLength: 2, maxLength: 3 }),
          fc.constantFrom("-rc1", "-1.el9", "-2~deb12u1", "p1"),
        )
        .map(([parts, tail]) => parts.join(".") + tail),
      fc.integer().map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc
        .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
        .map((date) => date.toISOString()),
    );
    fc.assert(
      fc.property(version, version, (value, operand) => {
        const [lt, ge, gt, le] = (["lt", "ge", "gt", "le"] as const).map((one) => holds(value, one, operand));
        if (lt === undefined) return;
        const hasOrder = lt || ge;
        expect([lt !== ge, gt !== le]).toEqual([hasOrder, hasOrder]);
        // At most and at least together are neither above nor below.
        if (hasOrder) expect(le && ge).toBe(!lt && !gt);
        // And the other way round.
        const mirrored = holds(operand, "gt", value);
        if (hasOrder && mirrored !== undefined) expect(mirrored || !lt).toBe(true);
      }),
    );
  });
});
