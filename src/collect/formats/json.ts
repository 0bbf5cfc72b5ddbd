// The format json. Numbers keep their digits, and a key that stands twice is told.
import { parse } from "lossless-json";
import { AmbiguousValue, keepNumber, type Parsed } from "./tree.ts";

const REPEATED = new AmbiguousValue("stands in its object more than once, each time with another value");

/** @throws SyntaxError, which may quote the text; RangeError where it is nested too deeply */
export function parseJson(text: string): Parsed {
  return { tree: parse(text, undefined, { parseNumber: keepNumber, onDuplicateKey: () => REPEATED }) };
}
