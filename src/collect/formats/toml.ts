// The format toml. Numbers and dates stay text as they are written, where a number would lose
// something of it.
import { parse } from "smol-toml";
import { keepNumber, type Parsed } from "./tree.ts";

/** Deepest nesting that the parser is handed. */
const MAX_TOML_NESTING = 200;

/** @throws TomlError, which quotes the text */
export function parseToml(text: string): Parsed {
  // First as it is: what follows relies on its being TOML, and a fault's place is that in the file.
  parse(text, { maxDepth: MAX_TOML_NESTING, integersAsBigInt: true });
  return { tree: parse(quoteValues(text), { maxDepth: MAX_TOML_NESTING }) };
}

/** A number, a date or a truth value; a date and its time may have a space between them. */
const BARE = /\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]+|[^\s,\]}#=[{"']+/y;
const FILLER = /[\s,]+/y;
const KEY = /[^"'#=[\]{}]+/y;

/**
 * Puts quotes around values that are to stay text: parsers of TOML give numbers and dates only,
 * without what was written.
 *
 * @param text valid TOML
 */
function quoteValues(text: string): string {
  const parts: string[] = [];
  /**
   * Brackets of values that are open: in an array a value follows a comma, in an inline table a key
   * does.
   */
  const open: string[] = [];
  let isValue = false;
  let end = 0;
  for (let at = 0; at < text.length; at = end) {
    end = findTokenEnd(text, at, isValue);
    const token = text.slice(at, end);
    const kind = classify(token, isValue, open.length > 0);
    parts.push(kind === "bare" && mustQuote(token) ? `"${token}"` : token);
    if (kind === "equals") isValue = true;
    if (kind === "open") open.push(token);
    if (kind === "close") open.pop();
    if (kind === "open" || kind === "close" || (isValue && (kind === "string" || kind === "bare")))
      isValue = open.at(-1) === "[";
  }
  return parts.join("");
}

function classify(token: string, isValue: boolean, isInside: boolean) {
  switch (token.charAt(0)) {
    case "#":
      return "filler";
    case '"':
    case "'":
      return "string";
    case "=":
      return "equals";
    case "[":
    case "{":
      return isValue ? "open" : "filler";
    case "]":
    case "}":
      return isInside ? "close" : "filler";
    default:
      return isValue && !/^[\s,]/.test(token) ? "bare" : "filler";
  }
}

function findTokenEnd(text: string, at: number, isValue: boolean): number {
  const char = text.charAt(at);
  if (char === "#") {
    const end = text.indexOf("\n", at);
    return end < 0 ? text.length : end;
  }
  if (char === '"' || char === "'") return findStringEnd(text, at, char);
  for (const pattern of isValue ? [FILLER, BARE] : [KEY]) {
    pattern.lastIndex = at;
    if (pattern.test(text)) return pattern.lastIndex;
  }
  return at + 1;
}

function findStringEnd(text: string, start: number, quote: string): number {
  const isLong = text.startsWith(quote.repeat(3), start);
  const closing = isLong ? quote.repeat(3) : quote;
  let at = start + closing.length;
  while (at < text.length && !text.startsWith(closing, at)) at += quote === '"' && text[at] === "\\" ? 2 : 1;
  at += closing.length;
  // A long string may end in one or two quotes of its own.
  for (let extra = 0; isLong && extra < 2 && text[at] === quote; extra++) at++;
  return at;
}

function mustQuote(token: string): boolean {
  return token !== "true" && token !== "false" && typeof keepNumber(token) === "string";
}
