// Tests of the built-in labels: they are what the rules give when RE2 runs them.
import fc from "fast-check";
import { expect, it } from "vitest";
import { compileBuiltInLabels } from "./given-labels.ts";
import { BUILT_IN_RULES } from "./label-rule.ts";
import { compileLabels } from "./labels.ts";

it("reads the same labels out of any text as the rules do in RE2", () => {
  const [own, compiled] = [compileBuiltInLabels(), compileLabels(BUILT_IN_RULES)];
  expect([...own.keys()]).toEqual([...compiled.keys()]);
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc
      .array(fc.string({ unit: fc.constantFrom("_", "a", "\n", "\u{1f600}", "é") }))
      .map((parts) => parts.join("_")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      for (const [name, rules] of own)
        expect(rules.map(({ path, read }) => [path, read(text)])).toEqual(
          (compiled.get(name) ?? []).map(({ path, read }) => [path, read(text)]),
        );
    }),
  );
  expect(own.get("service")?.[0]?.read("prod_web_1")).toBe("web");
});
