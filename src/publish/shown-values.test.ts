// Tests of choosing which values are shown.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { selectShown } from "./shown-values.ts";

const value = (variant: string, version: string, count: number) => ({ variant, version, count });

describe("selectShown", () => {
  it("shows as many as may be, though all have as many hosts", () => {
    const values = Array.from({ length: 20 }, (_, at) => value("A", `1.${20 - at}`, 1));
    expect(selectShown(values, 12)).toEqual(values.slice(0, 12));
  });

  it("keeps the newest of a variant, however few have it", () => {
    const values = [
      value("A", "1.14", 1),
      ...Array.from({ length: 13 }, (_, at) => value("A", `1.${13 - at}`, 15)),
    ];
    const shown = selectShown(values, 5);
    expect(shown).toHaveLength(5);
    expect(shown[0]).toBe(values[0]);
  });

  it(
    "shows never more than may be, in the order given, and never one without the " + "newest of its variant",
    () => {
      const some = fc.array(
        fc.record({
          variant: fc.constantFrom("", "A", "B", "C"),
          version: fc.constantFrom("", "1", "2", "3"),
          count: fc.integer({ min: 1, max: 5 }),
        }),
        { maxLength: 40 },
      );
      fc.assert(
        fc.property(some, fc.integer({ min: 1, max: 20 }), (values, max) => {
          const shown = selectShown(values, max);
          expect(shown.length).toBeLessThanOrEqual(max);
          // With one line left, the newest alone may stand there.
          expect(shown.length).toBeGreaterThanOrEqual(Math.min(values.length, max) - 1);
          expect(values.filter((one) => shown.includes(one))).toEqual(shown);
          for (const { variant, version } of shown) {
            const newest = values.find((one) => one.variant === variant && one.version !== "");
            if (version !== "" && newest) expect(shown).toContain(newest);
          }
        }),
      );
    },
  );
});
