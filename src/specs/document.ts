// Reads a YAML document that a person wrote, and points at each mistake by line and column. Knows
// no particular schema.
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Scalar,
  visit,
  type YAMLError,
} from "yaml";
import type { z } from "zod";
import { formatPath, type Mistake } from "./mistake.ts";
import { check, type Violation } from "./violation.ts";

/**
 * How often aliases may be followed; a document of nested aliases could otherwise unfold to
 * gigabytes.
 */
const MAX_ALIASES = 100;
/** Deepest nesting of brackets; beyond it a parser's stack would be at risk. */
const MAX_DOCUMENT_NESTING = 64;
const TOO_DEEP = "lists and keys are nested too deeply";
const PLAIN_TAGS = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/;

export interface DocumentOptions<Value = unknown> {
  /** Largest document, in bytes of UTF-8. */
  readonly maxBytes: number;
  /** What is no mistake, and most likely not meant. */
  readonly advise?: (value: Value) => readonly Violation[];
}

/**
 * Reads one YAML 1.2 document and checks it against a schema. Refused are syntax errors, keys that
 * stand twice, more than one document, tags beyond the plain ones, keys that are no text,
 * `__proto__`, and aliases that unfold too far.
 *
 * @returns the value as the schema makes it and what to tell of it, or at least one mistake, in the
 *   order of the text
 */
export function readDocument<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  options: DocumentOptions<z.output<Schema>>,
):
  | { readonly value: z.output<Schema>; readonly advice: readonly Mistake[] }
  | { readonly mistakes: readonly Mistake[] } {
  const bytes = Buffer.byteLength(text);
  if (bytes > options.maxBytes)
    return refuse(`the document has ${bytes} bytes; the limit is ${options.maxBytes}`);
  if (measureNesting(text) > MAX_DOCUMENT_NESTING)
    return refuse(`brackets are nested deeper than ${MAX_DOCUMENT_NESTING} levels`);
  const lines = new LineCounter();
  const documents = parseAll(text, lines);
  if ("fault" in documents) return refuse(documents.fault);
  const [document, second] = documents.list;
  if (document === undefined) return refuse("the document is empty");
  // yaml's only warnings are of tags and keys, which findForbidden refuses by itself.
  const faults = selectErrors(document.errors).map((error) => toSyntaxMistake(error, lines));
  if (second)
    faults.push(locate(second.range[0], lines, "", 'a second document begins here ("---"); write only one'));
  faults.push(...findForbidden(document, lines));
  if (faults.length > 0) return { mistakes: sort(faults) };

  const plain = unfoldAliases(document);
  if ("fault" in plain) return refuse(plain.fault);
  const outcome = check(schema, plain.value);
  const locateAll = (violations: readonly Violation[]): readonly Mistake[] =>
    sort(violations.map((violation) => locateViolation(document, violation, lines)));
  if ("violations" in outcome) return { mistakes: locateAll(outcome.violations) };
  return { value: outcome.value, advice: locateAll(options.advise?.(outcome.value) ?? []) };
}

function parseAll(
  text: string,
  lines: LineCounter,
): { readonly list: readonly Document.Parsed[] } | { readonly fault: string } {
  try {
    return {
      list: [...parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: "silent" })],
    };
  } catch (error) {
    // Lists in lists (`- - - …`) need no brackets to exhaust the parser's stack.
    if (error instanceof RangeError) return { fault: TOO_DEEP };
    throw error;
  }
}

function refuse(message: string): { readonly mistakes: readonly Mistake[] } {
  return { mistakes: [{ line: 1, column: 1, path: "", message }] };
}

/**
 * The most brackets open at once, quotes and comments not looked at: it may only be too careful.
 */
function measureNesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const char of text) {
    if (char === "[" || char === "{") deepest = Math.max(deepest, ++depth);
    else if ((char === "]" || char === "}") && depth > 0) depth--;
  }
  return deepest;
}

