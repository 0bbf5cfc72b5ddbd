// One strict pass over a report's bytes: is it I-JSON, how deep, and where does each top-level
// value lie?

import { isUtf8 } from "node:buffer";
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from "./ascii.ts";
import { hashBytes } from "./hash.ts";
import { decodeString, type JsonSpan } from "./json-walk.ts";
import { MAX_OBJECT_MEMBERS, MAX_REPORT_VALUES } from "./limits.ts";
import type { Rejection } from "./problem.ts";

/** The members of the top-level object in the order of the text. */
export type JsonMembers = ReadonlyMap<string, JsonSpan>;

const MINUS = 0x2d;
const UNICODE = 0x75;
const LITERALS = new Map([
  [0x74, "true"],
  [0x66, "false"],
  [0x6e, "null"],
]);
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/** Thrown inside this file only; scanObject turns it into a Rejection. */
class Fault extends Error {
  readonly rejection: Rejection;
  constructor(reason: Rejection["reason"], detail: string) {
    super(detail);
    this.rejection = { reason, detail };
  }
}

/**
 * Checks that the bytes are one JSON object (RFC 8259) that every reader understands alike, as
 * I-JSON (RFC 7493) asks: UTF-8, no key twice in one object, no half surrogate pair. Also refused
 * are a NUL in a string, which cuts text short in C programs, and the key `__proto__`, which
 * poisons JavaScript ones; and more members or values than MAX_OBJECT_MEMBERS and
 * MAX_REPORT_VALUES.
 *
 * The bytes are read once and nothing is built but the top-level map, so a report costs little more
 * than its length.
 *
 * @param maxDepth deepest nesting of objects and arrays; the top-level object is 1
 */
export function scanObject(bytes: Uint8Array, maxDepth: number): JsonMembers | Rejection {
  if (bytes.length === 0) return { reason: "empty", detail: "the report has no bytes" };
  if (!isUtf8(bytes)) return { reason: "not_utf8", detail: "the report is not UTF-8" };
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    return {
      reason: "not_json",
      detail:
        "byte 0: a byte order mark stands before the JSON (RFC 8259, section 8.1); " +
        "write the file without one",
    };
  }
  const scanner = new Scanner(bytes, maxDepth);
  try {
    return scanner.scanDocument();
  } catch (error) {
    if (error instanceof Fault) return error.rejection;
    throw error;
  }
}

/** Tells a Rejection from the members of a good report. */
export function isRejection(outcome: JsonMembers | Rejection): outcome is Rejection {
  return "reason" in outcome;
}

const PROTO = "__proto__";

/** Keys that are compared with each other one by one; of more there is a table. */
const FEW_KEYS = 8;

