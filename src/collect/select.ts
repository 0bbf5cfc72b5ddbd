// Takes fields out of one text, as a spec's field sources say.
import { posix } from "node:path";
import { setImmediate } from "node:timers/promises";
import { compilePattern, TOO_COSTLY } from "../specs/pattern.ts";
import type { FieldSource, Format, PathSource } from "../specs/schema.ts";
import type { Unread } from "./collected.ts";
import type { Judgement } from "./credential-names.ts";
import { AmbiguousValue, type Parsed } from "./formats/tree.ts";
import { parseFormat } from "./formats.ts";
import { judgeKeyPath, judgeMatch, type NamedCredential } from "./named-credentials.ts";
import { decodeText } from "./text.ts";
import { type Checked, checkValue, type JsonValue } from "./value.ts";

/** A text to take fields from. */
export interface Content {
  readonly bytes: Buffer;
  readonly format: Format;
  /** Where the text lies on the host; "" for a command's output, which lies nowhere. */
  readonly path: string;
}

/** What was taken, in the order of the sources, and what could not be, or is ambiguous. */
export interface Selection {
  readonly fields: ReadonlyArray<readonly [name: string, value: JsonValue]>;
  readonly unread: readonly Unread[];
  /** Which of the fields the host itself calls credentials. */
  readonly named?: readonly NamedCredential[];
}

/**
 * A value; or that it is not there, which an optional field may be; or that it may not stand in a
 * report.
 */
type Found = FoundValue | { readonly absent: string };
type FoundValue = Checked & { readonly judgement?: Judgement | undefined };

/** Takes the fields of a step out of one text. Once the signal is aborted, the rest is unread. */
export type Selector = (content: Content, signal: AbortSignal) => Promise<Selection>;

/**
 * Makes a selector; its patterns are compiled once, however many files there are. What is optional
 * and absent is left out without a word.
 */
export function makeSelector(sources: Readonly<Record<string, FieldSource>>): Selector {
  const finders = Object.entries(sources).map(([name, source]) => ({
    name,
    find: makeFinder(source),
    optional: isOptional(source),
  }));
  return async (content, signal) => {
    const decoded = decodeText(content.bytes);
    const reading: Reading = {
      text: decoded,
      path: content.path,
      parse: parseOnce(decoded, content.format),
    };
    const taken: Taken = { fields: [], unread: [], named: [] };
    for (const { name, find, optional } of finders) {
      // A large text may take a second a field: timers, heartbeats and the deadline have their turn
      // in between.
      await setImmediate();
      const found = signal.aborted ? { reason: "not looked for: the time is over" } : find(reading);
      if (!("absent" in found)) take(taken, name, found);
      else if (!optional) taken.unread.push({ what: name, reason: found.absent });
    }
    const { fields, unread, named } = taken;
    return named.length > 0 ? taken : { fields, unread };
  };
}

interface Taken {
  readonly fields: [string, JsonValue][];
  readonly unread: Unread[];
  readonly named: NamedCredential[];
}

function take({ fields, unread, named }: Taken, name: string, found: FoundValue): void {
  if ("reason" in found) {
    unread.push({ what: name, reason: found.reason });
    return;
  }
  fields.push([name, found.value]);
  if (found.judgement) named.push({ at: [name], judgement: found.judgement });
  for (const reason of found.ambiguities ?? []) unread.push({ what: name, reason });
}

/** Says whether a field may be absent without that being a failure. */
export function isOptional(source: FieldSource): boolean {
  return "optional" in source && source.optional;
}

interface Reading {
  readonly text: ReturnType<typeof decodeText>;
  readonly path: string;
  /** Parses when the first key asks for it, and once. */
  readonly parse: () => Parsed;
}

function parseOnce(decoded: ReturnType<typeof decodeText>, format: Format): () => Parsed {
  let parsed: Parsed | undefined;
  const parse = (): Parsed => {
    if ("reason" in decoded) return { fault: decoded.reason };
    return format === "text" ? { fault: "plain text has no keys" } : parseFormat(decoded.text, format);
  };
  return () => {
    parsed ??= parse();
    return parsed;
  };
}

function makeFinder(source: FieldSource): (reading: Reading) => Found {
  if ("pattern" in source) return makePatternFinder(source.pattern);
  if ("value" in source) return () => checkValue(source.value);
  if ("path" in source) return ({ path }) => checkValue(pathPart(source.path, path));
  return ({ parse, path }) => {
    const parsed = parse();
    if ("fault" in parsed) return { reason: parsed.fault };
    const found = lookUp(parsed.tree, source.key, parsed.canonical);
    if (found) {
      const follow = (key: string): unknown => lookUp(parsed.tree, key, parsed.canonical)?.node;
      return { ...checkValue(found.node), judgement: judgeKeyPath(source.key, path, follow) };
    }
    const elsewhere = parsed.elsewhere === undefined ? "" : `; ${parsed.elsewhere}`;
    return { absent: `there is no key ${JSON.stringify(source.key)}${elsewhere}` };
  };
}

function makePatternFinder(source: string): (reading: Reading) => Found {
  const pattern = compilePattern(source);
  if ("mistake" in pattern) return () => ({ reason: pattern.mistake });
  return ({ text, path }) => {
    if ("reason" in text) return text;
    const match = pattern.search(text.text);
    if (match === TOO_COSTLY) return { reason: "the text is too long for so large a pattern" };
    if (match === undefined) return { absent: "the pattern matches nothing" };
    return { ...checkValue(match.value), judgement: judgeMatch(source, match, path) };
  };
}

/**
 * Looks a dotted key up in a tree: at each level first the whole rest as one key, then all but its
 * last part, and so on, since keys may have dots themselves.
 *
 * @param canonical how a key stands in the tree that may be written otherwise in the spec
 */
export function lookUp(tree: unknown, key: string, canonical?: (key: string) => string): Node | undefined {
  /** Where a search found nothing: the node, and how much of the key was left. */
  const vain = new Map<unknown, Set<number>>();
  const search = (node: unknown, rest: string): Node | undefined => {
    if (node instanceof AmbiguousValue) return searchDoubtful(node, rest);
    if (vain.get(node)?.has(rest.length)) return undefined;
    const whole = child(node, rest, canonical);
    if (whole) return whole;
    for (let dot = rest.length - 1; dot >= 0; dot--) {
      if (rest[dot] !== ".") continue;
      const next = child(node, rest.slice(0, dot), canonical);
      const found = next && search(next.node, rest.slice(dot + 1));
      if (found) return found;
    }
    vain.set(node, (vain.get(node) ?? new Set()).add(rest.length));
    return undefined;
  };
  /** What is ambiguous as a whole is so in its parts. */
  const searchDoubtful = (node: AmbiguousValue, rest: string): Node | undefined => {
    if (node.best === undefined) return { node };
    const found = search(node.best.node, rest);
    return found && { node: new AmbiguousValue(node.reason, found) };
  };
  return search(tree, key);
}

interface Node {
  readonly node: unknown;
}

/** Own properties only: a file must not reach `constructor` or other inherited things. */
function child(node: unknown, key: string, canonical?: (key: string) => string): Node | undefined {
  if (typeof node !== "object" || node === null) return undefined;
  if (Array.isArray(node)) {
    return /^(?:0|[1-9]\d{0,8})$/.test(key) && Number(key) < node.length
      ? { node: node[Number(key)] as unknown }
      : undefined;
  }
  const descriptor =
    Object.getOwnPropertyDescriptor(node, key) ??
    (canonical && Object.getOwnPropertyDescriptor(node, canonical(key)));
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
