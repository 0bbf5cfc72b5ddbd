// Tests of lists in one text.
import fc from "fast-check";
import { expect, it } from "vitest";
import { splitList } from "./list-text.ts";

it.each([
  [undefined, []],
  ["", []],
  [" , ,", []],
  ["a", ["a"]],
  ["a,,b", ["a", "b"]],
  [" a b , c,", ["a b", "c"]],
])("splits %j", (text, items) => {
  expect(splitList(text)).toEqual(items);
});

it("gives back what was put together", () => {
  const item = fc
    .stringMatching(/^[a-z.*{}:/ -]{1,10}$/)
    .filter((text) => text.trim() === text && text !== "");
  fc.assert(
    fc.property(fc.array(item), (items) => {
      expect(splitList(items.join(","))).toEqual(items);
    }),
  );
});