/** The keys of one object. They are told apart by a hash of our own, not by the runtime's. */
class Keys {
  readonly #bytes: Buffer;
  readonly #hashes: number[] = [];
  readonly #spans: JsonSpan[] = [];
  /** By hash, the last key that has it; and by key, the one before that has the same. */
  #last: Map<number, number> | undefined;
  readonly #before: number[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get count(): number {
    return this.#spans.length;
  }

  /** @returns whether it is new */
  add(key: JsonSpan, isEscaped: boolean): boolean {
    const hash = isEscaped ? this.#hashDecoded(key) : hashBytes(this.#bytes, key.start + 1, key.end - 1);
    if (this.#find(hash, key)) return false;
    const place = this.#spans.push(key) - 1;
    this.#hashes.push(hash);
    if (place === FEW_KEYS) {
      this.#last = new Map();
      for (let at = 0; at < place; at++) this.#link(at);
    }
    if (this.#last) this.#link(place);
    return true;
  }

  #find(hash: number, key: JsonSpan): boolean {
    if (this.#last) {
      for (let at = this.#last.get(hash) ?? -1; at >= 0; at = this.#before[at] as number)
        if (this.#isSame(at, key)) return true;
      return false;
    }
    for (let at = 0; at < this.#hashes.length; at++)
      if (this.#hashes[at] === hash && this.#isSame(at, key)) return true;
    return false;
  }

  #link(at: number): void {
    const hash = this.#hashes[at] as number;
    this.#before[at] = this.#last?.get(hash) ?? -1;
    this.#last?.set(hash, at);
  }

  #isSame(at: number, key: JsonSpan): boolean {
    return decodeString(this.#bytes, this.#spans[at] as JsonSpan) === decodeString(this.#bytes, key);
  }

  #hashDecoded(key: JsonSpan): number {
    const decoded = Buffer.from(decodeString(this.#bytes, key));
    return hashBytes(decoded, 0, decoded.length);
  }
}

class Scanner {
  readonly #bytes: Buffer;
  readonly #maxDepth: number;
  #at = 0;
  #values = 0;

  constructor(bytes: Uint8Array, maxDepth: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#maxDepth = maxDepth;
  }

  scanDocument(): JsonMembers {
    this.#skipSpace();
    if (this.#bytes[this.#at] !== OPEN_BRACE) {
      // Tell a wrong document (an array, say) from one that is no JSON at all.
      this.#scanValue(1);
      this.#expectEnd();
      throw new Fault("not_object", "the report must be one JSON object: { … }");
    }
    const members = new Map<string, JsonSpan>();
    this.#scanObject(1, members);
    this.#expectEnd();
    return members;
  }

  #expectEnd(): void {
    this.#skipSpace();
    if (this.#at < this.#bytes.length) throw this.#unexpected("after the end of the report");
  }

  #scanValue(depth: number): void {
    const byte = this.#bytes[this.#at];
    if (byte === QUOTE) this.#scanString();
    else if (byte === OPEN_BRACE) this.#scanObject(depth);
    else if (byte === OPEN_BRACKET) this.#scanArray(depth);
    else if (byte !== undefined && (byte === MINUS || (byte >= 0x30 && byte <= 0x39))) this.#scanNumber();
    else this.#scanLiteral();
  }

  /** @param members gets them, if somebody asks */
  #scanObject(depth: number, members?: Map<string, JsonSpan>): void {
    this.#enter(depth);
    this.#skipSpace();
    if (this.#take(CLOSE_BRACE)) return;
    const keys = new Keys(this.#bytes);
    for (;;) {
      if (this.#bytes[this.#at] !== QUOTE) throw this.#unexpected('where a key in "quotes" should stand');
      const key: JsonSpan = this.#readKey(keys);
      this.#skipSpace();
      if (!this.#take(COLON))
        throw this.#unexpected(`after the key ${this.#quote(key)}, where ":" should stand`);
      this.#skipSpace();
      const start = this.#at;
      this.#countValue();
      this.#scanValue(depth + 1);
      members?.set(decodeString(this.#bytes, key), { start, end: this.#at });
      this.#skipSpace();
      if (this.#take(CLOSE_BRACE)) return;
      if (!this.#take(COMMA)) throw this.#unexpected('in an object, where "," or "}" should stand');
      this.#skipSpace();
    }
  }

  /** Steps over a key, which must be new. @returns where it lies, quotes included */
  #readKey(keys: Keys): JsonSpan {
    const start = this.#at;
    const isEscaped = this.#scanString();
    const key = { start, end: this.#at };
    if (isEscaped || key.end - key.start === PROTO.length + 2) {
      if (decodeString(this.#bytes, key) === PROTO)
        throw new Fault("forbidden_key", `byte ${start}: the key ${PROTO} is not allowed`);
    }
    if (!keys.add(key, isEscaped))
      throw new Fault(
        "duplicate_key",
        `byte ${start}: the key ${this.#quote(key)} stands twice in one object`,
      );
    if (keys.count > MAX_OBJECT_MEMBERS)
      throw new Fault(
        "too_many_values",
        `byte ${start}: an object has more than ${MAX_OBJECT_MEMBERS} members`,
      );
    return key;
  }

  #countValue(): void {
    if (++this.#values > MAX_REPORT_VALUES)
      throw new Fault(
        "too_many_values",
        `byte ${this.#at}: the report has more than ${MAX_REPORT_VALUES} values in all`,
      );
  }

  #quote(key: JsonSpan): string {
    return quote(decodeString(this.#bytes, key));
  }

  #scanArray(depth: number): void {
    this.#enter(depth);
    this.#skipSpace();
    if (this.#take(CLOSE_BRACKET)) return;
    for (;;) {
      this.#countValue();
      this.#scanValue(depth + 1);
      this.#skipSpace();
      if (this.#take(CLOSE_BRACKET)) return;
      if (!this.#take(COMMA)) throw this.#unexpected('in an array, where "," or "]" should stand');
      this.#skipSpace();
    }
  }

  /** Steps over the opening bracket. */
  #enter(depth: number): void {
    if (depth > this.#maxDepth)
      throw new Fault("too_deep", `byte ${this.#at}: nested deeper than ${this.#maxDepth} levels`);
    this.#at++;
  }

  /** Steps over a string; tells whether it holds an escape. */
  #scanString(): boolean {
    const bytes = this.#bytes;
    let escaped = false;
    this.#at++;
    for (;;) {
      const byte = bytes[this.#at];
      if (byte === QUOTE) break;
      if (byte === undefined) throw this.#unexpected("inside a string");
      if (byte < 0x20) throw this.#unexpected("inside a string; control characters must be escaped");
      if (byte === BACKSLASH) {
        escaped = true;
        this.#scanEscape();
      } else this.#at++;
    }
    this.#at++;
    return escaped;
  }

  #scanEscape(): void {
    const byte = this.#bytes[this.#at + 1];
    if (byte !== UNICODE) {
      if (byte === undefined || !'"\\/bfnrt'.includes(String.fromCharCode(byte)))
        throw this.#unexpected("in a string: no such escape");
      this.#at += 2;
      return;
    }
    const at = this.#at;
    const unit = this.#readUnit();
    if (unit === 0) throw new Fault("forbidden_character", `byte ${at}: a string holds a NUL (\\u0000)`);
    if (unit < 0xd800 || unit > 0xdfff) return;
    const low =
      unit < 0xdc00 && this.#bytes[this.#at] === BACKSLASH && this.#bytes[this.#at + 1] === UNICODE
        ? this.#readUnit()
        : 0;
    if (low < 0xdc00 || low > 0xdfff)
      throw new Fault("forbidden_character", `byte ${at}: a string holds half a surrogate pair`);
  }

  /** Reads one \uXXXX. */
  #readUnit(): number {
    const digits = this.#bytes.toString("latin1", this.#at + 2, this.#at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(digits))
      throw this.#unexpected("in a string: \\u needs four hexadecimal digits");
    this.#at += 6;
    return Number.parseInt(digits, 16);
  }

  #scanNumber(): void {
    // A number is short; the window bounds what a hostile run of digits can cost before it is
    // refused.
    const text = this.#bytes.toString("latin1", this.#at, this.#at + 1024);
    NUMBER.lastIndex = 0;
    const match = NUMBER.exec(text);
    if (!match || match[0].length === 1024) throw this.#unexpected("where a number should stand");
    this.#at += match[0].length;
  }

  #scanLiteral(): void {
    const literal = LITERALS.get(this.#bytes[this.#at] ?? 0);
    if (
      literal === undefined ||
      this.#bytes.toString("latin1", this.#at, this.#at + literal.length) !== literal
    ) {
      throw this.#unexpected("where a value should stand");
    }
    this.#at += literal.length;
  }

  #skipSpace(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }

  #take(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  #unexpected(where: string): Fault {
    const byte = this.#bytes[this.#at];
    const found =
      byte === undefined
        ? "end"
        : byte >= 0x20 && byte < 0x7f
          ? `"${String.fromCharCode(byte)}"`
          : `byte 0x${byte.toString(16).padStart(2, "0")}`;
    return new Fault("not_json", `byte ${this.#at}: unexpected ${found} ${where}`);
  }
}

/** A key as it can stand in a message: quoted, escaped, cut. */
function quote(key: string): string {
  return JSON.stringify(key.length > 64 ? `${key.slice(0, 64)}…` : key);
}
