// Takes fields out of one text, as a spec's field sources say. Pure.
import { posix } from "node:path";
import { compilePattern, TOO_COSTLY } from "../spec/pattern.ts";
import type { FieldSource, Format, PathSource } from "../spec/schema.ts";
import type { Unread } from "./collected.ts";
import { type Parsed, parseFormat } from "./formats.ts";
import type { JsonValue } from "./value.ts";
import { type Checked, checkValue } from "./value.ts";

/** A text to take fields from. */
export interface Content {
  readonly bytes: Buffer;
  readonly format: Format;
  /** Where the text lies on the host; "" for a command's output, which lies nowhere. */
  readonly path: string;
}

/** What was taken, in the order of the sources, and what could not be. */
export interface Selection {
  readonly fields: ReadonlyArray<readonly [name: string, value: JsonValue]>;
  readonly unread: readonly Unread[];
}

/** A value; or that it is not there, which an optional field may be; or that it may not stand in a report. */
type Found = Checked | { readonly absent: string };

/** Takes the fields of a step out of one text. */
export type Selector = (content: Content) => Selection;

/**
 * Makes a selector; its patterns are compiled once, however many files there are. What is optional and absent is left out
 * without a word.
 */
export function makeSelector(sources: Readonly<Record<string, FieldSource>>): Selector {
  const finders = Object.entries(sources).map(([name, source]) => ({
    name,
    find: makeFinder(source),
    optional: isOptional(source),
  }));
  return (content) => {
    const reading: Reading = {
      text: content.bytes.toString("utf8"),
      path: content.path,
      parse: parseOnce(content),
    };
    const fields: [string, JsonValue][] = [];
    const unread: Unread[] = [];
    for (const { name, find, optional } of finders) {
      const found = find(reading);
      if ("value" in found) fields.push([name, found.value]);
      else if ("reason" in found) unread.push({ what: name, reason: found.reason });
      else if (!optional) unread.push({ what: name, reason: found.absent });
    }
    return { fields, unread };
  };
}

/** Says whether a field may be absent without that being a failure. */
export function isOptional(source: FieldSource): boolean {
  return "optional" in source && source.optional;
}

interface Reading {
  readonly text: string;
  readonly path: string;
  /** Parses when the first key asks for it, and once. */
  readonly parse: () => Parsed;
}

function parseOnce(content: Content): () => Parsed {
  let parsed: Parsed | undefined;
  return () => {
    parsed ??=
      content.format === "text"
        ? { fault: "plain text has no keys" }
        : parseFormat(content.bytes.toString("utf8"), content.format);
    return parsed;
  };
}

function makeFinder(source: FieldSource): (reading: Reading) => Found {
  if ("pattern" in source) return makePatternFinder(source.pattern);
  if ("value" in source) return () => checkValue(source.value);
  if ("path" in source) return ({ path }) => checkValue(pathPart(source.path, path));
  return ({ parse }) => {
    const parsed = parse();
    if ("fault" in parsed) return { reason: parsed.fault };
    const found = lookUp(parsed.tree, source.key);
    return found === undefined ? { absent: `there is no key ${JSON.stringify(source.key)}` } : checkValue(found.node);
  };
}

function makePatternFinder(source: string): (reading: Reading) => Found {
  const pattern = compilePattern(source);
  if ("mistake" in pattern) return () => ({ reason: pattern.mistake });
  return ({ text }) => {
    const match = pattern.search(text);
    if (match === TOO_COSTLY) return { reason: "the text is too long for so large a pattern" };
    return match === undefined ? { absent: "the pattern matches nothing" } : checkValue(match);
  };
}

/** Looks a dotted key up in a tree: at each level first the whole rest as one key, then its part before the next dot. */
export function lookUp(tree: unknown, key: string): { readonly node: unknown } | undefined {
  let node = tree;
  let rest = key;
  for (;;) {
    const whole = child(node, rest);
    if (whole) return whole;
    const dot = rest.indexOf(".");
    if (dot < 0) return undefined;
    const next = child(node, rest.slice(0, dot));
    if (!next) return undefined;
    node = next.node;
    rest = rest.slice(dot + 1);
  }
}

/** Own properties only: a file must not reach `constructor` or other inherited things. */
function child(node: unknown, key: string): { readonly node: unknown } | undefined {
  if (typeof node !== "object" || node === null || node instanceof Date) return undefined;
  if (Array.isArray(node)) {
    return /^(?:0|[1-9]\d{0,8})$/.test(key) && Number(key) < node.length ? { node: node[Number(key)] as unknown } : undefined;
  }
  const descriptor = Object.getOwnPropertyDescriptor(node, key);
  return descriptor === undefined ? undefined : { node: descriptor.value as unknown };
}

function pathPart(part: PathSource["path"], path: string): string {
  const name = posix.basename(path);
  switch (part) {
    case "full":
      return path;
    case "name":
      return name;
    case "stem":
      return posix.parse(name).name;
  }
}
