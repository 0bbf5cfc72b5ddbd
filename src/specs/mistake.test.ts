// How mistakes look to people.
import { describe, expect, it } from "vitest";
import { formatPath, renderMistakes } from "./mistake.ts";
import { parseSpec } from "./spec.ts";

it("a path reads as people write it", () => {
  expect(formatPath(["collect", 1, "file", "fields", "a b", "key"])).toBe(
    'collect[1].file.fields["a b"].key',
  );
  expect(formatPath([])).toBe("");
});

describe("renderMistakes", () => {
  it("shows the line and a caret", () => {
    const text = "version: 1\ncollect:\n  - host:\n  - comand: {}\n";
    const parsed = parseSpec(text);
    expect("mistakes" in parsed && renderMistakes("rollcall.yaml", text, parsed.mistakes)).toBe(
      'rollcall.yaml:4:5: collect[1].comand: unknown key "comand"; did you mean ' +
        '"command"?\n  4 |   - comand: {}\n    |     ^\n',
    );
  });

  it("cuts long lines around the caret, hides control characters, and stops after twenty", () => {
    const mistake = { line: 1, column: 500, path: "", message: "no" };
    const shown = renderMistakes("f", `${"a".repeat(498)}\u001b${"b".repeat(500)}`, [mistake]).split("\n");
    expect(shown[1]).toBe(`  1 | ${"a".repeat(59)}·${"b".repeat(60)}`);
    expect(shown[2]?.indexOf("^")).toBe(66);
    expect(
      renderMistakes(
        "f",
        "a",
        Array.from({ length: 25 }, () => ({ ...mistake, column: 1 })),
      ),
    ).toMatch(/f: and 5 more\n$/);
  });
});
