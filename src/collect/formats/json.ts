// The format json. Numbers keep their digits, and a key that stands twice is told.
import { parse } from "lossless-json";
import { AmbiguousValue, keepNumber, type Parsed } from "./tree.ts";

const REPEATED = new AmbiguousValue("stands in its object more than once, each time with another value");

/**
 * The place of a fault, which lossless-json (4) gives in its message alone; the rest of the message
 * may quote the text.
 */
const PLACE = / at position (\d+)/;

/** @throws RangeError where it is nested too deeply */
export function parseJson(text: string): Parsed {
  try {
    return { tree: parse(text, undefined, { parseNumber: keepNumber, onDuplicateKey: () => REPEATED }) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const position = PLACE.exec(error.message)?.[1];
    return { fault: position === undefined ? "is not json" : `is not json: position ${position}` };
  }
}