/**
 * A key that stands twice breaks nothing after it; what comes after the first real error mostly
 * follows from it.
 */
function selectErrors(errors: readonly YAMLError[]): readonly YAMLError[] {
  const first = errors.findIndex((error) => error.code !== "DUPLICATE_KEY");
  return first < 0 ? errors : errors.slice(0, first + 1);
}

function toSyntaxMistake(error: YAMLError, lines: LineCounter): Mistake {
  const messages: Readonly<Record<string, string>> = {
    DUPLICATE_KEY: "this key stands twice; keep one",
    TAB_AS_INDENT: "a tab indents this line; YAML takes spaces only",
  };
  return locate(error.pos[0], lines, "", messages[error.code] ?? `not YAML: ${error.message.split("\n")[0]}`);
}

/** What YAML allows and no document of ours needs. */
function findForbidden(document: Document.Parsed, lines: LineCounter): Mistake[] {
  const faults: Mistake[] = [];
  const forbid = (node: unknown, message: string): void => {
    faults.push(locate(isNode(node) ? (node.range?.[0] ?? 0) : 0, lines, "", message));
  };
  visit(document, {
    Node(_, node) {
      if (!isAlias(node) && node.tag !== undefined && !PLAIN_TAGS.test(node.tag)) {
        forbid(node, "tags (!name) are not taken here; write a plain value");
      }
    },
    Pair(_, pair) {
      if (!isScalar(pair.key)) forbid(pair.key, "a key must be a plain text");
      else if (pair.key.value === "__proto__") forbid(pair.key, "the key __proto__ is not allowed");
    },
  });
  return faults;
}

function unfoldAliases(document: Document.Parsed): { readonly value: unknown } | { readonly fault: string } {
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown };
  } catch (error) {
    if (error instanceof RangeError) return { fault: TOO_DEEP };
    // ReferenceError is what yaml throws for an alias without an anchor, and for more aliases than
    // the limit.
    if (error instanceof ReferenceError)
      return { fault: `an alias (*name) cannot be followed: ${error.message}` };
    throw error;
  }
}

function locateViolation(document: Document.Parsed, violation: Violation, lines: LineCounter): Mistake {
  const { path, message, redacted } = violation;
  return {
    ...locate(findOffset(document, violation), lines, formatPath(path), message),
    ...(redacted !== undefined && { redacted: { message: redacted, at: path } }),
  };
}

/**
 * The offset of what a violation is about, or of the nearest thing around it that is in the text.
 */
function findOffset(document: Document.Parsed, violation: Violation): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [level, part] of violation.path.entries()) {
    const isLast = level === violation.path.length - 1;
    const found = findChild(node, part);
    if (!found) break;
    node = found.value;
    const keyOffset: number | undefined = found.key?.range?.[0];
    const valueOffset: number | undefined = isEmpty(node) ? undefined : node?.range?.[0];
    offset = (isLast && violation.atKey ? keyOffset : (valueOffset ?? keyOffset)) ?? offset;
  }
  return offset;
}

function findChild(
  node: Node | null,
  part: PropertyKey,
): { readonly key?: Scalar; readonly value: Node | null } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(part)];
    return item === undefined ? undefined : { value: isNode(item) ? item : null };
  }
  if (!isMap(node)) return undefined;
  for (const pair of node.items) {
    if (!isScalar(pair.key) || String(pair.key.value) !== String(part)) continue;
    return { key: pair.key, value: isNode(pair.value) ? pair.value : null };
  }
  return undefined;
}

/** `key:` with nothing after it: the key is the better place to point at. */
function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null && node.source === "");
}

function locate(offset: number, lines: LineCounter, path: string, message: string): Mistake {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col), path, message };
}

function sort(mistakes: readonly Mistake[]): readonly Mistake[] {
  return [...mistakes].sort((a, b) => a.line - b.line || a.column - b.column);
}
