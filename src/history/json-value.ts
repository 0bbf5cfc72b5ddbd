// A value of JSON where it lies: nothing of it is parsed before somebody looks.
import { type JsonSpan, walkChildren } from "../report/json-walk.ts";

/** A value, and the bytes that it lies in. */
export interface JsonValue {
  readonly bytes: Buffer;
  readonly span: JsonSpan;
}

/** The first byte, which says of what kind a value is. */
export function firstByte({ bytes, span }: JsonValue): number | undefined {
  return bytes[span.start];
}

/** Compares the bytes of two values: below zero where the first comes before. */
export function compareBytes(one: JsonValue, other: JsonValue): number {
  const { start, end } = other.span;
  return one.bytes.compare(other.bytes, start, end, one.span.start, one.span.end);
}

/** @param most members that are looked at */
export function listMembers({ bytes, span }: JsonValue, most = Infinity): Map<string, JsonValue> {
  const members = new Map<string, JsonValue>();
  walkChildren(bytes, span.start, (key = "", own) => {
    members.set(key, { bytes, span: own });
    return members.size >= most;
  });
  return members;
}

export function listElements({ bytes, span }: JsonValue): JsonValue[] {
  const elements: JsonValue[] = [];
  walkChildren(bytes, span.start, (_, own) => {
    elements.push({ bytes, span: own });
    return false;
  });
  return elements;
}
