// Tests of a report as a tree.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findText, listTreeLines, type Node, parseTree } from "./report-tree.ts";

function toValue(node: Node): unknown {
  if (node.kind === "array") return node.elements.map(toValue);
  if (node.kind === "object") {
    const object: Record<string, unknown> = Object.create(null);
    for (const [key, value] of node.members) object[key] = toValue(value);
    return object;
  }
  return node.isString ? node.text : JSON.parse(node.text);
}

describe("a report as a tree", () => {
  it("is what JSON.parse reads, with numbers as they were written", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 1), (json, space) => {
        const text = JSON.stringify(JSON.parse(json), null, space);
        expect(JSON.stringify(toValue(parseTree(text)))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
    const tree = parseTree('{"v": 1.10, "n": 12345678901234567890, "__proto__": {"x": 1}}');
    expect(findText(tree, "v")).toBe("1.10");
    expect(findText(tree, "n")).toBe("12345678901234567890");
    expect(findText(tree, "__proto__", "x")).toBe("1");
    expect(findText(tree, "toString")).toBeUndefined();
  });

  it("refuses what is no JSON", () => {
    for (const text of ["", "{", '{"a":}', "[1,]", "nope"])
      expect(() => parseTree(text)).toThrow(SyntaxError);
  });

  it("is searched by keys and values, with what they lie in and what lies in them", () => {
    const tree = parseTree('{"a": {"b": [{"c": "Red"}, {"c": "blue"}]}, "d": 5}');
    const keys = (needle: string, closed: readonly string[] = []) =>
      listTreeLines(tree, new Set(closed), needle).map(({ key, path }) => key ?? path.length);
    expect(keys("")).toEqual(["a", "b", 2, "c", 2, "c", "d"]);
    expect(keys("red")).toEqual(["a", "b", 2, "c"]);
    expect(keys("b")).toEqual(["a", "b", 2, "c", 2, "c"]);
    expect(keys("", ["0"])).toEqual(["a", "d"]);
    expect(keys("nothing")).toEqual([]);
  });
});
