// Projections: a report cut down to some fields, every byte that stays as the host wrote it.

import type { FieldPath } from "../grammar/path.ts";
import { OPEN_BRACE, OPEN_BRACKET } from "../report/ascii.ts";
import { type JsonSpan, walkChildren } from "../report/json-walk.ts";
import { normalizeText } from "../report/normal-text.ts";

/** Which keys to keep at one level; `all` keeps the value whole. */
type Keep = "all" | Map<string, Keep>;

/**
 * Makes a cutter. Fields keep the host's order, objects and arrays around them their shape; an
 * element of an array that has none of the fields becomes `{}`, so that positions still tell which
 * element is which. A path through a value that is neither object nor array keeps nothing of it.
 */
export function compileProjection(paths: readonly FieldPath[]): (body: Buffer) => Buffer {
  const root: Keep = new Map();
  for (const path of paths) addPath(root, path.map(normalizeText));
  return (body) => {
    const pieces: string[] = [];
    write(body, { start: 0, end: body.length }, root, pieces);
    return Buffer.from(pieces.join(""));
  };
}

function addPath(root: Map<string, Keep>, path: FieldPath): void {
  let level = root;
  for (const [index, step] of path.entries()) {
    const existing = level.get(step);
    if (existing === "all") return;
    if (index === path.length - 1) level.set(step, "all");
    else if (existing) level = existing;
    else {
      const inner = new Map<string, Keep>();
      level.set(step, inner);
      level = inner;
    }
  }
}

function write(bytes: Buffer, span: JsonSpan, keep: Keep, pieces: string[]): void {
  const byte = bytes[span.start];
  if (keep === "all") {
    pieces.push(bytes.toString("utf8", span.start, span.end));
  } else if (byte === OPEN_BRACKET) {
    let separator = "[";
    walkChildren(bytes, span.start, (_key, child) => {
      pieces.push(separator);
      separator = ",";
      write(bytes, child, isContainer(bytes, child) ? keep : new Map(), pieces);
      return false;
    });
    pieces.push(separator === "[" ? "[]" : "]");
  } else {
    let separator = "{";
    walkChildren(bytes, span.start, (key = "", child) => {
      const inner = keep.get(normalizeText(key));
      if (inner && (inner === "all" || isContainer(bytes, child))) {
        pieces.push(separator, JSON.stringify(key), ":");
        separator = ",";
        write(bytes, child, inner, pieces);
      }
      return false;
    });
    pieces.push(separator === "{" ? "{}" : "}");
  }
}

function isContainer(bytes: Buffer, { start }: JsonSpan): boolean {
  return bytes[start] === OPEN_BRACE || bytes[start] === OPEN_BRACKET;
}
